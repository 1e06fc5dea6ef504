"""Outboxes: what is written in one turn of the event loop leaves together."""

import asyncio
from collections.abc import Callable
from typing import Final

from monitor.loop.doing import DOING

# Where as much waits, it leaves before the turn is over: who is first waits for these.
MAX_PIECES: Final = 32
# A larger piece is worth a call of its own.
SMALL_BYTES: Final = 64 * 1024


class Outbox:
    """Small pieces for any connections, written at the end of the loop's turn.

    Each write may wake another process, on this core or another, which costs more than
    what is written; many at once find it awake. Whoever closes a connection, or ends
    its side of it, calls *flush* before. What *before* does is done before any piece of
    the turn leaves.
    """

    def __init__(self, before: Callable[[], None] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._before = before
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []
        self._is_due = False

    def put(self, transport: asyncio.Transport, content: bytes) -> None:
        """Write *content*, after all that was put before."""
        DOING.served += 1
        if len(content) > SMALL_BYTES:
            self.flush()
            transport.write(content)
            return
        self.soon()
        self._waiting.append((transport, content))
        if len(self._waiting) >= MAX_PIECES:
            self.flush()

    def soon(self) -> None:
        """Flush when the turn is over."""
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._turn_over)

    def _turn_over(self) -> None:
        self._is_due = False
        self.flush()

    def flush(self) -> None:
        if self._before is not None:
            self._before()
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for transport, content in waiting:
            # It may have been lost since, with all that was to be written.
            if not transport.is_closing():
                transport.write(content)
