"""What charts draw equals a plain count, from logs and from rollups alike."""

import random
from bisect import bisect_right
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from monitor.counters import Counters
from monitor.logs.heat import EDGES_MS
from monitor.logs.metrics import Scope, floor
from monitor.storage.charts.heat import HeatReader
from monitor.storage.charts.sparklines import SparklineReader
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.logs.metrics import MetricsReader
from monitor.storage.rollups.upkeep import Limits, RollupUpkeep
from monitor.traffic.exchange import Exchange, Source
from monitor.traffic.ids import LogIds
from tests.support.plain_metrics import percentile

UNTIL = datetime(2026, 11, 24, 13, 20, 7, 3000, UTC)
SINCE = UNTIL - timedelta(days=1)
# Where a row ends and the next begins, and what is beyond all of them.
LATENCIES = (None, 0.0, 1e-9, 1e40, *EDGES_MS, *(edge * 0.999 for edge in EDGES_MS))


def logs_of(service_id: UUID) -> list[Exchange]:
    chance, ids = random.Random(7), LogIds()
    return [
        Exchange(
            id=ids.at(SINCE + timedelta(hours=chance.uniform(-2, 26))),
            service_id=service_id,
            source=chance.choice((Source.PROXY, Source.PROXY, Source.REPLAY)),
            method=chance.choice(("GET", "POST")),
            url="http://x/",
            path=chance.choice(("/a", "/users/7", "/users/8", "/b")),
            status_code=chance.choice((200, 404, 503)),
            latency_ms=chance.choice((*LATENCIES, chance.lognormvariate(4, 2))),
        )
        for _ in range(400)
    ]


@pytest.mark.parametrize("exact_logs", [-1, 10_000], ids=["rollups", "logs"])
async def test_charts_equal_a_plain_count(
    database: Database, service_id: UUID, exact_logs: int
) -> None:
    made = logs_of(service_id)
    async with database.connection() as connection:
        await commit(connection, Partitions(), made)
    limits = Limits(few_changes=0, step_changes=100)
    await RollupUpkeep(database, counters=Counters(), limits=limits).step()
    metrics = MetricsReader(database, timeout_ms=60_000, exact_logs=exact_logs)
    scope = Scope(since=SINCE, until=UNTIL)
    asked = [
        log
        for log in made
        if SINCE <= log.started_at < UNTIL and log.source is not Source.REPLAY
    ]

    heat = await HeatReader(metrics).heat_map(scope)
    edges = [edge for edge in heat.edges_ms if edge is not None]
    cells = {
        (bucket.start, row): count
        for bucket in heat.buckets
        for row, count in enumerate(bucket.counts)
        if count
    }
    assert cells == Counter(
        (floor(log.started_at, heat.width), bisect_right(edges, log.latency_ms) - 1)
        for log in asked
        if log.latency_ms is not None
    )
    assert (heat.edges_ms[0], heat.edges_ms[-1]) == (0.0, None)
    assert len(heat.edges_ms) == len(EDGES_MS) + 1
    assert (heat.buckets[0].start, len(heat.buckets)) == (
        floor(SINCE, heat.width),
        (UNTIL - floor(SINCE, heat.width)) // heat.width + 1,
    )

    named = [("GET", "/users/{id}"), ("POST", "/a"), ("GET", "/none")]
    hour = timedelta(hours=1)
    lines = await SparklineReader(metrics).of_endpoints(scope, named)
    assert set(lines) == set(named)
    assert set(lines["GET", "/none"]) == {0}
    plain = Counter(
        floor(log.started_at, hour)
        for log in asked
        if log.method == "GET" and log.path.startswith("/users/")
    )
    assert lines["GET", "/users/{id}"] == tuple(
        plain[floor(SINCE, hour) + n * hour] for n in range(25)
    )

    services = await SparklineReader(metrics).of_services(SINCE, UNTIL)
    assert list(services) == [service_id]
    found = services[service_id]
    assert sum(found.requests) == found.measured.requests == len(asked)
    assert found.measured.errors == sum(log.status_code == 503 for log in asked)
    exact = percentile(
        [log.latency_ms for log in asked if log.latency_ms is not None], 0.95
    )
    assert found.measured.p95_ms == pytest.approx(exact, rel=0.01)


async def test_nothing_is_drawn_of_nothing(
    database: Database, service_id: UUID
) -> None:
    metrics = MetricsReader(database, timeout_ms=60_000)
    for scope in (Scope(), Scope(since=SINCE, until=UNTIL)):
        heat = await HeatReader(metrics).heat_map(scope)
        assert heat.edges_ms == ()
        assert not any(bucket.counts for bucket in heat.buckets)
        assert (await SparklineReader(metrics).of_endpoints(scope, [])) == {}
    assert (await SparklineReader(metrics).of_services(SINCE, UNTIL)) == {}
