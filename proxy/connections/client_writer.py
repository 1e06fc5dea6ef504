"""Writing to a client: its answers, a byte ahead of one, and how they end."""

import asyncio
from enum import Enum, auto
from typing import Final

from monitor.network.sockets import RESET
from proxy.sockets.outbox import Outbox

# Of each head that is sent to a client.
FIRST_BYTE: Final = b"H"


class Written(Enum):
    """What was written since the last request began."""

    NOTHING = auto()
    # Ahead of the answer: half_closed.py says why.
    FIRST_BYTE = auto()
    MORE = auto()


NOTHING: Final = Written.NOTHING
A_BYTE: Final = Written.FIRST_BYTE
MORE: Final = Written.MORE


class ClientWriter:
    """To the transport that it is given, as long as that stands."""

    __slots__ = ("_outbox", "_transport", "_written")

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._transport: asyncio.Transport | None = None
        self._written = NOTHING

    def attach(self, transport: asyncio.Transport | None) -> None:
        self._transport = transport

    @property
    def transport(self) -> asyncio.Transport | None:
        """With nothing left to be written, for who takes it over or ends it."""
        self._outbox.flush()
        return self._transport

    def begin(self) -> None:
        """Another answer."""
        self._written = NOTHING

    def write(self, content: bytes) -> None:
        if self._transport is None:
            return
        if self._written is not MORE:
            if self._written is A_BYTE:
                content = content[1:]
            self._written = MORE
        self._outbox.put(self._transport, content)

    def write_a_byte_ahead(self) -> None:
        """The first of an answer that is not known yet."""
        if self._written is NOTHING:
            self.write(FIRST_BYTE)
            self._written = A_BYTE

    def break_off(self) -> None:
        """So that what was sent is not taken for whole."""
        transport = self.transport
        if transport is None:
            return
        if self._written is not NOTHING:
            connection = transport.get_extra_info("socket")
            # A reset, not a FIN, which would end a body that has no length.
            connection.setsockopt(*RESET)
        transport.abort()

    def close(self) -> None:
        transport = self.transport
        if transport is not None:
            transport.close()

    def abort(self) -> None:
        transport = self.transport
        if transport is not None:
            transport.abort()
