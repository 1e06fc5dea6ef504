"""Connecting: how a connection to an upstream is made."""

import asyncio
import errno
import socket
import ssl
from time import monotonic, perf_counter
from typing import Final

import aiohappyeyeballs

from monitor.network.dns import Addresses, Crowded, Lookups, is_literal
from monitor.network.tls import UPSTREAMS, trusting
from monitor.registry.base_url import Upstream
from monitor.traffic.exchange import FailureCode
from proxy.connections.failures import Broken
from proxy.connections.upstream import UpstreamConnection
from proxy.sockets.outbox import Outbox

# RFC 8305 5: how long an address is waited for before the next one is tried beside it.
NEXT_ADDRESS_S: Final = 0.25
# Of this process, and of this machine.
EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE})


class Connector:
    """Makes connections: the name's lookup, TCP or a Unix socket, TLS."""

    def __init__(
        self, *, lookups: Lookups, head_limit: int, head_fields: int, outbox: Outbox
    ) -> None:
        self._lookups = lookups
        self._head_limit = head_limit
        self._head_fields = head_fields
        self._outbox = outbox
        self._verified = trusting(UPSTREAMS)
        self._unverified = _unverified()

    async def connect(self, upstream: Upstream) -> UpstreamConnection:
        """Raises Broken: refused, no such name, no TLS."""
        try:
            return await self._connect(upstream)
        except Crowded as crowded:
            raise Broken(FailureCode.DNS, f"{upstream.host}: {crowded}") from None
        except (OSError, UnicodeError) as error:
            raise _broken(error, upstream) from None

    async def _connect(self, upstream: Upstream) -> UpstreamConnection:
        """TLS is begun apart, so that its time can be told from the connect's."""
        began = perf_counter()
        transport, connection = await self._reach(upstream)
        connected = perf_counter()
        connection.made_at = monotonic()
        connection.connect_s = connected - began
        if upstream.scheme == "https":
            await self._secure(transport, connection, upstream)
            connection.tls_s = perf_counter() - connected
        return connection

    async def _reach(
        self, upstream: Upstream
    ) -> tuple[asyncio.Transport, UpstreamConnection]:
        loop = asyncio.get_running_loop()
        if upstream.socket is not None:
            return await loop.create_unix_connection(self._make, upstream.socket)
        if is_literal(upstream.host):
            return await loop.create_connection(
                self._make, upstream.host, upstream.port
            )
        found = await self._lookups.addresses(upstream.host)
        if not found:
            raise socket.gaierror("there is none")
        connected = await aiohappyeyeballs.start_connection(
            _at_port(found, upstream.port),
            happy_eyeballs_delay=NEXT_ADDRESS_S,
            interleave=1,
        )
        try:
            return await loop.create_connection(self._make, sock=connected)
        except BaseException:
            connected.close()
            raise

    async def _secure(
        self,
        transport: asyncio.Transport,
        connection: UpstreamConnection,
        upstream: Upstream,
    ) -> None:
        context = self._verified if upstream.verify_tls else self._unverified
        left = Broken(
            FailureCode.TLS,
            f"{upstream.host}:{upstream.port} closed within the handshake",
        )
        if transport.is_closing():
            raise left
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport,
                connection,
                context,
                # RFC 6066 3: the name is told without a trailing dot.
                server_hostname=upstream.host.removesuffix("."),
            )
        except ssl.SSLError:
            raise
        except OSError:
            raise left from None
        assert secured is not None
        connection.connection_made(secured)
        connection.below = transport

    def _make(self) -> UpstreamConnection:
        return UpstreamConnection(
            head_limit=self._head_limit,
            head_fields=self._head_fields,
            outbox=self._outbox,
        )


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _at_port(found: Addresses, port: int) -> Addresses:
    return [
        (family, kind, protocol, name, (address[0], port, *address[2:]))
        for family, kind, protocol, name, address in found
    ]


def _broken(error: OSError | UnicodeError, upstream: Upstream) -> Broken:
    """Which failure it is. TimeoutError of the kernel is an OSError too.

    UnicodeError: the host has no form that DNS knows.
    """
    where = f"{upstream.host}:{upstream.port}"
    if upstream.socket is not None:
        where = "its Unix socket"
    match error:
        case ssl.SSLCertVerificationError():
            return Broken(FailureCode.TLS, f"{where}: {error.verify_message}")
        case ssl.SSLError():
            return Broken(FailureCode.TLS, f"{where}: {error.reason or 'no TLS'}")
        case socket.gaierror() | UnicodeError():
            return Broken(FailureCode.DNS, f"{upstream.host} has no address")
        case ConnectionRefusedError():
            return Broken(FailureCode.CONNECT_REFUSED, f"{where} refused")
        case TimeoutError():
            return Broken(FailureCode.CONNECT_TIMEOUT, f"{where} does not answer")
        case OSError():
            return _refused(error, where)


def _refused(error: OSError, where: str) -> Broken:
    """By the system, ours or the upstream's."""
    if error.errno in EXHAUSTED:
        text = "there are no file descriptors left to connect with"
        return Broken(FailureCode.NO_DESCRIPTORS, text)
    # Without a number it stands for several addresses' different ones.
    reason = error.strerror or "none of its addresses takes a connection"
    return Broken(FailureCode.CONNECT_REFUSED, f"{where}: {reason}")
