"""Reads and writes share the pool: neither keeps the other from a connection."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry, generate_latest

from monitor.errors import Busy, Unavailable
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share, Shares
from monitor.storage.health.shares import ShareCollector
from tests.support.patience import PATIENCE_S

SIZE, READS, SEARCHES = 7, 3, 1
WRITES, LISTS = SIZE - READS - 1, READS - 1
# Long enough for what a busy machine does in a moment.
READ_MS = 3_000
FOR_EVER = "SELECT pg_sleep(3600)"


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Database]:
    shares = Shares(SIZE, reads=READS, searches=SEARCHES)
    made = await Database.open(
        database_url, size=SIZE, shares=shares, answer_s=PATIENCE_S, read_ms=READ_MS
    )
    yield made
    await made.close()


async def hold(stack: AsyncExitStack, database: Database, share: Share) -> None:
    """Until *stack* is left."""
    await stack.enter_async_context(database.connection(share, timeout_s=PATIENCE_S))


async def refused(database: Database, shares: Iterable[Share]) -> None:
    for share in shares:
        with pytest.raises(Busy, match=f"other {share}") as caught:
            async with database.reading(share, timeout_s=0.01):
                pass
        assert caught.value.retry_after_s


async def got(database: Database, shares: Iterable[Share]) -> None:
    for share in shares:
        async with database.reading(share, timeout_s=PATIENCE_S) as connection:
            assert await connection.fetchval("SELECT 1") == 1


async def test_what_others_hold_leaves_each_share_its_connections(
    pool: Database,
) -> None:
    reads = (Share.LOOKUPS, Share.LISTS, Share.SEARCHES)
    writes = (Share.WRITES, Share.LONG_WRITES)
    async with AsyncExitStack() as stack:
        await hold(stack, pool, Share.SEARCHES)
        await refused(pool, [Share.SEARCHES])
        await got(pool, (Share.LISTS, Share.LOOKUPS, *writes))
        for _ in range(LISTS - SEARCHES):
            await hold(stack, pool, Share.LISTS)
        await refused(pool, [Share.SEARCHES, Share.LISTS])
        await got(pool, (Share.LOOKUPS, *writes))
        await hold(stack, pool, Share.LOOKUPS)
        await refused(pool, reads)
        await got(pool, writes)
        assert pool.is_up
        exposed = exposition(pool)
        assert 'connections{share="lookups",state="held"} 3.0' in exposed
        assert 'connections{share="lookups",state="most"} 3.0' in exposed
        assert 'refusals_total{share="searches"} 3.0' in exposed
        assert 'refusals_total{share="writes"} 0.0' in exposed
    async with AsyncExitStack() as stack:
        await hold(stack, pool, Share.LONG_WRITES)
        await refused(pool, [Share.LONG_WRITES])
        await got(pool, (Share.WRITES, *reads))
        for _ in range(WRITES - 1):
            await hold(stack, pool, Share.WRITES)
        await refused(pool, writes)
        await got(pool, reads)
    await got(pool, (*reads, *writes))
    assert {places.held for places in pool.shares.of.values()} == {0}


def exposition(database: Database) -> str:
    registry = CollectorRegistry()
    registry.register(ShareCollector(database.shares))
    return generate_latest(registry).decode()


async def test_who_goes_on_step_by_step_keeps_nobody_from_a_list(
    pool: Database,
) -> None:
    """Ten exports that never end; those who wait for one share wait in turn."""
    steps = [0] * 10

    async def export(number: int) -> None:
        while True:
            async with pool.reading(Share.SEARCHES, timeout_s=PATIENCE_S) as held:
                steps[number] += 1
                await held.execute("SELECT pg_sleep(0.01)")

    exports = [asyncio.create_task(export(number)) for number in range(10)]
    try:
        while min(steps) < 3:
            await got(pool, [Share.LISTS, Share.LOOKUPS])
        assert max(steps) - min(steps) <= 1
    finally:
        for task in exports:
            task.cancel()
        await asyncio.wait(exports)
    await got(pool, Share)


async def test_a_search_rests_as_long_as_it_took_while_something_is_stored(
    pool: Database,
) -> None:
    async def longest(share: Share) -> float:
        began = monotonic()
        async with pool.reading(share, timeout_s=PATIENCE_S) as held:
            await held.execute("SELECT pg_sleep(0.1)")
            assert pool.shares.of[share].held == 1
        return monotonic() - began

    async with pool.connection():
        assert await longest(Share.SEARCHES) >= 0.2
    await got(pool, [Share.SEARCHES])


async def test_who_gives_up_waiting_leaves_no_place_behind(pool: Database) -> None:
    async with AsyncExitStack() as stack:
        await hold(stack, pool, Share.LONG_WRITES)
        waiting = asyncio.create_task(hold(stack, pool, Share.LONG_WRITES))
        while not pool.shares.of[Share.LONG_WRITES].waiting:
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    await got(pool, [Share.LONG_WRITES, Share.WRITES])


async def test_the_server_ends_a_statement_of_a_read_and_none_of_a_write(
    pool: Database,
) -> None:
    async def session(connection: Any) -> tuple[str, str]:
        timeout = await connection.fetchval("SHOW statement_timeout")
        return await connection.fetchval("SHOW application_name"), timeout

    with pytest.raises(Unavailable, match="QUERY_TIMEOUT_MS") as caught:
        async with pool.reading(Share.LISTS) as connection:
            pid = connection.get_server_pid()
            assert await session(connection) == (
                "apimonitor: reads",
                f"{READ_MS // 1000}s",
            )
            await connection.execute(FOR_EVER)
    assert caught.value.retry_after_s
    # The connection is still good; what writes next on it has no such limit.
    async with pool.connection() as connection:
        assert connection.get_server_pid() == pid
        assert await session(connection) == ("apimonitor", "0")
        for name in ("jit", "max_parallel_workers_per_gather"):
            assert await connection.fetchval(f"SHOW {name}") in ("off", "0")
