"""Outboxes: what is written in one turn of the event loop leaves together."""

import asyncio
from typing import Final

# Where as much waits, it leaves before the turn is over: who is first waits for these.
MAX_PIECES: Final = 32
# A larger piece is worth a call of its own.
SMALL_BYTES: Final = 16 * 1024


class Outbox:
    """Small pieces for any connections, written at the end of the loop's turn.

    Each write may wake another process, on this core or another, which costs more than
    what is written; many at once find it awake. Whoever closes a connection, or ends
    its side of it, calls *flush* before.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []

    def put(self, transport: asyncio.Transport, content: bytes) -> None:
        """Write *content*, after all that was put before."""
        if len(content) > SMALL_BYTES:
            self.flush()
            transport.write(content)
            return
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append((transport, content))
        if len(self._waiting) >= MAX_PIECES:
            self.flush()

    def flush(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for transport, content in waiting:
            # It may have been lost since, with all that was to be written.
            if not transport.is_closing():
                transport.write(content)
