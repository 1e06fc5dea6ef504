"""Leases: the connection that an exchange has, from the pool or its client's own."""

from enum import Enum, auto
from typing import Final

from monitor.registry.base_url import Upstream
from monitor.traffic.exchange import Failure, FailureCode
from proxy.connections.client import ClientConnection
from proxy.connections.logins import Own
from proxy.connections.pool import Pool
from proxy.connections.upstream import UpstreamConnection

# RFC 9110 9.2.2. A request of another method is never sent a second time.
IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


class Repeat(Enum):
    """When a request may be sent again."""

    # Not all of it was there as it was first sent.
    NEVER = auto()
    # Where the upstream says that it has not got it.
    UNTAKEN = auto()
    # Though nobody knows what became of it.
    LOST = auto()


NEVER: Final = Repeat.NEVER
UNTAKEN: Final = Repeat.UNTAKEN
LOST: Final = Repeat.LOST


def repeat_of(method: str, *, is_whole: bool) -> Repeat:
    """*is_whole*: all of the request goes with its head."""
    if not is_whole:
        return NEVER
    return LOST if method in IDEMPOTENT else UNTAKEN


class Lease:
    """Of connections to *upstream*, one after the other where the request is repeated.

    *is_login*: the connection is this client's alone.
    """

    __slots__ = (
        "_client",
        "_pool",
        "_timeout_s",
        "_upstream",
        "is_login",
        "repeat",
        "was_used",
    )

    def __init__(
        self,
        pool: Pool,
        client: ClientConnection,
        upstream: Upstream,
        *,
        timeout_s: float,
        is_login: bool,
    ) -> None:
        self._pool = pool
        self._client = client
        self._upstream = upstream
        self._timeout_s = timeout_s
        self.is_login = is_login
        self.repeat: Repeat = NEVER
        # Whether the connection had another exchange before.
        self.was_used = False

    def reusable(self) -> UpstreamConnection | None:
        """One that is idle."""
        own, is_repeatable = self._client.own, self.repeat is LOST
        connection = None
        if own is not None:
            connection = own.take(self._upstream, is_repeatable=is_repeatable)
            if connection is not None:
                self.is_login = True
        if connection is None:
            connection = self._pool.reusable(
                self._upstream, is_repeatable=is_repeatable
            )
        self.was_used = connection is not None
        return connection

    async def connection(self, *, fresh: bool) -> UpstreamConnection:
        """A new one, or (not *fresh*) one that is given back meanwhile. Raises
        Broken."""
        connection, self.was_used = await self._pool.acquire(
            self._upstream,
            timeout_s=self._timeout_s,
            fresh=fresh,
            is_repeatable=self.repeat is LOST,
        )
        return connection

    def may_repeat(self, connection: UpstreamConnection, failure: Failure) -> bool:
        """An idle connection may have been closed meanwhile (RFC 9112 9.3.1)."""
        return (
            self.was_used
            and self.repeat is LOST
            and not connection.has_answered
            and failure.code is FailureCode.UPSTREAM_RESET
        )

    def give_up(self, connection: UpstreamConnection) -> None:
        """It was idle, and turned out to be of no use."""
        self._pool.note_stale()
        self._pool.release(self._upstream, connection, may_stay=False)

    def give_back(
        self, connection: UpstreamConnection, *, may_stay: bool, keeps_alive: bool
    ) -> None:
        """*keeps_alive*: the client may ask again."""
        if not (self.is_login and may_stay and keeps_alive):
            may_stay = may_stay and not self.is_login
            self._pool.release(self._upstream, connection, may_stay=may_stay)
            return
        own = self._client.own
        if own is None:
            own = self._client.own = Own(self._pool)
        own.keep(self._upstream, connection)
