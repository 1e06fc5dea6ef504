"""The time that one request may wait for PostgreSQL in all."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from monitor.errors import Unavailable


class TimeBudget:
    """What is left of *timeout_s*; the time that a client takes itself is left out."""

    def __init__(self, timeout_s: float) -> None:
        self._left_s = timeout_s

    @asynccontextmanager
    async def wait(self, said: str) -> AsyncIterator[None]:
        """Raises Unavailable with *said* where the block takes longer than is left."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left_s):
                yield
        except TimeoutError:
            raise Unavailable(said, retry_after_s=1) from None
        finally:
            self._left_s = max(self._left_s - (time.monotonic() - began), 0)
