"""What rollups hold of logs that go or are named anew: changed in their transaction."""

from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg

from monitor.record.cells import STEP_S

# When the step of a log begins.
STARTS = f"date_bin('{STEP_S} seconds', ts, '2000-01-01 00:00+00')"
# What has to be known of a log that goes, as a row of logs AS t has it.
COUNTED = """
    t.service_id, t.source, t.method, coalesce(t.endpoint, t.path) AS endpoint,
    t.status_code, t.is_error, t.latency_ms
"""


class Row(Protocol):
    def __getitem__(self, column: str, /) -> Any: ...


async def taken_off(connection: asyncpg.Connection, gone: Sequence[Row]) -> None:
    """Logs go: *gone* has ts and COUNTED of each."""
    await _changed(connection, gone, -1)


async def added_back(connection: asyncpg.Connection, come: Sequence[Row]) -> None:
    """Logs that are there already are counted, as *come* has ts and COUNTED of each."""
    await _changed(connection, come, 1)


async def _changed(
    connection: asyncpg.Connection, rows: Sequence[Row], sign: int
) -> None:
    columns = (
        *("ts", "service_id", "source", "method", "endpoint", "status_code"),
        *("is_error", "latency_ms"),
    )
    await connection.execute(
        f"""
        INSERT INTO rollup_changes
        SELECT {STARTS}, service_id, source, method, endpoint,
               status_code,
               {sign} * count(*),
               {sign} * count(*) FILTER (WHERE is_error),
               coalesce(array_agg(latency_ms) FILTER (WHERE latency_ms IS NOT NULL),
                        '{{}}')
          FROM unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::text[],
                      $5::text[], $6::smallint[], $7::boolean[],
                      $8::double precision[])
               AS counted (ts, service_id, source, method, endpoint, status_code,
                        is_error, latency_ms)
         GROUP BY 1, 2, 3, 4, 5, 6
        """,
        *[[row[column] for row in rows] for column in columns],
    )
