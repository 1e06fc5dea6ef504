"""Afterwards: the reading of what passes waits until it has left, and takes turns."""

from collections.abc import Callable, Iterator
from typing import Final

from monitor.loop.doing import DOING, MESSAGES
from monitor.traffic.message import Direction, Messages
from proxy.messages.tap import Tap

# Of tap's work: frames, lines, and kilobytes undone. What is done in one turn.
WORK_AT_ONCE: Final = 1_000
# When it is all over, and the client waits for its end.
WORK_AT_END: Final = 2_500
# So little cannot be more than a turn's work, however small its frames are.
LITTLE_BYTES: Final = 2_000


class Afterwards:
    """Lets *tap* read in the loop's next turns; *soon* is the loop's call_soon.

    What waits is what came in one turn: who passes bytes takes no more of them while
    it *is_behind*.
    """

    def __init__(
        self, tap: Tap, *, soon: Callable[[Callable[[], None]], object]
    ) -> None:
        self._tap = tap
        self._soon = soon
        self._works: list[Iterator[int]] = []
        self._waiting_bytes = 0
        self._is_due = False

    @property
    def is_behind(self) -> bool:
        """Whether there may be more to read than is read in one turn."""
        return self._waiting_bytes > LITTLE_BYTES

    def sent(self, data: bytes, at: float) -> None:
        self._wait(Direction.SENT, data, at)

    def received(self, data: bytes, at: float) -> None:
        self._wait(Direction.RECEIVED, data, at)

    def messages(self, at: float) -> Messages:
        self._work(WORK_AT_END)
        if self._works:
            self._works.clear()
            self._tap.leave("what came last is more than is read at once")
        return self._tap.messages(at)

    def so_far(self) -> Messages:
        """What was read until now."""
        return self._tap.so_far()

    def _wait(self, direction: Direction, data: bytes, at: float) -> None:
        self._works.append(self._tap.reading(direction, data, at))
        self._waiting_bytes += len(data)
        self._wake()

    def _wake(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._soon(self._turn)

    def _turn(self) -> None:
        self._is_due = False
        before = DOING.turn_to(MESSAGES)
        self._work(WORK_AT_ONCE)
        DOING.turn_to(before)
        if self._works:
            self._wake()

    def _work(self, most: int) -> None:
        done = 0
        while self._works and done < most:
            worked = next(self._works[0], None)
            if worked is None:
                self._works.pop(0)
            else:
                done += worked
        if not self._works:
            self._waiting_bytes = 0
