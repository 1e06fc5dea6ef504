"""Steps of a coroutine are timed by what they are, and are otherwise as they were."""

import asyncio
import gc
from functools import partial

import pytest

from appliance.process.garbage import Pauses
from monitor.loop.doing import DOING, GARBAGE, NOTHING, PAGE, QUERY, RECORD, Kind
from monitor.loop.steps import stepping


def steps_of(kind: Kind) -> int:
    return sum(kind.counts)


async def two_steps(given: int) -> int:
    assert DOING.now is QUERY
    await asyncio.sleep(0)
    assert DOING.now is QUERY
    return given + 1


async def test_each_step_counts_and_the_result_is_returned() -> None:
    before, spent = steps_of(QUERY), QUERY.seconds
    assert await stepping(QUERY, partial(two_steps, 1)) == 2
    assert steps_of(QUERY) == before + 2
    assert QUERY.seconds > spent
    assert DOING.now is NOTHING


async def test_what_runs_between_its_steps_has_no_part_in_them() -> None:
    seen = []

    async def look() -> None:
        seen.append(DOING.now)

    async with asyncio.TaskGroup() as group:
        group.create_task(stepping(QUERY, partial(two_steps, 1)))
        group.create_task(look())
    assert seen == [NOTHING]


async def test_one_kind_within_another_splits_its_step() -> None:
    async def inner() -> None:
        assert DOING.now is PAGE

    async def outer() -> None:
        await stepping(PAGE, inner)
        before = DOING.turn_to(RECORD)
        DOING.turn_to(before)
        assert DOING.now is QUERY

    counts = [steps_of(kind) for kind in (QUERY, PAGE, RECORD)]
    await stepping(QUERY, outer)
    now = [steps_of(kind) for kind in (QUERY, PAGE, RECORD)]
    assert [b - a for a, b in zip(counts, now, strict=True)] == [3, 1, 1]


async def test_errors_and_cancellation_are_its_own() -> None:
    async def broken() -> None:
        await asyncio.sleep(0)
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await stepping(QUERY, broken)

    tidied = []

    async def patient() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            tidied.append(DOING.now)
            await asyncio.sleep(0)
            return "all the same"
        return "never"

    task = asyncio.create_task(stepping(QUERY, patient))
    await asyncio.sleep(0.01)
    task.cancel()
    assert await task == "all the same"
    assert tidied == [QUERY]
    assert DOING.now is NOTHING


async def test_one_that_is_cancelled_before_its_first_step_never_begins() -> None:
    task = asyncio.create_task(stepping(QUERY, partial(two_steps, 1)))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_one_that_is_left_is_closed() -> None:
    closed = []

    async def patient() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    left = stepping(QUERY, patient)
    left.send(None)
    left.close()
    assert closed == [True]
    assert DOING.now is NOTHING


def test_a_pause_of_the_collector_is_a_step_of_its_own() -> None:
    before = steps_of(GARBAGE)
    pauses = Pauses()
    gc.callbacks.append(pauses)
    try:
        DOING.turn_to(RECORD)
        gc.collect()
        assert DOING.now is RECORD
    finally:
        DOING.turn_to(NOTHING)
        gc.callbacks.remove(pauses)
    assert steps_of(GARBAGE) > before
