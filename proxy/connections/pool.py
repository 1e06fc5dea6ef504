"""Pools: which connections to upstreams are open, and when others are made."""

import asyncio
from collections import deque
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Final

from monitor.network.dns import Lookups
from monitor.registry.base_url import Upstream
from monitor.traffic.exchange import FailureCode
from proxy.connections.connecting import Connector
from proxy.connections.failures import Broken
from proxy.connections.upstream import HEAD_FIELDS, UpstreamConnection
from proxy.sockets.outbox import Outbox

# Whose connections: an Upstream's *connections*.
Kind = str
STALE: Final = "connection_stale"
AGED: Final = "connection_aged"


class Pool:
    """Keep-alive connections, for each kind at most *limit*, idle at most *idle_s*.

    One older than *age_s* takes no further exchange, so that a name that moved is
    followed. *count* is told what happens to them.

    Beyond *most* of all kinds an idle one makes room: what is in use has a client, and
    of those there are no more than the descriptors allow.
    """

    def __init__(
        self,
        *,
        limit: int,
        most: int,
        idle_s: float,
        head_limit: int,
        outbox: Outbox,
        head_fields: int = HEAD_FIELDS,
        lookups: Lookups | None = None,
        age_s: float = inf,
        count: Callable[[str], None] = lambda event: None,
    ) -> None:
        self._limit = limit
        self._most = most
        self._total = 0
        self._idle_s = idle_s
        self._age_s = age_s
        self._count = count
        self._lookups = lookups or Lookups()
        self._connector = Connector(
            lookups=self._lookups,
            head_limit=head_limit,
            head_fields=head_fields,
            outbox=outbox,
        )
        self._idle: dict[Kind, deque[tuple[UpstreamConnection, float]]] = {}
        self._open: dict[Kind, int] = {}
        self._waiting: dict[Kind, deque[asyncio.Future[None]]] = {}

    def reusable(
        self, upstream: Upstream, *, is_repeatable: bool = True
    ) -> UpstreamConnection | None:
        """The one used last, which is the least likely to have been given up.

        Where a request may not be repeated, it is looked whether it was.
        """
        kind = upstream.connections
        idle = self._idle.get(kind)
        if not idle:
            return None
        now = monotonic()
        while idle:
            connection, since = idle.pop()
            if self._may_be_used(connection, since, now):
                if is_repeatable or connection.is_quiet:
                    return connection
                self.note_stale()
            connection.close()
            self._gone(kind)
        return None

    def note_stale(self) -> None:
        """One that was idle turned out to be given up by the upstream."""
        self._count(STALE)

    def _may_be_used(
        self, connection: UpstreamConnection, since: float, now: float
    ) -> bool:
        if not connection.is_usable or now - since >= self._idle_s:
            return False
        if now - connection.made_at < self._age_s:
            return True
        self._count(AGED)
        return False

    async def acquire(
        self,
        upstream: Upstream,
        *,
        timeout_s: float,
        fresh: bool = False,
        is_repeatable: bool = True,
    ) -> tuple[UpstreamConnection, bool]:
        """A connection for one exchange, and whether it was used before.

        *fresh*: one that was not; *is_repeatable* as in *reusable*.

        Raises Broken: refused, no such name, no TLS, or not within *timeout_s*.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await self._wait_for_one(upstream, fresh, is_repeatable)
        except TimeoutError:
            text = f"no connection within {timeout_s:g} s"
            if self._lookups.hangs(upstream.host):
                text += f": the lookup of {upstream.host} hangs"
            raise Broken(FailureCode.CONNECT_TIMEOUT, text) from None

    def release(
        self, upstream: Upstream, connection: UpstreamConnection, *, may_stay: bool
    ) -> None:
        """Give a connection back; it is kept if another exchange may use it."""
        kind = upstream.connections
        connection.end()
        if may_stay and connection.is_usable and self._idle_s > 0:
            idle = self._idle.get(kind)
            if idle is None:
                idle = self._idle[kind] = deque()
            idle.append((connection, monotonic()))
            self._let_next(kind)
            return
        connection.close()
        self._gone(kind)

    def expire(self) -> None:
        """Close what has been idle for too long, or was closed by the upstream."""
        now = monotonic()
        for kind, idle in list(self._idle.items()):
            for _ in range(len(idle)):
                connection, since = idle.popleft()
                if self._may_be_used(connection, since, now):
                    idle.append((connection, since))
                else:
                    connection.close()
                    self._gone(kind)
            if not idle:
                del self._idle[kind]

    def close(self) -> None:
        for idle in self._idle.values():
            for connection, _ in idle:
                connection.close()
        self._idle.clear()

    async def _wait_for_one(
        self, upstream: Upstream, fresh: bool, is_repeatable: bool
    ) -> tuple[UpstreamConnection, bool]:
        """A new connection, or one that is given back while there may be no other."""
        kind = upstream.connections
        while self._open.get(kind, 0) >= self._limit:
            idle = self._idle.get(kind)
            if idle and fresh:
                idle.popleft()[0].close()
                self._gone(kind)
                continue
            reused = self.reusable(upstream, is_repeatable=is_repeatable)
            if reused is not None:
                return reused, True
            if self._open.get(kind, 0) >= self._limit:
                await self._turn(kind)
        if self._total >= self._most:
            self._make_room()
        self._open[kind] = self._open.get(kind, 0) + 1
        self._total += 1
        try:
            return await self._connector.connect(upstream), False
        except BaseException:
            self._gone(kind)
            raise

    def _make_room(self) -> None:
        """Of any kind; there is none where all are in use."""
        kind = next((kind for kind, idle in self._idle.items() if idle), None)
        if kind is not None:
            self._idle[kind].popleft()[0].close()
            self._gone(kind)

    async def _turn(self, kind: Kind) -> None:
        """Until another exchange gives something back."""
        waiter = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(kind, deque())
        waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._let_next(kind)
            elif waiter in waiting:
                waiting.remove(waiter)
            raise

    def _gone(self, kind: Kind) -> None:
        self._total -= 1
        left = self._open.get(kind, 1) - 1
        if left > 0:
            self._open[kind] = left
        else:
            self._open.pop(kind, None)
        self._let_next(kind)

    def _let_next(self, kind: Kind) -> None:
        if not self._waiting:
            return
        waiting = self._waiting.get(kind)
        while waiting:
            waiter = waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._waiting.pop(kind, None)
