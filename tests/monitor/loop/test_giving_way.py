"""Long work takes what is left while exchanges pass, and its share all the same."""

import asyncio
import time
from functools import partial

from monitor.loop.doing import DOING, GARBAGE, INGEST, KINDS
from monitor.loop.giving_way import FOR_OTHERS, done_for_others, give_way
from monitor.loop.steps import stepping
from tests.support.loop_turns import Turns


def stand_still(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


async def parts(count: int, turns: Turns) -> list[int]:
    """How many turns others had between each two."""
    had = []
    for _ in range(count):
        stand_still(0.005)
        before = turns.count
        await give_way()
        had.append(turns.count - before)
    return had


async def test_while_nobody_is_served_others_have_one_turn() -> None:
    turns = Turns()
    had = await stepping(INGEST, partial(parts, 20, turns))
    turns.end()
    assert set(had) == {1}


async def test_while_others_are_served_they_have_many_turns_and_it_goes_on() -> None:
    turns, is_over = Turns(), False

    async def serve() -> None:
        while not is_over:
            DOING.served += 1
            await asyncio.sleep(0)

    serving = asyncio.create_task(serve())
    await asyncio.sleep(0)
    had = await stepping(INGEST, partial(parts, 5, turns))
    is_over = True
    await serving
    turns.end()
    assert min(had) > 3


async def test_it_waits_for_an_exchange_that_is_under_way_and_no_longer() -> None:
    turns = Turns()

    async def exchange() -> None:
        for _ in range(3):
            DOING.served += 1
            await asyncio.sleep(0)

    async def work() -> int:
        stand_still(0.005)
        passing = asyncio.create_task(exchange())
        await give_way()
        assert passing.done()
        return (await parts(1, turns))[0]

    assert await stepping(INGEST, work) == 1
    turns.end()


async def test_what_is_done_for_others_counts_and_what_nobody_asked_for_does_not() -> (
    None
):
    before = done_for_others()
    for kind in KINDS:
        await stepping(kind, partial(asyncio.sleep, 0))
    asked = done_for_others() - before
    DOING.turn_to(DOING.turn_to(GARBAGE))
    DOING.served += 1
    assert done_for_others() - before == asked + 1
    assert asked == 2 * len(FOR_OTHERS)
