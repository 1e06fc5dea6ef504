"""PostgreSQL breaks under traffic: nobody notices, and nothing is lost."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from monitor.storage.server.server import Server
from tests.faults.scene import account_for, frozen, postgres_of, scene, send, small_disk
from tests.faults.traffic import flowing
from tests.support.serving import Served

BEFORE_S = 1.0
AFTER_S = 2.0
FROZEN_S = 20.0


async def killed(appliance: Served) -> None:
    """kill -9 of the postmaster; the appliance starts it again."""
    send(postgres_of(appliance)[:1], signal.SIGKILL)


async def restarted(appliance: Served) -> None:
    """A fast shutdown, which breaks all connections; then the start."""
    send(postgres_of(appliance)[:1], signal.SIGINT)


async def disconnected(appliance: Served) -> None:
    """Whoever is in the middle of a statement loses its connection, again and again."""
    dsn = Server(appliance.directory / "postgres").dsn()
    connection = await asyncpg.connect(dsn)
    ended = 0
    try:
        for _ in range(300):
            ended += await connection.fetchval(
                """
                SELECT count(pg_terminate_backend(pid))
                  FROM pg_stat_activity
                 WHERE pid <> pg_backend_pid()
                   AND backend_type = 'client backend'
                   AND state <> 'idle'
                """
            )
            await asyncio.sleep(0.01)
    finally:
        await connection.close()
    assert ended > 10


async def stood_still(appliance: Served) -> None:
    async with frozen(appliance):
        await asyncio.sleep(FROZEN_S)


@pytest.mark.parametrize("fault", [killed, restarted, disconnected, stood_still])
async def test_postgresql_breaks(
    tmp_path: Path, fault: Callable[[Served], Awaitable[None]]
) -> None:
    async with scene(tmp_path) as (appliance, traffic):
        async with flowing(traffic):
            await asyncio.sleep(BEFORE_S)
            await fault(appliance)
            await asyncio.sleep(AFTER_S)
        assert traffic.tally.failed == []
        assert len(traffic.tally.answered) > 100
        # It was felt, by those who have to wait for PostgreSQL.
        assert traffic.tally.refused.keys() == {503}
        await account_for(appliance, traffic.tally)


async def test_its_disk_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "data" / "postgres", size="160m") as disk:
        async with scene(tmp_path) as (appliance, traffic):
            async with flowing(traffic):
                await asyncio.sleep(BEFORE_S)
                disk.fill()
                await asyncio.sleep(3)
                disk.free()
                await asyncio.sleep(AFTER_S)
            assert traffic.tally.failed == []
            assert len(traffic.tally.answered) > 100
            assert traffic.tally.refused.keys() == {503}
            await account_for(appliance, traffic.tally)
            assert await appliance.stop() == 0
