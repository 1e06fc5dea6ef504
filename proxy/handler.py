"""What happens to one request, from its head to its record."""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence

from aiohttp.web import StreamResponse

from monitor.counters import Counters
from monitor.exchange import Exchange, Failure, FailureCode
from monitor.ids import LogIds
from monitor.registry import RoutingTable, Service
from monitor.settings import Settings
from proxy import headers, problems
from proxy.capture import BodyCopy, Capture
from proxy.passing import Passing
from proxy.pool import Pool
from proxy.rewrite import Entrance
from proxy.routing import Routed, Unrouted, route, split_target
from proxy.server import Answered, Listener, Request

logger = logging.getLogger(__name__)

EXPIRY_POLL_S = 1.0
REFUSALS = {"connect": 405, "malformed": 400, "head_too_large": 431}
Record = Callable[[Exchange, Service], bool]


class Proxy:
    """Serves clients, and records what it served."""

    def __init__(
        self,
        *,
        settings: Settings,
        routes: Callable[[], RoutingTable],
        record: Record,
        ids: LogIds,
        counters: Counters,
        via: str,
        session_cookie: str,
        is_open: bool,
    ) -> None:
        self._settings = settings
        self._routes = routes
        self._record = record
        self._ids = ids
        self._counters = counters
        self._via = via.encode()
        self._session_cookie = session_cookie.encode()
        self._is_open = is_open
        self._is_stopping = False
        self._in_flight = 0
        self._servers: list[asyncio.Server] = []

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Serve on sockets that are bound and listening already."""
        settings = self._settings
        self._pool = Pool(
            limit=settings.upstream_connections,
            idle_s=settings.upstream_idle_s,
            head_limit=settings.head_limit_bytes,
        )
        self._listener = Listener(
            self._handle,
            head_limit=settings.head_limit_bytes,
            head_timeout_s=settings.head_timeout_s,
            keepalive_s=settings.keepalive_s,
            unrouted=self._count_unrouted,
        )
        loop = asyncio.get_running_loop()
        for bound in sockets:
            self._servers.append(await loop.create_server(self._listener, sock=bound))
        self._expiring = loop.call_later(EXPIRY_POLL_S, self._expire)

    async def stop(self, *, timeout_s: float) -> None:
        """Accept no more; let exchanges in flight finish, then break them off."""
        for server in self._servers:
            server.close()
        self._expiring.cancel()
        self._listener.pre_shutdown()
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._in_flight and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        self._is_stopping = True
        await self._listener.shutdown(0.5)
        while self._in_flight:
            await asyncio.sleep(0.01)
        self._pool.close()

    @property
    def in_flight(self) -> int:
        return self._in_flight

    def _expire(self) -> None:
        self._pool.expire()
        loop = asyncio.get_running_loop()
        self._expiring = loop.call_later(EXPIRY_POLL_S, self._expire)

    async def _handle(self, request: Request) -> StreamResponse:
        found = self._route(request)
        if isinstance(found, Unrouted):
            return self._refuse(request, found)
        capture = self._capture(request, found)
        self._in_flight += 1
        self._counters.in_flight.inc()
        passing = Passing(
            request=request,
            capture=capture,
            pool=self._pool,
            lines=self._request_lines(request, found),
            entrance=self._entrance(request, found),
            record=self._over,
            idle_s=self._settings.keepalive_s,
        )
        try:
            if self._is_loop(request):
                passing.refuse(Failure(FailureCode.LOOP, "it came through here before"))
            else:
                await passing.run()
        except asyncio.CancelledError:
            passing.break_off(self._why_cancelled())
            raise
        except ConnectionError:
            passing.break_off(_client_gone())
            raise
        finally:
            passing.break_off(Failure(FailureCode.INTERNAL, "the proxy failed"))
            self._in_flight -= 1
            self._counters.in_flight.dec()
        return Answered(keep_alive=passing.keeps_alive)

    def _route(self, request: Request) -> Routed | Unrouted:
        message, lines = request.message, request.lines
        hosts = headers.values(lines, b"host")
        if message.method == "CONNECT":
            return Unrouted("connect", "CONNECT is not served here")
        if len(hosts) > 1 or (not hosts and message.version.minor == 1):
            return Unrouted("malformed", "there must be one Host")
        if _size(request) > self._settings.head_limit_bytes:
            return Unrouted("head_too_large", "the head is over HEAD_LIMIT_BYTES")
        if _is_ambiguous(lines):
            return Unrouted("malformed", "the length of the body is ambiguous")
        host = hosts[0].decode("latin-1") if hosts else ""
        authority, target = split_target(message.path, host)
        named = headers.text(lines, b"x-monitor-service")
        return route(self._routes(), host=authority, target=target, named=named)

    def _refuse(self, request: Request, unrouted: Unrouted) -> StreamResponse:
        """No service, so no log: counted, and said in words."""
        self._count_unrouted(unrouted.reason)
        status = REFUSALS.get(unrouted.reason, 404)
        detail = unrouted.detail
        if status == 404 and self._is_open:
            slugs = ", ".join(s.slug for s in self._routes().services[:50])
            detail += f"; registered: {slugs}" if slugs else "; none is registered"
        is_head = request.message.method == "HEAD"
        lines, body = problems.problem(status, unrouted.reason, detail, is_head=is_head)
        if status == 405:
            lines.append((b"Allow", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"))
        keeps_alive = not request.message.should_close and status == 404
        keeps_alive = keeps_alive and request.body.is_eof()
        if not keeps_alive:
            lines.append((b"Connection", b"close"))
        reason = problems.reason(status)
        request.front.write(problems.head(status, reason, lines) + body)
        return Answered(keep_alive=keeps_alive)

    def _capture(self, request: Request, routed: Routed) -> Capture:
        service, message = routed.service, request.message
        limit = service.body_limit
        if limit is None:
            limit = self._settings.capture_body_limit
        peer = _peer(request)
        client_url = message.path
        if client_url.startswith("/") or client_url == "*":
            host = headers.text(request.lines, b"host") or ""
            client_url = f"http://{host}{message.path}"
        return Capture(
            id=self._ids.new(),
            routed=routed,
            method=message.method,
            client_url=client_url,
            source_ip=headers.client_address(
                peer, request.lines, self._settings.trusted_proxies
            ),
            request_lines=request.lines,
            began=request.began,
            request_copy=BodyCopy(limit),
            response_copy=BodyCopy(limit),
        )

    def _request_lines(self, request: Request, routed: Routed) -> headers.Lines:
        """The head's fields as they go upstream."""
        lines = headers.end_to_end(request.lines)
        lines = headers.without_cookie(lines, self._session_cookie)
        peer = _peer(request)
        if not headers.is_trusted(peer, self._settings.trusted_proxies):
            lines = headers.without_forwarded(lines)
        host = headers.text(request.lines, b"host") or ""
        host, _ = split_target(request.message.path, host)
        lines = headers.forwarded(
            lines, peer=peer, host=host, proto="http", prefix=routed.prefix
        )
        lines.append((b"Via", b"1.1 " + self._via))
        preserved = routed.service.preserve_host and host
        sent_host = host if preserved else routed.upstream.authority
        return headers.with_host(lines, sent_host.encode("latin-1", "replace"))

    def _entrance(self, request: Request, routed: Routed) -> Entrance:
        lines = request.lines
        host = headers.text(lines, b"host") or ""
        host, _ = split_target(request.message.path, host)
        proto = "http"
        if headers.is_trusted(_peer(request), self._settings.trusted_proxies):
            host = headers.text(lines, b"x-forwarded-host") or host
            proto = headers.text(lines, b"x-forwarded-proto") or proto
        return Entrance(proto=proto, host=host, prefix=routed.prefix)

    def _is_loop(self, request: Request) -> bool:
        """RFC 9110 7.6.3: our own pseudonym has been here."""
        return any(
            self._via in value for value in headers.values(request.lines, b"via")
        )

    def _over(self, capture: Capture) -> None:
        """Called exactly once for each routed exchange, before its end is sent."""
        service = capture.routed.service
        self._counters.finished.labels(service.slug).inc()
        if service.is_recording:
            self._record(capture.exchange(), service)

    def _why_cancelled(self) -> Failure:
        if self._is_stopping:
            return Failure(FailureCode.SHUTDOWN, "the proxy was stopped")
        return _client_gone()

    def _count_unrouted(self, reason: str) -> None:
        self._counters.unrouted.labels(reason).inc()


def _client_gone() -> Failure:
    return Failure(FailureCode.CLIENT_DISCONNECT, "the client went away")


def _peer(request: Request) -> str:
    peer = request.front.peername
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _size(request: Request) -> int:
    """The head's bytes: `name: value` and a line's end each."""
    fields = sum([len(name) + len(value) + 4 for name, value in request.lines])
    return len(request.message.path) + fields


def _is_ambiguous(lines: headers.Lines) -> bool:
    """RFC 9112 6.3: what two readers may frame differently is not passed on."""
    codings = headers.values(lines, b"transfer-encoding")
    lengths = headers.values(lines, b"content-length")
    if codings and (lengths or [c.lower() for c in codings] != [b"chunked"]):
        return True
    return len(lengths) > 1 or any(not length.isdigit() for length in lengths)
