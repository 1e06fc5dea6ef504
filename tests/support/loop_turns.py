"""How much of the event loop others get: counted, not timed."""

import asyncio


class Turns:
    """How many turns the loop has had."""

    def __init__(self) -> None:
        self.count = 0
        self._is_over = False
        self._tick()

    def _tick(self) -> None:
        self.count += 1
        if not self._is_over:
            asyncio.get_running_loop().call_soon(self._tick)

    def end(self) -> None:
        self._is_over = True
