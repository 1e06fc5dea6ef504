"""What rollups hold of logs that go: taken off in the transaction that removes them."""

from collections.abc import Sequence

import asyncpg

from monitor.record.cells import STEP_S

# When the step of a log begins.
STARTS = f"date_bin('{STEP_S} seconds', ts, '2000-01-01 00:00+00')"
# What has to be known of a log that goes, as a row of logs AS t has it.
COUNTED = """
    t.service_id, t.source, t.method, coalesce(t.endpoint, t.path) AS endpoint,
    t.status_code, t.is_error, t.latency_ms
"""


async def taken_off(
    connection: asyncpg.Connection, gone: Sequence[asyncpg.Record]
) -> None:
    """Logs go: *gone* has COUNTED of each."""
    columns = (
        *("ts", "service_id", "source", "method", "endpoint", "status_code"),
        *("is_error", "latency_ms"),
    )
    await connection.execute(
        f"""
        INSERT INTO rollup_changes
        SELECT {STARTS}, service_id, source, method, endpoint,
               status_code,
               -count(*),
               -count(*) FILTER (WHERE is_error),
               coalesce(array_agg(latency_ms) FILTER (WHERE latency_ms IS NOT NULL),
                        '{{}}')
          FROM unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::text[],
                      $5::text[], $6::smallint[], $7::boolean[],
                      $8::double precision[])
               AS gone (ts, service_id, source, method, endpoint, status_code,
                        is_error, latency_ms)
         GROUP BY 1, 2, 3, 4, 5, 6
        """,
        *[[row[column] for row in gone] for column in columns],
    )
