"""Deadlines: when a wait has lasted too long, without a timer for each."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls *expired* once nothing was set anew for as long as was set.

    Setting costs no timer: the one that is armed looks again when it rings.
    """

    __slots__ = ("_due", "_expired", "_loop", "_rings_at", "_timer")

    def __init__(self, expired: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._expired = expired
        self._due = 0.0
        self._rings_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        self._due = due = self._loop.time() + seconds
        if self._timer is None or due < self._rings_at:
            self._arm()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def leave(self) -> None:
        """For good: its owner is held no longer, and needs no collector to be freed."""
        self.cancel()
        self._expired = _nothing

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = self._due
        self._timer = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        # The loop's clock may be a hair before the time that was asked for.
        if self._loop.time() + 0.001 < self._due:
            self._arm()
        else:
            self._expired()


def _nothing() -> None:
    """Nobody waits."""
