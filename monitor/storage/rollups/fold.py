"""Folding: what changes add to the rollups, and several rows of a cell as one."""

from collections.abc import Collection
from datetime import datetime, timedelta

import asyncpg

from monitor.logs.metrics import floor
from monitor.record.cells import STEP_S
from monitor.storage.rollups.sums import SUMMED, summed

OF_SERVICE = ("service_id", "source")
OF_ENDPOINT = (*OF_SERVICE, "method", "endpoint", "status_code")
KEYS = {"endpoint_rollups": OF_ENDPOINT, "service_rollups": OF_SERVICE}
HOUR_S, DAY_S = 3_600, 86_400
WIDTHS = {
    "endpoint_rollups": (HOUR_S, DAY_S),
    "service_rollups": (STEP_S, HOUR_S, DAY_S),
}
# Rows of a cell in an hour or a day that goes on.
MOST_ROWS = 4
# Of a statement: an hour of many logs takes minutes.
STEP_TIMEOUT_S = 300
# PostgreSQL ends it first; that is no absence.
PATIENCE_S = STEP_TIMEOUT_S + 10


async def add(
    connection: asyncpg.Connection, raw: str, *arguments: object
) -> list[datetime]:
    """Add *raw* to all rollups: rows as rollup_changes has them, for *arguments*.

    The steps that it has rows of.
    """
    # So many cells and bins are grouped without a file.
    await connection.execute("SET LOCAL work_mem = '64MB'")
    cells = summed(raw, None, ("start", *OF_ENDPOINT))
    steps = [f"cells AS MATERIALIZED ({cells})"]
    for table, widths in WIDTHS.items():
        above = "cells"
        for width_s in widths:
            name = f"{table}_{width_s}"
            steps.append(f"{name} AS ({_inserting(table, width_s, above)})")
            above = name
    rows = await connection.fetch(
        f"WITH {', '.join(steps)} SELECT DISTINCT start FROM cells",
        *arguments,
        timeout=PATIENCE_S,
    )
    return [row["start"] for row in rows]


def _inserting(table: str, width_s: int, above: str) -> str:
    """Rows of *table*, of those *above*, which are of a shorter width or more keys."""
    start = f"date_bin('{width_s} seconds', start, '2000-01-01 00:00+00')"
    keys, sums = ", ".join(KEYS[table]), ", ".join(SUMMED)
    return f"""
        INSERT INTO {table} (width_s, start, {keys}, {sums})
        SELECT {width_s}, {start}, {keys}, {_SUMS}
          FROM {above}
         GROUP BY {start}, {keys}
        RETURNING start, {keys}, {sums}
        """


_SUMS = ", ".join(f"sum({column})" for column in SUMMED)


async def merge(connection: asyncpg.Connection, steps: Collection[datetime]) -> None:
    """Have few rows of each cell where *steps* were added to, and just before.

    One where the hour or the day is over, a few where it goes on.
    """
    for table, widths in WIDTHS.items():
        for width_s in widths:
            width = timedelta(seconds=width_s)
            starts = {floor(step, width) for step in steps}
            rows = await connection.fetch(
                f"""
                SELECT start
                  FROM {table}
                 WHERE width_s = $1
                   AND start = ANY($2::timestamptz[])
                 GROUP BY start
                HAVING count(*) > CASE WHEN start + $3::interval > now()
                                       THEN {MOST_ROWS} ELSE 1 END
                                  * count(DISTINCT ({", ".join(KEYS[table])}))
                """,
                width_s,
                [*starts, *(start - width for start in starts)],
                width,
                timeout=PATIENCE_S,
            )
            for row in rows:
                await _merge(connection, table, width_s, row["start"])


async def _merge(
    connection: asyncpg.Connection, table: str, width_s: int, start: datetime
) -> None:
    named = ", ".join(KEYS[table])
    await connection.execute(
        f"""
        WITH gone AS (
            DELETE FROM {table}
             WHERE width_s = $1
               AND start = $2
            RETURNING {named}, {", ".join(SUMMED)})
        INSERT INTO {table} (width_s, start, {named}, {", ".join(SUMMED)})
        SELECT $1, $2, {named}, {_SUMS}
          FROM gone
         GROUP BY {named}
        HAVING sum(requests) <> 0
        """,
        width_s,
        start,
        timeout=PATIENCE_S,
    )
