"""How clients are listened to."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Final

from proxy.connections.client import ClientConnection, Limits, Serve
from proxy.sockets.outbox import Outbox

BACKLOG: Final = 1024


class Listener:
    """Makes a ClientConnection for each client, and knows all that stand."""

    def __init__(
        self,
        *,
        serve: Serve,
        unrouted: Callable[[str], None],
        limits: Limits,
        outbox: Outbox,
    ) -> None:
        self._serve = serve
        self._unrouted = unrouted
        self._limits = limits
        self._outbox = outbox
        self._servers: list[asyncio.Server] = []
        self._connections: set[ClientConnection] = set()

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        for bound in sockets:
            self._servers.append(
                await loop.create_server(self._make, sock=bound, backlog=BACKLOG)
            )

    def accept_no_more(self) -> None:
        for server in self._servers:
            server.close()

    def drain(self) -> None:
        """Idle connections end, what is asked is still answered."""
        for connection in list(self._connections):
            connection.drain_out()

    def close(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    def _make(self) -> ClientConnection:
        return ClientConnection(
            self._connections,
            serve=self._serve,
            unrouted=self._unrouted,
            limits=self._limits,
            outbox=self._outbox,
        )


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host.strip("[]"), port))
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound
