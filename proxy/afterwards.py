"""How the reading of what passes waits until it has left."""

from collections.abc import Callable

from monitor.messages import Messages
from proxy.tap import Tap

Told = Callable[[bytes, float], None]
Soon = Callable[[Callable[[], None]], object]


class Afterwards:
    """Tells *tap* in the loop's next turn; *soon* is the loop's call_soon.

    What waits is what came in one turn.
    """

    def __init__(
        self, tap: Tap, *, soon: Callable[[Callable[[], None]], object]
    ) -> None:
        self._tap = tap
        self._soon = soon
        self._waiting: list[tuple[Told, bytes, float]] = []

    def sent(self, data: bytes, at: float) -> None:
        self._wait(self._tap.sent, data, at)

    def received(self, data: bytes, at: float) -> None:
        self._wait(self._tap.received, data, at)

    def messages(self, at: float) -> Messages:
        self._tell()
        return self._tap.messages(at)

    def _wait(self, told: Told, data: bytes, at: float) -> None:
        if not self._waiting:
            self._soon(self._tell)
        self._waiting.append((told, data, at))

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for told, data, at in waiting:
            told(data, at)
