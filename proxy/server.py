"""How clients are listened to."""

import socket
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiohttp.web import Server, StreamResponse

from proxy.front import Front, Unrouted
from proxy.request import Request, make_request

BACKLOG = 1024
MOST_HEADERS = 10_000
READ_BUFFER_BYTES = 64 * 1024


class Listener(Server):
    """Makes a Front for each connection."""

    def __init__(
        self,
        handle: Callable[[Request], Awaitable[StreamResponse]],
        *,
        head_limit: int,
        head_timeout_s: float,
        keepalive_s: float,
        unrouted: Unrouted,
    ) -> None:
        super().__init__(
            cast(Any, handle),
            request_factory=cast(Any, make_request),
            handler_cancellation=True,
        )
        self._front_options = {
            "head_limit": head_limit,
            "head_timeout_s": head_timeout_s,
            "unrouted": unrouted,
            "keepalive_timeout": keepalive_s,
            "access_log": None,
            "auto_decompress": False,
            "max_line_size": head_limit,
            "max_field_size": head_limit,
            "max_headers": MOST_HEADERS,
            "read_bufsize": READ_BUFFER_BYTES,
        }

    def __call__(self) -> Front:
        return Front(self, loop=self._loop, **cast(Any, self._front_options))

    def pre_shutdown(self) -> None:
        """Idle connections are closed; bodies in flight are still read."""
        for front in self.connections:
            cast(Front, front).drain_out()


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
