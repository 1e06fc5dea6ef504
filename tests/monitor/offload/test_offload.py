"""Work beside the loop: it goes on meanwhile, and what is worked on stays in bounds."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from monitor.counters import Counters
from monitor.offload import frames
from monitor.offload.helpers import Helpers
from monitor.offload.outcome import OutcomeKind, Unworked, WorkOutcome
from monitor.traffic.exchange import Timings
from tests.support.helper_work import Made, settings
from tests.support.patience import PATIENCE_S

MIB = 1024 * 1024


def echo(value: Any) -> Made:
    return Made(value)


def reach_the_limit() -> Made:
    return Made(None, True)


def who() -> Made:
    return Made((os.getpid(), dict(os.environ)))


def work_forever() -> Made:
    while True:
        pass


def work_until(path: Path) -> Made:
    while not path.exists():
        time.sleep(0.005)
    return Made(None)


def die() -> Made:
    os.kill(os.getpid(), signal.SIGKILL)
    return Made(None)


def take(count: int) -> Made:
    return Made(len(bytearray(count)))


def fail() -> Made:
    raise ValueError("captured text is not for a log line")


class Scene:
    def __init__(self, idle_s: float = 60, **given: str) -> None:
        self.counters = Counters()
        self.helpers = Helpers(settings(**given), self.counters, idle_s=idle_s)

    async def do(self, function: Any, *arguments: Any, sender: str = "a") -> Any:
        made = await self.helpers.do(
            OutcomeKind.PAGE, sender, function, *arguments, is_little=False
        )
        return made.value

    async def refusal(self, function: Any, *arguments: Any) -> WorkOutcome:
        with pytest.raises(Unworked) as caught:
            await self.do(function, *arguments)
        return caught.value.outcome

    def count(self, outcome: WorkOutcome) -> float:
        labels = {"kind": "page", "outcome": outcome.value}
        found = self.counters.registry.get_sample_value(
            "apimonitor_helper_tasks_total", labels
        )
        return found or 0


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.helpers.close()


async def test_one_process_is_kept_for_what_comes_next_and_has_no_secrets(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APIMONITOR_ADMIN_PASSWORD", "a secret")
    assert scene.helpers.pids == []
    pid, environment = await scene.do(who)
    assert (await scene.do(who))[0] == pid
    assert scene.helpers.pids == [pid] != [os.getpid()]
    assert "a secret" not in environment.values()
    big = b"x" * (20 * MIB)
    assert await scene.do(echo, big) == big
    assert (await scene.helpers.do(OutcomeKind.PAGE, "a", who, is_little=True)).value[
        0
    ] == os.getpid()
    assert scene.count(WorkOutcome.DONE) == 3
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    assert (await scene.do(who))[0] == pid


async def test_a_limit_is_counted_wherever_it_was_reached(scene: Scene) -> None:
    await scene.do(reach_the_limit)
    await scene.helpers.do(OutcomeKind.PAGE, "a", reach_the_limit, is_little=True)
    assert scene.count(WorkOutcome.LIMIT) == 1
    limited = scene.counters.registry.get_sample_value(
        "apimonitor_work_limited_total", {"kind": "page"}
    )
    assert limited == 2


async def test_what_dies_fails_or_takes_too_much_is_said_and_replaced(
    scene: Scene,
) -> None:
    first, _ = await scene.do(who)
    assert await scene.refusal(fail) is WorkOutcome.FAILED
    assert (await scene.do(who))[0] == first
    assert await scene.refusal(die) is WorkOutcome.DIED
    second, _ = await scene.do(who)
    assert second != first
    assert await scene.refusal(take, 2**31) is WorkOutcome.MEMORY
    third, _ = await scene.do(who)
    assert third != second
    os.kill(third, signal.SIGKILL)
    assert await _is_gone(third)
    assert await scene.do(echo, 1) == 1
    assert [scene.count(one) for one in (WorkOutcome.FAILED, WorkOutcome.DIED)] == [
        1,
        1,
    ]
    assert len(scene.helpers.pids) == 1


async def test_one_that_ended_is_not_taken_though_the_loop_was_not_told_yet(
    scene: Scene,
) -> None:
    first, _ = await scene.do(who)
    os.kill(first, signal.SIGKILL)
    until = time.monotonic() + PATIENCE_S
    while not _has_ended(first):
        assert time.monotonic() < until
    assert (await scene.do(who))[0] != first
    assert scene.count(WorkOutcome.DIED) == 0


def _has_ended(pid: int) -> bool:
    """Whether or not its end was fetched."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")


async def _is_gone(pid: int) -> bool:
    """Until the loop has taken notice of its end."""
    for _ in range(2_000):
        if not _lives(pid):
            return True
        await asyncio.sleep(0.005)
    return False


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_what_passes_its_deadline_is_ended_and_the_loop_goes_on_meanwhile() -> (
    None
):
    scene = Scene(HELPER_TIMEOUT_S="0.5")
    try:
        work = asyncio.create_task(scene.refusal(work_forever))
        turns = 0
        while not work.done():
            await asyncio.sleep(0)
            turns += 1
        assert work.result() is WorkOutcome.TIMED_OUT
        assert turns > 100
        assert scene.helpers.pids == []
    finally:
        await scene.helpers.close()


async def test_who_gives_up_takes_the_process_along(scene: Scene) -> None:
    pid, _ = await scene.do(who)
    work = asyncio.create_task(scene.do(work_forever))
    await asyncio.sleep(0.05)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await _is_gone(pid)
    assert scene.count(WorkOutcome.GIVEN_UP) == 1
    assert await scene.do(echo, 1) == 1


async def test_services_wait_for_a_process_in_turn_and_a_queue_is_bounded(
    tmp_path: Path,
) -> None:
    scene = Scene(HELPER_WAITING="3")
    gate, order = tmp_path / "gate", list[str]()

    async def one(sender: str) -> None:
        await scene.do(echo, 1, sender=sender)
        order.append(sender)

    try:
        first = asyncio.create_task(scene.do(work_until, gate, sender="greedy"))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(one("greedy")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Unworked) as refused:
            await scene.do(echo, 1, sender="greedy")
        assert refused.value.outcome is WorkOutcome.REFUSED
        waiting.append(asyncio.create_task(one("quiet")))
        await asyncio.sleep(0)
        gate.touch()
        await asyncio.gather(first, *waiting)
        assert len(scene.helpers.pids) == 1
        assert order.index("quiet") <= 1
    finally:
        await scene.helpers.close()


async def test_one_without_work_ends_and_the_appliance_ends_all() -> None:
    scene = Scene(idle_s=0.05)
    pid, _ = await scene.do(who)
    assert await _is_gone(pid)
    assert scene.helpers.pids == []
    pid, _ = await scene.do(who)
    await scene.helpers.close()
    assert not _lives(pid)


async def test_a_helper_whose_appliance_is_gone_ends() -> None:
    scene = Scene()
    await scene.do(echo, 1)
    (process,) = scene.helpers._all
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0
    await scene.helpers.close()


def test_compiled_records_survive_the_way() -> None:
    """In a compiled build they are no plain dataclasses."""
    timings = Timings(ttfb_ms=1.5)
    content = frames.packed([timings, {"a": b"\\x00"}])
    assert frames.unpacked(content[frames.HEAD.size :]) == [timings, {"a": b"\\x00"}]
