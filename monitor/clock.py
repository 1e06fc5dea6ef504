"""The time of day: whether it has stepped, by what the machine has counted."""

import time
from collections.abc import Callable

# What a correction may be; a time zone that was taken for another is more.
LARGE_STEP_S = 1800.0
# How long a new time has to stand before what is old by it is removed.
HOLD_S = 3600.0


def counted_s() -> float:
    """Seconds since the machine's start, those it slept included."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Clock:
    """Watches *wall*, the time of day, by *steady*; to be asked now and then."""

    def __init__(
        self,
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = counted_s,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._ahead = wall() - steady()
        self._held_until = 0.0

    def has_settled(self) -> bool:
        """False for HOLD_S after a step, of which there may be another one back."""
        now = self._steady()
        ahead = self._wall() - now
        if abs(ahead - self._ahead) > LARGE_STEP_S:
            self._held_until = now + HOLD_S
        self._ahead = ahead
        return now >= self._held_until
