"""Logins: which connections to upstreams are one client's alone.

NTLM and Negotiate (RFC 4559) log a connection in, not a request: whoever else asked on
it would be answered as that client.
"""

from monitor.registry.base_url import Upstream
from proxy.connections.pool import Kind, Pool
from proxy.connections.upstream import UpstreamConnection
from proxy.http1 import headers
from proxy.http1.response import Answer


def are_offered(answer: Answer) -> bool:
    return headers.log_in(answer.lines, "www-authenticate")


class Own:
    """The connections of one client, idle between its requests."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._connections: dict[Kind, tuple[Upstream, UpstreamConnection]] = {}

    def take(
        self, upstream: Upstream, *, is_repeatable: bool
    ) -> UpstreamConnection | None:
        found = self._connections.pop(upstream.connections, None)
        if found is None:
            return None
        connection = found[1]
        if connection.is_usable and (is_repeatable or connection.is_quiet):
            return connection
        self._pool.note_stale()
        self._pool.release(upstream, connection, may_stay=False)
        return None

    def keep(self, upstream: Upstream, connection: UpstreamConnection) -> None:
        connection.end()
        if connection.is_usable:
            self._connections[upstream.connections] = upstream, connection
        else:
            self._pool.release(upstream, connection, may_stay=False)

    def close(self) -> None:
        for upstream, connection in self._connections.values():
            self._pool.release(upstream, connection, may_stay=False)
        self._connections.clear()
