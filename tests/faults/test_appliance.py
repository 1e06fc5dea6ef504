"""The appliance itself breaks under traffic: what was answered is not lost."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.faults.kills import killed
from tests.faults.scene import account_for, frozen, ledger_closes, scene, small_disk
from tests.faults.traffic import flowing
from tests.support.workers import workers_of


@pytest.mark.parametrize(
    ("number", "workers"),
    [(signal.SIGKILL, "1"), (signal.SIGTERM, "1"), (signal.SIGKILL, "2")],
)
async def test_it_ends_and_is_started_again(
    tmp_path: Path, number: int, workers: str
) -> None:
    async with scene(tmp_path, PROXY_WORKERS=workers) as (appliance, traffic):
        async with flowing(traffic):
            for _ in range(2):
                await asyncio.sleep(1)
                await appliance.stop(number)
                await appliance.start()
            await asyncio.sleep(1)
        assert len(traffic.tally.answered) > 100
        await account_for(appliance, traffic.tally)


async def test_a_worker_is_killed(tmp_path: Path) -> None:
    async with scene(tmp_path, PROXY_WORKERS="2") as (appliance, traffic):
        async with flowing(traffic):
            for _ in range(3):
                await asyncio.sleep(1)
                os.kill(workers_of(appliance)[0], signal.SIGKILL)
            await asyncio.sleep(1)
        # Only what the killed one had in flight.
        assert len(traffic.tally.failed) <= 12
        assert len(traffic.tally.answered) > 100
        await account_for(appliance, traffic.tally)


async def test_it_is_killed_while_postgresql_stands_still(tmp_path: Path) -> None:
    """What the spool holds then is recorded by the next start."""
    async with scene(tmp_path) as (appliance, traffic):
        async with flowing(traffic):
            await asyncio.sleep(1)
            async with frozen(appliance):
                await asyncio.sleep(2)
                await appliance.stop(signal.SIGKILL)
            await appliance.start()
            await asyncio.sleep(1)
        await account_for(appliance, traffic.tally)


async def test_the_spools_disk_is_full(tmp_path: Path) -> None:
    """Records are dropped and counted; no client notices."""
    with small_disk(tmp_path / "data" / "spool", size="1m") as disk:
        async with scene(tmp_path) as (appliance, traffic):
            async with flowing(traffic):
                await asyncio.sleep(1)
                disk.fill()
                await asyncio.sleep(2)
                disk.free()
                await asyncio.sleep(1)
            assert traffic.tally.failed == []
            assert len(traffic.tally.answered) > 100
            await ledger_closes(appliance, traffic.tally)
            ledger = await appliance.call("/v1/ledger")
            assert ledger["dropped"].keys() == {"spool_error"}
            assert await appliance.stop() == 0


@pytest.mark.timeout(240)
async def test_all_of_it_is_killed_and_started_at_once(tmp_path: Path) -> None:
    """With PostgreSQL and workers; `python -m tests.faults` does it twenty times."""
    figures = await killed(tmp_path, rounds=2, PROXY_WORKERS="2")
    assert figures.answered > 20
    assert (figures.missing, figures.twice, figures.changed) == ((), (), ())
