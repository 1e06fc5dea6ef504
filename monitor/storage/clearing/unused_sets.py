"""Header sets that no log has any more: nothing of a log stays once it is gone.

Whether one is used is told by going over the logs of its day, so it is asked only of
those whose logs are removed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from monitor.record.columns import SET_COLUMNS
from monitor.storage.database.steps import step

DAY = timedelta(days=1)
# Looked at together: they are of one day.
AT_ONCE = 5_000


async def doubt(connection: asyncpg.Connection, gone: Sequence[asyncpg.Record]) -> None:
    """Logs go: *gone* has SET_COLUMNS and ts of each."""
    ids = {row[column] for row in gone for column in SET_COLUMNS} - {None}
    if ids:
        await connection.execute(
            """
            WITH mine AS (
                SELECT id, ts
                  FROM header_sets
                 WHERE id = ANY($1::int[])
                   AND ts = ANY($2::timestamptz[])
                 ORDER BY id
                   FOR NO KEY UPDATE)
            UPDATE header_sets AS s
               SET doubted_at = clock_timestamp()
              FROM mine
             WHERE s.id = mine.id
               AND s.ts = mine.ts
            """,
            list(ids),
            list({_day_of(row["ts"]) for row in gone}),
        )


async def sweep_all(connection: asyncpg.Connection) -> None:
    """All that are in doubt, but for those that commits hold; a day a step."""
    is_more = True
    while is_more:
        async with step(connection):
            is_more = await sweep(connection)


async def sweep(connection: asyncpg.Connection) -> bool:
    """Remove those of one day that no log has; whether that led to anything.

    In a transaction of the caller's. It waits for nobody.
    """
    doubted = await connection.fetch(
        """
        SELECT id, ts, doubted_at
          FROM header_sets
         WHERE ts = (SELECT min(ts) FROM header_sets WHERE doubted_at IS NOT NULL)
           AND doubted_at IS NOT NULL
         LIMIT $1
        """,
        AT_ONCE,
    )
    if not doubted:
        return False
    day = doubted[0]["ts"]
    used = await _used(connection, day, [row["id"] for row in doubted])
    clear = [row for row in doubted if row["id"] in used]
    await _believe(connection, day, clear)
    rest = [row["id"] for row in doubted if row["id"] not in used]
    return await _remove(connection, day, rest) or bool(clear)


async def _believe(
    connection: asyncpg.Connection, day: datetime, rows: list[asyncpg.Record]
) -> None:
    """One that was doubted again meanwhile stays in doubt."""
    await connection.execute(
        """
        WITH clear AS (
            SELECT s.id
              FROM header_sets AS s
              JOIN unnest($2::int[], $3::timestamptz[]) AS seen (id, doubted_at)
                ON seen.id = s.id
               AND seen.doubted_at = s.doubted_at
             WHERE s.ts = $1
               FOR NO KEY UPDATE OF s SKIP LOCKED)
        UPDATE header_sets AS s
           SET doubted_at = NULL
          FROM clear
         WHERE s.ts = $1
           AND s.id = clear.id
        """,
        day,
        [row["id"] for row in rows],
        [row["doubted_at"] for row in rows],
    )


async def _remove(
    connection: asyncpg.Connection, day: datetime, ids: list[int]
) -> bool:
    """Those that a commit holds wait; of the others it is asked once more, when no
    commit can begin to use them. Whether any were not held."""
    held = await connection.fetch(
        """
        SELECT id
          FROM header_sets
         WHERE ts = $1
           AND id = ANY($2::int[])
           FOR UPDATE SKIP LOCKED
        """,
        day,
        ids,
    )
    if held:
        alone = {row["id"] for row in held}
        alone -= await _used(connection, day, list(alone))
        await connection.execute(
            "DELETE FROM header_sets WHERE ts = $1 AND id = ANY($2::int[])",
            day,
            list(alone),
        )
    return bool(held)


async def _used(
    connection: asyncpg.Connection, day: datetime, ids: list[int]
) -> set[int]:
    rows = await connection.fetch(
        """
        SELECT DISTINCT used.id
          FROM logs AS l
          CROSS JOIN LATERAL (VALUES (l.request_set), (l.response_set)) AS used (id)
         WHERE l.ts >= $1
           AND l.ts < $2
           AND used.id = ANY($3::int[])
        """,
        day,
        day + DAY,
        ids,
    )
    return {row["id"] for row in rows}


def _day_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
