"""What a list says of its logs that is not in their rows."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from monitor.errors import Unavailable
from monitor.logs.log import Remark
from monitor.search.tree import Amount, State
from monitor.storage.database.pool import Database
from monitor.storage.search.bounded import within
from monitor.storage.search.clauses import STATES
from monitor.storage.search.joins import BODIES
from monitor.storage.search.places import ENDPOINT, amount
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import bucket_of, timestamp_of

TIMEOUT_MS = 300


class Remarks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, ids: Sequence[UUID]) -> dict[UUID, Remark]:
        """By id; none of a log that is gone, or where it takes too long: a list is
        worth showing without.
        """
        if not ids:
            return {}
        sql, arguments = _statement(ids)
        try:
            async with self._database.connection() as connection:
                rows = await within(connection, TIMEOUT_MS, sql, arguments)
        except (asyncpg.QueryCanceledError, Unavailable):
            return {}
        return {row["id"]: _remark(row) for row in rows}


def _statement(ids: Sequence[UUID]) -> tuple[str, list[object]]:
    made = Conditions()
    messages = amount(Amount.MESSAGES, made)
    events = amount(Amount.EVENTS, made)
    made.see(BODIES)
    made.add("l.id = ANY({}::uuid[])", list(ids))
    made.add("l.ts = ANY({}::timestamptz[])", list({timestamp_of(id) for id in ids}))
    made.add("l.bucket = ANY({}::int[])", list({bucket_of(id) for id in ids}))
    sql = f"""
        SELECT l.id, l.note, {ENDPOINT} AS endpoint,
               {STATES[State.TRUNCATED]} AS is_truncated,
               {STATES[State.REDACTED]} AS is_masked,
               {STATES[State.WITHHELD]} AS is_withheld,
               {messages} IS NOT NULL AS is_websocket,
               {events} IS NOT NULL AS is_stream,
               EXISTS (SELECT 1
                         FROM replays AS r
                        WHERE r.log_id = l.id) AS was_replayed
          FROM logs AS l
          {made.joins}
         WHERE {made.where}
        """
    return sql, made.arguments


def _remark(row: asyncpg.Record) -> Remark:
    return Remark(
        endpoint=row["endpoint"],
        is_truncated=bool(row["is_truncated"]),
        is_masked=bool(row["is_masked"]),
        is_withheld=bool(row["is_withheld"]),
        is_websocket=row["is_websocket"],
        is_stream=row["is_stream"],
        was_replayed=row["was_replayed"],
        note=row["note"],
    )
