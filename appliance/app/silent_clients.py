"""Silent clients of the app: how long it waits, and how many of them it bears."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from monitor.network.descriptors import shares
from monitor.settings import Settings

POLL_S = 0.5


class Ended(StrEnum):
    """Why a connection to the app was ended by us."""

    HEAD = "head_timeout"
    ANSWER = "answer_timeout"
    ROOM = "made_room"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientBounds:
    connections: int
    head_s: float
    keepalive_s: float
    answer_s: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            connections=shares(settings).app,
            head_s=settings.head_timeout_s,
            keepalive_s=settings.keepalive_s,
            answer_s=settings.body_timeout_s,
        )


@dataclass(slots=True)
class Silence:
    """What one connection is waiting for, and since when."""

    heard_at: float
    # Since when a head has been coming that is not whole.
    head_at: float | None = None
    # Bytes of answers that its client has not taken, and when it last took some.
    unsent: int = 0
    taken_at: float = field(default=0.0)

    def heard(self, now: float, *, is_head: bool) -> None:
        self.heard_at = now
        if not is_head:
            self.head_at = None
        elif self.head_at is None:
            self.head_at = now

    def looked_at(self, unsent: int, now: float) -> None:
        """Called now and then with what is still to be sent."""
        if unsent < self.unsent or not self.unsent:
            self.taken_at = now
        self.unsent = unsent

    def overdue(self, bounds: ClientBounds, now: float) -> Ended | None:
        if self.unsent and now - self.taken_at > bounds.answer_s:
            return Ended.ANSWER
        if self.head_at is not None and now - self.head_at > bounds.head_s:
            return Ended.HEAD
        return None


class SilenceWatch:
    """Calls *look* again and again, until stopped."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._next = loop.call_later(POLL_S, self._turn)

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()

    def _turn(self) -> None:
        self._look()
        self.start()
