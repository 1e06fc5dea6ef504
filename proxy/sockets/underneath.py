"""Underneath TLS: how what came before a reset is read through it.

A loop's protocol of TLS stands on a transport of its own. Where a write to that fails,
it is told so, and what its socket holds would be lost with it.
"""

import asyncio
from typing import Any, cast

from proxy.sockets import kernel


class Underneath(asyncio.BufferedProtocol):
    """Between a transport and its protocol of TLS, for which it reads to the end."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        # Of each loop an own one, with what BufferedProtocol has.
        self._above: Any = transport.get_protocol()
        transport.set_protocol(cast(asyncio.BaseProtocol, self))

    def get_buffer(self, sizehint: int) -> Any:
        return self._above.get_buffer(max(sizehint, kernel.READ_BYTES))

    def buffer_updated(self, nbytes: int) -> None:
        self._above.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        return cast("bool | None", self._above.eof_received())

    def pause_writing(self) -> None:
        self._above.pause_writing()

    def resume_writing(self) -> None:
        self._above.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            for data in kernel.unread(self._transport):
                self._feed(data)
        self._above.connection_lost(exc)

    def _feed(self, data: bytes) -> None:
        while data:
            buffer = memoryview(self._above.get_buffer(len(data)))
            size = min(len(data), len(buffer))
            buffer[:size] = data[:size]
            self._above.buffer_updated(size)
            data = data[size:]
