"""One piece of work that goes on while the next is made ready."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from monitor.loop.doing import DOING
from monitor.loop.steps import stepping


class OneBehind:
    """None is under way any more when the block is left, however that is."""

    def __init__(self) -> None:
        self._under_way: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task, self._under_way = self._under_way, None
        if task is None:
            return
        try:
            await asyncio.wait([task])
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
            # What ended the block is what is raised.
            if not task.cancelled():
                task.exception()

    async def begin(self, work: Callable[[], Awaitable[None]]) -> None:
        """Once what is under way is over. Raises what that did."""
        await self.wait()
        self._under_way = asyncio.create_task(stepping(DOING.now, work))

    async def wait(self) -> None:
        """Until what is under way is over. Raises what it did."""
        task, self._under_way = self._under_way, None
        if task is not None:
            await task
