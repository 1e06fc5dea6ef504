"""A sender that sends too much fills its own queue, and nobody else's."""

import asyncio

import pytest

from monitor.errors import TooManyRequests
from monitor.loop.fair_queue import FairQueue


class Line:
    """Who holds a place now, and in which order places were given."""

    def __init__(self, turns: FairQueue) -> None:
        self._turns = turns
        self.given: list[str] = []
        self.inside: list[tuple[str, asyncio.Event]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def send(self, sender: str, count: int = 1) -> None:
        self.tasks += [asyncio.create_task(self._hold(sender)) for _ in range(count)]
        await settle()

    async def leave(self, sender: str) -> None:
        """The first of *sender* that is inside is done."""
        one = next(entry for entry in self.inside if entry[0] == sender)
        self.inside.remove(one)
        one[1].set()
        await settle()

    async def leave_all(self) -> None:
        while self.inside:
            await self.leave(self.inside[0][0])
        await asyncio.gather(*self.tasks)

    def count(self, sender: str) -> int:
        return sum(name == sender for name, _ in self.inside)

    async def _hold(self, sender: str) -> None:
        async with self._turns.turn(sender):
            done = asyncio.Event()
            self.given.append(sender)
            self.inside.append((sender, done))
            await done.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_alone_holds_half_of_the_places_and_all_get_their_turn() -> None:
    line = Line(FairQueue(places=16, most_waiting=100))
    await line.send("greedy", 50)
    assert line.count("greedy") == 8
    await line.leave_all()
    assert line.given == ["greedy"] * 50


async def test_another_one_has_a_place_at_once_and_the_first_one_shrinks() -> None:
    line = Line(FairQueue(places=64, most_waiting=100))
    await line.send("greedy", 100)
    await line.send("quiet")
    assert line.count("quiet") == 1
    assert line.count("greedy") == 32
    for _ in range(30):
        await line.leave("greedy")
    assert line.count("greedy") == 2
    await line.leave("greedy")
    assert line.count("greedy") == 2
    await line.leave_all()
    assert len(line.given) == 101


async def test_places_go_round_among_those_that_wait() -> None:
    line = Line(FairQueue(places=16, most_waiting=100))
    for count in (1, 2):
        for sender in "abcdefghijklmnop":
            await line.send(sender, count)
    assert sorted(name for name, _ in line.inside) == list("abcdefghijklmnop")
    await line.leave_all()
    assert sorted(line.given[16:32]) == list("abcdefghijklmnop")


async def test_a_full_queue_refuses_its_own_sender_only() -> None:
    line = Line(FairQueue(places=16, most_waiting=3))
    await line.send("greedy", 11)
    with pytest.raises(TooManyRequests, match="INGEST_WAITING") as refused:
        await line.send("greedy")
        await line.tasks.pop()
    assert refused.value.retry_after_s == 1
    await line.send("quiet")
    assert line.count("quiet") == 1
    await line.leave_all()


async def test_who_gives_up_leaves_no_place_behind() -> None:
    line = Line(FairQueue(places=16, most_waiting=100))
    await line.send("a", 12)
    for task in line.tasks[8:10]:
        task.cancel()
    # Given a place and given up in the same moment.
    line.inside[0][1].set()
    await asyncio.sleep(0)
    line.tasks[10].cancel()
    line.inside.pop(0)
    await settle()
    assert [task.cancelled() for task in line.tasks[8:11]] == [True] * 3
    del line.tasks[8:11]
    assert line.count("a") == 8
    await line.send("b")
    assert line.count("b") == 1
    await line.leave_all()
    assert line.given.count("a") == 9
