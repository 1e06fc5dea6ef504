"""Endpoints are listed with the same figures, be they read from logs or rollups."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from monitor.logs.endpoints import EndpointsAsked, Order, ServiceEndpoint, Sort
from monitor.logs.metrics import Scope
from monitor.storage.database.pool import Database
from monitor.storage.endpoints.reader import EndpointReader
from monitor.storage.rollups.upkeep import Limits, RollupUpkeep
from tests.support.endpoint_names import Process

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


async def listed(
    database: Database, asked: EndpointsAsked, exact_logs: int
) -> tuple[int, list[ServiceEndpoint]]:
    reader = EndpointReader(
        database, timeout_ms=60_000, t_ms=100, exact_logs=exact_logs
    )
    page = await reader.page(asked)
    return page.total, list(page.items)


def figures(one: ServiceEndpoint) -> list[float | None]:
    measured = one.measured
    counts = [measured.requests, measured.errors, one.apdex]
    return [*counts, measured.p50_ms, measured.p95_ms, measured.p99_ms]


async def judged(
    database: Database, listed: list[ServiceEndpoint]
) -> list[float | None]:
    """Apdex of all together, by logs and by rollups; that of each is as listed."""
    found = []
    for exact_logs in (10_000, -1):
        reader = EndpointReader(
            database, timeout_ms=60_000, t_ms=7, exact_logs=exact_logs
        )
        judged = await reader.satisfaction(Scope())
        for one in listed:
            assert judged.apdex_of(one.method, one.endpoint) == one.apdex
        found.append(judged.apdex)
    return found


async def test_lists_from_rollups_are_those_from_logs(
    database: Database, service_id: UUID
) -> None:
    process = Process(database)
    await process.store(service_id, ["/old/1", "/old/2"], at=NOW - 3 * DAY)
    await process.store(service_id, ["/old/3"], 404, at=NOW - 2 * DAY, latency_ms=None)
    for latency_ms in (50.0, 99.0, 150.0, 399.0, 900.0):
        await process.store(service_id, ["/new"], latency_ms=latency_ms)
    await process.store(service_id, ["/new"], 503, latency_ms=1.0)
    await process.store(service_id, ["/down"], None, error="refused", latency_ms=2.0)
    async with database.connection() as connection:
        await connection.execute("UPDATE services SET apdex_t_ms = 100")
    for has_told in (False, True):
        if has_told:
            await process.names.tell()
            upkeep = RollupUpkeep(
                database, counters=process.counters, limits=Limits(0, 2)
            )
            while await upkeep.step():
                pass
        for sort in Sort:
            asked = EndpointsAsked(scope=Scope(), sort=sort, order=Order.ASC)
            total, exact = await listed(database, asked, 10_000)
            rolled_up, rough = await listed(database, asked, -1)
            assert total == rolled_up == 3
            names = [(one.method, one.endpoint) for one in exact]
            if sort not in (Sort.FIRST_SEEN, Sort.LAST_SEEN) or has_told:
                assert names == [(one.method, one.endpoint) for one in rough], sort
            found = {one.endpoint: one for one in exact}
            # Two of the old were measured; two of the new were waited for.
            assert await judged(database, exact) == [(4 + 2 / 2) / 9] * 2
            assert found["/new"].apdex == pytest.approx((2 + 2 / 2) / 6)
            assert found["/down"].apdex == 0
            assert found["/old/{id}"].apdex == 1
            for one in rough:
                assert figures(one) == pytest.approx(figures(found[one.endpoint]), 0.01)
    first, last = found["/old/{id}"].first_seen, found["/old/{id}"].last_seen
    assert first and abs(first - (NOW - 3 * DAY)) < timedelta(milliseconds=2)
    assert last and abs(last - (NOW - 2 * DAY)) < timedelta(milliseconds=2)
    new = EndpointsAsked(scope=Scope(), new_since=NOW - DAY, limit=1, offset=1)
    total, page = await listed(database, new, -1)
    assert (total, [one.endpoint for one in page]) == (2, ["/down"])
