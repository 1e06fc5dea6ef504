"""Bodies that are past their time, where those of other services stay: step by step."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from monitor.counters import Counters
from monitor.storage.clearing.clearing import STEP_ROWS, Keys, remove
from monitor.storage.database.partitions import LOOSE
from monitor.storage.database.steps import step
from monitor.storage.packs.taking_out import LOCK, take_out
from monitor.storage.retention import arrivals, kept_days
from monitor.storage.retention.terms import Term, Terms
from monitor.traffic.ids import lowest_at

# Bodies that came late, behind where clearing had got to, are looked for so often.
WHOLE_EVERY = timedelta(days=1)


class BodyClearing:
    """Remembers to where each service's bodies are cleared, to go on from there."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._cleared: dict[UUID, UUID] = {}
        self._whole_at = datetime.min.replace(tzinfo=UTC)

    async def clear(
        self, connection: asyncpg.Connection, terms: Terms, now: datetime
    ) -> None:
        """Bodies of services that others' bodies outlive."""
        # A clock that stepped back has not been where it was yet.
        if not timedelta() <= now - self._whole_at < WHOLE_EVERY:
            self._cleared.clear()
            self._whole_at = now
        first = lowest_at(await kept_days.ends(connection, LOOSE[0]))
        for term in terms.each:
            if term.bodies <= terms.bodies:
                continue
            after = max(self._cleared.get(term.service_id, first), first)
            until = lowest_at(term.bodies)
            while after < until:
                after = await self._step(connection, term, after, until)
            self._cleared[term.service_id] = until

    async def _step(
        self, connection: asyncpg.Connection, term: Term, after: UUID, until: UUID
    ) -> UUID:
        """Go over some logs of the service; up to which one."""
        async with step(connection):
            keys = await connection.fetch(
                """
                SELECT bucket, ts, id, pinned
                  FROM logs
                 WHERE service_id = $1
                   AND id > $2
                   AND id < $3
                   AND ts < $4
                 ORDER BY id
                 LIMIT $5
                """,
                term.service_id,
                after,
                until,
                term.bodies,
                STEP_ROWS,
            )
            late = await arrivals.arrived(connection, keys)
            others = [
                key
                for key in keys
                if not key["pinned"] and late.get(key["id"], key["ts"]) < term.bodies
            ]
            await self._remove(connection, others)
        return keys[-1]["id"] if len(keys) == STEP_ROWS else until

    async def clear_attic(
        self, connection: asyncpg.Connection, table: str, terms: Terms
    ) -> None:
        """Bodies whose logs are pinned no longer, or that came late."""
        moments = {term.service_id: term.bodies for term in terms.each}
        after: tuple[int, datetime, UUID] = (-1, terms.logs, UUID(int=0))
        while True:
            async with step(connection):
                keys = await connection.fetch(
                    f"""
                    SELECT DISTINCT bucket, ts, id
                      FROM {table}_attic
                     WHERE (bucket, ts, id) > ($1, $2, $3)
                     ORDER BY bucket, ts, id
                     LIMIT $4
                    """,
                    *after,
                    STEP_ROWS,
                )
                staying = await arrivals.retained(connection, keys, moments)
                gone = [key for key in keys if key["id"] not in staying]
                await self._remove(connection, gone)
            if len(keys) < STEP_ROWS:
                return
            after = (keys[-1]["bucket"], keys[-1]["ts"], keys[-1]["id"])

    async def _remove(self, connection: asyncpg.Connection, keys: Keys) -> None:
        await connection.execute(LOCK)
        for table in LOOSE:
            gone = await remove(connection, table, keys, pinned=True)
            self._counters.retention_rows.labels(table).inc(len(gone))
        packed = await take_out(connection, keys)
        self._counters.retention_rows.labels("log_bodies").inc(packed)
