"""Replays and alert events past their time, which are kept beside the logs."""

from uuid import UUID

import asyncpg

from monitor.storage.clearing.clearing import STEP_ROWS
from monitor.storage.database.steps import step
from monitor.storage.retention.terms import Term
from monitor.traffic.ids import bucket_of, lowest_at, timestamp_of


async def clear_replays(connection: asyncpg.Connection, term: Term) -> int:
    """Those made before the service's bodies are past: they are mostly bodies.

    Replays of pinned logs stay. How many went.
    """
    after, until, count = UUID(int=0), lowest_at(term.bodies), 0
    while True:
        async with step(connection):
            rows = await connection.fetch(
                """
                SELECT id, log_id
                  FROM replays
                 WHERE service_id = $1
                   AND id > $2
                   AND id < $3
                 ORDER BY id
                 LIMIT $4
                """,
                term.service_id,
                after,
                until,
                STEP_ROWS,
            )
            pinned = await _pinned(connection, {row["log_id"] for row in rows})
            gone = [row["id"] for row in rows if row["log_id"] not in pinned]
            await connection.execute(
                "DELETE FROM replays WHERE service_id = $1 AND id = ANY($2::uuid[])",
                term.service_id,
                gone,
            )
        count += len(gone)
        if len(rows) < STEP_ROWS:
            return count
        after = rows[-1]["id"]


async def clear_events(connection: asyncpg.Connection, term: Term) -> int:
    """Those that fired before the service's logs are past; how many."""
    count = 0
    while True:
        async with step(connection):
            rows = await connection.fetch(
                """
                DELETE FROM alert_events
                 WHERE service_id = $1
                   AND id IN (SELECT e.id
                                FROM alert_events AS e
                               WHERE e.service_id = $1
                                 AND e.id < $2
                               ORDER BY e.id
                               LIMIT $3)
                RETURNING id
                """,
                term.service_id,
                lowest_at(term.logs),
                STEP_ROWS,
            )
        count += len(rows)
        if len(rows) < STEP_ROWS:
            return count


async def _pinned(connection: asyncpg.Connection, ids: set[UUID]) -> set[UUID]:
    rows = await connection.fetch(
        """
        SELECT id
          FROM logs
         WHERE bucket = ANY($1::int[])
           AND ts = ANY($2::timestamptz[])
           AND id = ANY($3::uuid[])
           AND pinned
        """,
        list({bucket_of(id) for id in ids}),
        list({timestamp_of(id) for id in ids}),
        list(ids),
    )
    return {row["id"] for row in rows}
