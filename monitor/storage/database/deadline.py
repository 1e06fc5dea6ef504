"""The deadline of a connection that is held."""

import asyncio
import math
from contextlib import suppress

import asyncpg
from asyncpg.pool import PoolConnectionProxy


class ReadDeadline:
    """Ends *held* after *seconds*, whatever it waits for.

    A cancelled statement would not do: asyncpg asks a server to give it up, by another
    connection, and waits for the rollback; one that is frozen answers neither.
    """

    def __init__(
        self, held: "PoolConnectionProxy[asyncpg.Record]", seconds: float
    ) -> None:
        self._held = held
        self.is_over = False
        self._timer: asyncio.TimerHandle | None = None
        if seconds < math.inf:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, self._expire)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        self.is_over = True
        with suppress(asyncpg.InterfaceError):
            self._held.terminate()
