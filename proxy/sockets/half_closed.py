"""Half-closed clients: whether one that has ended its side still listens.

A FIN does not tell: it comes from a client that has asked all it wants, and from one
that is gone. Its kernel tells once a byte reaches it: of one that is gone, it resets
the connection. The first byte of any answer is known before the answer is, so whoever
watches sends that ahead.
"""

import asyncio
import socket
from typing import Final

FIRST_LOOK_S: Final = 0.05
LOOK_S: Final = 1.0
# TCP_INFO begins with the state (linux/tcp.h); no loop reports it once reading ended.
TCP_CLOSE: Final = 7


def watch(transport: asyncio.Transport) -> None:
    """Abort *transport* once its other side is gone."""
    if hasattr(socket, "TCP_INFO"):
        loop = asyncio.get_running_loop()
        loop.call_later(FIRST_LOOK_S, _look, loop, transport)


def _look(loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
    if transport.is_closing():
        return
    connection = transport.get_extra_info("socket")
    if connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_CLOSE:
        transport.abort()
    else:
        loop.call_later(LOOK_S, _look, loop, transport)
