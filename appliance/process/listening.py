"""Sockets that clients come to: bound, served by a runner of aiohttp, drained, left."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiohttp.web import BaseRunner, SockSite

BACKLOG: Final = 1024


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


@asynccontextmanager
async def listening(
    runner: BaseRunner, sockets: Sequence[socket.socket]
) -> AsyncIterator[None]:
    """*runner* serves who comes to *sockets*, and drains as the block is left."""
    await runner.setup()
    try:
        for bound in sockets:
            await SockSite(runner, bound, backlog=BACKLOG).start()
        yield
    finally:
        await runner.cleanup()
