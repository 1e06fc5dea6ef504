"""Reading: when a connection is, not while its peer is full, nor with work left.

What comes in one piece may be much work: many chunks, heads, frames. A part is done in
one turn of the event loop, then the connection is left unread, and *go_on* is called in
the next turn, behind what the others have to do.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from monitor.loop.doing import DOING, READ_ON

# More is waiting behind such a piece, which the loop would read in the same turn.
LARGE_BYTES: Final = 128 * 1024


class Reading:
    """Of one transport; *attach* says which."""

    __slots__ = ("_go_on", "_is_held", "_is_paused", "_transport", "is_behind")

    def __init__(self, go_on: Callable[[], None]) -> None:
        self._go_on = go_on
        self._transport: asyncio.Transport | None = None
        self._is_held = False
        self._is_paused = False
        # Whether *go_on* is going to be called.
        self.is_behind = False

    def attach(self, transport: asyncio.Transport | None) -> None:
        self._transport = transport
        self._is_paused = False

    def leave(self) -> None:
        """For good: its owner is held no longer, and needs no collector to be freed."""
        self.attach(None)
        self._go_on = _nothing

    def take_over(self) -> None:
        """Another had the transport, and may have left it paused, or not."""
        if self._transport is not None:
            self._is_paused = not self._transport.is_reading()
            self._settle()

    def hold(self) -> None:
        """Its peer takes no more for now."""
        self._is_held = True
        self._settle()

    def release(self) -> None:
        self._is_held = False
        self._settle()

    def later(self) -> None:
        """There is more to do with what has come: in the next turn."""
        if not self.is_behind:
            self.is_behind = True
            self._settle()
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self.is_behind = False
        before = DOING.turn_to(READ_ON)
        self._go_on()
        DOING.turn_to(before)
        if not self.is_behind:
            self._settle()

    def _settle(self) -> None:
        is_wanted = self._is_held or self.is_behind
        transport = self._transport
        if is_wanted == self._is_paused or transport is None or transport.is_closing():
            return
        self._is_paused = is_wanted
        if is_wanted:
            transport.pause_reading()
        else:
            transport.resume_reading()


def _nothing() -> None:
    """Nobody reads on."""
