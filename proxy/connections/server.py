"""Server of the proxy: makes connections for a runner of aiohttp, and ends them."""

import asyncio
from collections.abc import Awaitable, Callable

from proxy.connections.client import ClientConnection, Limits, Serve
from proxy.sockets.outbox import Outbox


class ProxyServer:
    """Makes a ClientConnection for each client, and knows all that stand.

    Told to stop, it takes the requests of those that were accepted last for *grace_s*
    more, which is for where others go on accepting; then it has *finish* end the
    exchanges within a time, while idle connections end at once.
    """

    def __init__(
        self,
        *,
        serve: Serve,
        unrouted: Callable[[str], None],
        limits: Limits,
        outbox: Outbox,
        finish: Callable[[float], Awaitable[None]],
        grace_s: float,
    ) -> None:
        self._serve = serve
        self._unrouted = unrouted
        self._limits = limits
        self._outbox = outbox
        self._finish = finish
        self._grace_s = grace_s
        self._connections: set[ClientConnection] = set()

    # What a runner calls.

    def __call__(self) -> ClientConnection:
        return ClientConnection(
            self._connections,
            serve=self._serve,
            unrouted=self._unrouted,
            limits=self._limits,
            outbox=self._outbox,
        )

    def pre_shutdown(self) -> None:
        """Nothing is accepted any more; none is idle before its grace is over."""

    async def shutdown(self, within_s: float) -> None:
        """Let exchanges in flight finish; whatever is left is broken off."""
        await asyncio.sleep(self._grace_s)
        for connection in list(self._connections):
            connection.drain_out()
        await self._finish(within_s)
        for connection in list(self._connections):
            connection.abort()
        # Closed connections are told so in the loop's next round.
        await asyncio.sleep(0)
