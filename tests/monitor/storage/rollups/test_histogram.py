"""Percentiles of histograms are near those of PostgreSQL, whatever was measured."""

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.storage.database.pool import Database
from monitor.storage.rollups.histogram import percentiles
from monitor.storage.rollups.sums import summed

FRACTIONS = (0.0, 0.001, 0.5, 0.95, 0.99, 1.0)
# Half of a bin's width, relatively.
BOUND = 1 / 64 / (2 + 1 / 64)


async def of(
    connection: asyncpg.Connection, added: list[float], taken_off: list[float]
) -> list[float | None]:
    raw = """
        SELECT 0 AS whole, 1 AS requests, 0 AS errors, $1::float8[] AS latencies
         UNION ALL
        SELECT 0, -1, 0, $2::float8[]
        """
    row = await connection.fetchrow(
        f"""
        SELECT latency_n, numeric_send(histogram) AS histogram
          FROM ({summed(raw, None, ("whole",))}) AS sums
        """,
        added,
        taken_off,
    )
    assert row is not None
    return percentiles(row["histogram"], row["latency_n"], FRACTIONS)


async def exactly(
    connection: asyncpg.Connection, latencies: list[float]
) -> list[float | None]:
    found: list[float | None] = await connection.fetchval(
        """
        SELECT percentile_cont($2::float8[]) WITHIN GROUP (ORDER BY ms)
          FROM unnest($1::float8[]) AS ms
        """,
        latencies,
        FRACTIONS,
    )
    return found


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kept=st.lists(st.floats(1e-6, 1e12) | st.just(0.0), min_size=1),
    gone=st.lists(st.floats(0, 1e12)),
)
async def test_what_was_added_and_not_taken_off_is_within_the_bound(
    database: Database, kept: list[float], gone: list[float]
) -> None:
    async with database.connection() as connection:
        found = await of(connection, [*kept, *gone], gone)
        exact = await exactly(connection, kept)
    assert found == pytest.approx(exact, rel=BOUND * 1.000001, abs=0)


async def test_bins_hold_more_than_fits_one_digit_of_a_number(
    database: Database,
) -> None:
    latencies = [3.0] * 123_456 + [0.0] * 20_000 + [700.0] * 10_000
    async with database.connection() as connection:
        found = await of(connection, latencies, [])
        exact = await exactly(connection, latencies)
        assert found == pytest.approx(exact, rel=BOUND * 1.000001, abs=0)
        assert await of(connection, latencies, latencies) == [None] * len(FRACTIONS)
