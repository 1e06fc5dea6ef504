"""The proxy from several processes: one appliance to whoever uses it."""

import asyncio
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

from appliance.process.listening import bind
from appliance.workers.control import Assignment, ControlChannel, Word
from appliance.workers.supervisor import Workers
from monitor.settings import load
from tests.support.patience import PATIENCE_S, eventually
from tests.support.serving import Served
from tests.support.workers import is_worker, scene, workers_of


async def eventually_recorded(appliance: Served, count: int) -> None:
    for _ in range(1_200):
        found = await appliance.call("/v1/logs?limit=1")
        if found["total"] >= count:
            break
        await asyncio.sleep(0.05)
    assert found["total"] == count


async def test_all_that_any_of_them_serves_is_recorded(tmp_path: Path) -> None:
    async with scene(tmp_path) as appliance:
        assert len(workers_of(appliance)) == 2
        answers = await asyncio.gather(*(appliance.through_proxy() for _ in range(60)))
        assert all(answer.endswith(b"ok") for answer in answers)
        await eventually_recorded(appliance, 60)
        assert await appliance.stop() == 0
    assert list((tmp_path / "data" / "spool").iterdir()) == []


async def test_a_service_is_routed_by_all_once_it_is_registered(tmp_path: Path) -> None:
    async with scene(tmp_path, workers=3) as appliance:
        found = await appliance.call("/v1/services")
        base_url = found["items"][0]["base_url"]
        for number in range(8):
            fields = {"name": f"new-{number}", "base_url": base_url}
            await appliance.call("/v1/services", fields)
            path = f"/new-{number}/x"
            answers = await asyncio.gather(
                *(appliance.through_proxy(path) for _ in range(12))
            )
            assert all(answer.endswith(b"ok") for answer in answers)


async def test_a_replay_is_known_to_whichever_serves_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as appliance:
        await appliance.through_proxy()
        await eventually_recorded(appliance, 1)
        (log,) = (await appliance.call("/v1/logs"))["items"]
        for _ in range(6):
            replay = await appliance.call(f"/v1/logs/{log['id']}/replay", {})
            assert replay["status"] == "success"
            assert replay["replay_log_id"] is not None
        found = await appliance.call("/v1/logs?source=replay")
        assert found["total"] == 6


async def test_one_that_dies_is_replaced_and_loses_nothing_answered(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as appliance:
        before = workers_of(appliance)
        for _ in range(20):
            assert (await appliance.through_proxy()).endswith(b"ok")
        os.kill(before[0], signal.SIGKILL)
        for _ in range(20):
            assert (await appliance.through_proxy()).endswith(b"ok")
        await eventually(lambda: len(set(workers_of(appliance)) - set(before)) == 1)
        assert before[1] in workers_of(appliance)
        await eventually_recorded(appliance, 40)


async def test_a_rolling_restart_refuses_no_connection(tmp_path: Path) -> None:
    async with scene(tmp_path) as appliance:
        before = set(workers_of(appliance))
        is_over = asyncio.Event()

        async def keep_asking() -> int:
            asked = 0
            while not is_over.is_set():
                assert (await appliance.through_proxy()).endswith(b"ok")
                asked += 1
            return asked

        asking = [asyncio.create_task(keep_asking()) for _ in range(4)]
        assert appliance.process is not None
        appliance.process.send_signal(signal.SIGHUP)
        await eventually(
            lambda: (
                len(workers_of(appliance)) == 2
                and not before & set(workers_of(appliance))
            )
        )
        is_over.set()
        asked = sum(await asyncio.gather(*asking))
        assert asked > 20
        await eventually_recorded(appliance, asked)


async def test_those_that_keep_dying_end_it_loudly(tmp_path: Path) -> None:
    async with scene(tmp_path) as appliance:
        assert appliance.process is not None
        for _ in range(1_200):
            if appliance.process.returncode is not None:
                break
            for pid in workers_of(appliance):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.05)
        assert appliance.process.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_they_end_with_main_and_the_next_start_is_clean(
    tmp_path: Path, number: int
) -> None:
    async with scene(tmp_path) as appliance:
        pids = workers_of(appliance)
        assert (await appliance.through_proxy()).endswith(b"ok")
        await appliance.stop(number)
        await eventually(lambda: not any(is_worker(pid) for pid in pids))
        await appliance.start()
        assert (await appliance.through_proxy()).endswith(b"ok")
        await eventually_recorded(appliance, 2)


def test_one_that_is_gone_is_told_nothing() -> None:
    """By the loop that serves, which raises where asyncio's own does not."""

    async def tell() -> None:
        ours, theirs = socket.socketpair()
        channel = await ControlChannel.over(ours)
        theirs.close()
        for _ in range(5):
            channel.tell(Word.DRAIN)
            await asyncio.sleep(0.01)
        assert await channel.next() is None
        channel.close()
        channel.tell(Word.DRAIN)

    uvloop.run(tell())


async def test_a_stop_right_after_one_died_drains(tmp_path: Path) -> None:
    async with scene(tmp_path) as appliance:
        for pid in workers_of(appliance):
            os.kill(pid, signal.SIGKILL)
        assert await appliance.stop() == 0
        assert "Traceback" not in appliance.said.read_text()


async def test_a_stop_while_one_is_replaced_leaves_none(tmp_path: Path) -> None:
    bound = bind("127.0.0.1", 0)
    with bound:
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            workers = Workers(
                Assignment(
                    settings=load({"APIMONITOR_DATA_DIR": str(tmp_path)}),
                    via="here",
                    is_open=True,
                    listening=(bound.fileno(),),
                ),
                count=1,
                tasks=tasks,
                version=lambda: 0,
                appended=lambda: None,
            )
            await workers.start()
            [first] = workers.pids
            os.kill(first, signal.SIGKILL)
            await eventually(lambda: workers.pids not in ([], [first]))
            # This young, its successor is waited with.
            os.kill(workers.pids[0], signal.SIGKILL)
            await eventually(lambda: not workers.pids)
            await workers.stop()
    assert not workers.pids
