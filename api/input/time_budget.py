"""The time that one request may wait for PostgreSQL in all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from monitor.errors import Unavailable


class TimeBudget:
    """*timeout_s* from now on; *until* is when it is over, by the loop's clock."""

    def __init__(self, timeout_s: float) -> None:
        self.until = asyncio.get_running_loop().time() + timeout_s

    def give_back(self, seconds: float) -> None:
        """The client took them itself."""
        self.until += seconds

    @asynccontextmanager
    async def wait(self, said: str) -> AsyncIterator[None]:
        """Raises Unavailable with *said* where the time is over before the block is."""
        try:
            async with asyncio.timeout_at(self.until):
                yield
        except TimeoutError:
            raise Unavailable(said, retry_after_s=1) from None
