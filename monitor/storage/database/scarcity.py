"""Scarcity of connections: who asks a PostgreSQL that is full, and who waits."""

import asyncio
from collections.abc import Callable
from time import monotonic

import asyncpg

# Each try costs the server a process; one of all who wait may do so, now and then.
TRY_EVERY_S = 0.25


class Scarcity:
    """*full* is what the server said, while it takes no more."""

    def __init__(self) -> None:
        self.full: asyncpg.TooManyConnectionsError | None = None
        self._try_at = 0.0
        self._returned = asyncio.Condition()

    async def turn(self, has_idle: Callable[[], bool]) -> bool:
        """Until there is a connection of ours, or it is time to ask for one.

        Whether it is that: *over* is to be told where it is answered.
        """
        while self.full is not None:
            if has_idle():
                return False
            if monotonic() >= self._try_at:
                self._try_at = monotonic() + TRY_EVERY_S
                return True
            try:
                async with asyncio.timeout(TRY_EVERY_S), self._returned:
                    await self._returned.wait()
            except TimeoutError:
                continue
        return True

    def refused(self, error: asyncpg.TooManyConnectionsError) -> None:
        self.full = error
        self._try_at = monotonic() + TRY_EVERY_S

    def over(self) -> None:
        self.full = None

    async def returned(self) -> None:
        """One of ours is free: it is for one of those who wait."""
        if self.full is not None:
            async with self._returned:
                self._returned.notify()
