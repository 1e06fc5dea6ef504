"""What is written behind is over, or has ended, when its block is left."""

import asyncio

import pytest

from monitor.storage.commit.behind import OneBehind


async def test_one_is_under_way_and_none_is_left_behind() -> None:
    done = list[str]()
    may_end = asyncio.Event()

    async def first() -> None:
        await may_end.wait()
        done.append("first")

    async def second() -> None:
        await asyncio.sleep(0)
        done.append("second")

    async def broken() -> None:
        raise ValueError("refused")

    async with OneBehind() as behind:
        await behind.begin(first)
        may_end.set()
        await behind.begin(second)
        assert done == ["first"]
        await behind.wait()
        assert done == ["first", "second"]
        await behind.begin(broken)
        with pytest.raises(ValueError, match="refused"):
            await behind.begin(first)
    with pytest.raises(KeyError):
        async with OneBehind() as behind:
            await behind.begin(second)
            raise KeyError
    assert done == ["first", "second", "second"]


async def test_who_is_cancelled_leaves_nothing_under_way() -> None:
    ended, never = list[bool](), asyncio.Event()

    async def stuck() -> None:
        try:
            await never.wait()
        finally:
            ended.append(True)

    async def waiting(is_given_up: bool) -> None:
        async with OneBehind() as behind:
            await behind.begin(stuck)
            await asyncio.sleep(0)
            if is_given_up:
                raise KeyError
            await behind.wait()

    for is_given_up in (False, True):
        task = asyncio.create_task(waiting(is_given_up))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert ended == [True, True]
