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
from monitor.replay import tickets
from monitor.replay.tickets import Tickets
from monitor.settings import Settings
from proxy import headers, problems
from proxy.answered import Answered
from proxy.asking import Asking
from proxy.capture import BodyCopy, Capture
from proxy.passing import Passing
from proxy.pool import Pool
from proxy.request import Request
from proxy.rewrite import Entrance
from proxy.routing import Routed, Unrouted, route
from proxy.server import Listener
from proxy.stopwatch import Stopwatch
from proxy.tap import Bounds
from proxy.trust import Trust

logger = logging.getLogger(__name__)

EXPIRY_POLL_S = 1.0
REPLAY = tickets.HEADER.lower().encode()
OF_REPLAYS = frozenset({REPLAY, b"x-monitor-service"})
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
        tickets: Tickets,
    ) -> None:
        self._settings = settings
        self._routes = routes
        self._record = record
        self._ids = ids
        self._counters = counters
        self._via = via.encode()
        self._session_cookie = session_cookie.encode()
        self._is_open = is_open
        self._tickets = tickets
        self._trust = Trust(settings.trusted_proxies)
        self._bounds = Bounds(
            count=settings.capture_messages,
            each_bytes=settings.capture_message_limit,
            all_bytes=settings.capture_messages_bytes,
        )
        self._in_flight: set[Passing] = set()
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

    async def stop(self, *, timeout_s: float, grace_s: float = 0) -> None:
        """Accept no more; let exchanges in flight finish, then break them off.

        Where others go on accepting, the requests of those that were accepted last are
        still taken for *grace_s*.
        """
        for server in self._servers:
            server.close()
        await asyncio.sleep(grace_s)
        self._expiring.cancel()
        self._listener.pre_shutdown()
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._in_flight and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        for passing in list(self._in_flight):
            passing.break_off(Failure(FailureCode.SHUTDOWN, "the proxy was stopped"))
        await self._listener.shutdown(0.5)
        while self._in_flight:
            await asyncio.sleep(0.01)
        self._pool.close()

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    def _expire(self) -> None:
        self._pool.expire()
        loop = asyncio.get_running_loop()
        self._expiring = loop.call_later(EXPIRY_POLL_S, self._expire)

    async def _handle(self, request: Request) -> StreamResponse:
        found = self._route(request)
        if isinstance(found, Unrouted):
            return self._refuse(request, found)
        capture = self._capture(request, found)
        passing = self._passing(request, capture)
        self._in_flight.add(passing)
        self._counters.in_flight.inc()
        try:
            if self._is_loop(request):
                passing.refuse(Failure(FailureCode.LOOP, "it came through here before"))
            else:
                await passing.run()
        except asyncio.CancelledError:
            passing.break_off(_client_gone())
            raise
        except ConnectionError:
            passing.break_off(_client_gone())
            raise
        finally:
            passing.break_off(Failure(FailureCode.INTERNAL, "the proxy failed"))
            self._in_flight.discard(passing)
            self._counters.in_flight.dec()
        return self._answered(request, keep_alive=passing.keeps_alive)

    def _passing(self, request: Request, capture: Capture) -> Passing:
        routed = capture.routed
        asking = Asking(
            request=request,
            capture=capture,
            pool=self._pool,
            lines=self._request_lines(request, routed),
            idle_s=self._settings.keepalive_s,
        )
        return Passing(
            request=request,
            capture=capture,
            asking=asking,
            entrance=self._entrance(request, routed),
            record=self._over,
        )

    def _answered(self, request: Request, *, keep_alive: bool) -> Answered:
        front = request.front
        return Answered(front.settle, keep_alive=keep_alive and not front.is_draining)

    def _route(self, request: Request) -> Routed | Unrouted:
        message, hosts = request.message, request.values(b"host")
        if message.method == "CONNECT":
            return Unrouted("connect", "CONNECT is not served here")
        if len(hosts) > 1 or (not hosts and message.version.minor == 1):
            return Unrouted("malformed", "there must be one Host")
        if _size(request) > self._settings.head_limit_bytes:
            return Unrouted("head_too_large", "the head is over HEAD_LIMIT_BYTES")
        if _is_ambiguous(request):
            return Unrouted("malformed", "the length of the body is ambiguous")
        authorities = {request.host, request.authority}
        if not all(headers.is_authority(authority) for authority in authorities):
            return Unrouted("malformed", "Host is no name with a port")
        named = request.values(b"x-monitor-service")
        return route(
            self._routes(),
            host=request.authority,
            target=request.target,
            named=b",".join(named).decode("utf-8", "replace") if named else None,
        )

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
        return self._answered(request, keep_alive=keeps_alive)

    def _capture(self, request: Request, routed: Routed) -> Capture:
        service, message = routed.service, request.message
        limit = service.body_limit
        if limit is None:
            limit = self._settings.capture_body_limit
        client_url = message.path
        if client_url.startswith("/") or client_url == "*":
            path = "" if client_url == "*" else client_url
            client_url = f"http://{request.host}{path}"
        id = self._ids.new()
        token = request.text(REPLAY)
        replay_of = self._tickets.claim(token, id) if token else None
        lines = request.lines
        if replay_of is not None:
            # Ours, not the client's; and spent.
            lines = [line for line in lines if line[0].lower() not in OF_REPLAYS]
        return Capture(
            id=id,
            routed=routed,
            replay_of=replay_of,
            method=message.method,
            client_url=client_url,
            source_ip=self._trust.client_address(request.peer, request.lines),
            request_lines=lines,
            began=request.began,
            stopwatch=Stopwatch(began=request.began, turn=request.taken),
            bounds=self._bounds.within(limit),
            request_copy=BodyCopy(limit),
            response_copy=BodyCopy(limit),
        )

    def _request_lines(self, request: Request, routed: Routed) -> headers.Lines:
        """The head's fields as they go upstream."""
        lines = headers.end_to_end(request.lines)
        if request.values(b"cookie"):
            lines = headers.without_cookie(lines, self._session_cookie)
        if not self._trust.covers(request.peer):
            lines = headers.without_forwarded(lines)
        host = request.authority
        lines = headers.forwarded(
            lines, peer=request.peer, host=host, proto="http", prefix=routed.prefix
        )
        minor = request.message.version.minor
        lines.append((b"Via", b"1.%d %b" % (minor, self._via)))
        preserved = routed.service.preserve_host and host
        sent_host = host if preserved else routed.upstream.authority
        return headers.with_host(lines, sent_host.encode("latin-1", "replace"))

    def _entrance(self, request: Request, routed: Routed) -> Entrance:
        host, proto = request.authority, "http"
        if self._trust.covers(request.peer):
            host = _first(request.text(b"x-forwarded-host")) or host
            proto = _first(request.text(b"x-forwarded-proto")) or proto
        return Entrance(proto=proto, host=host, prefix=routed.prefix)

    def _is_loop(self, request: Request) -> bool:
        """RFC 9110 7.6.3: our own pseudonym has been here."""
        return any(self._via in value for value in request.values(b"via"))

    def _over(self, capture: Capture) -> None:
        """Called exactly once for each routed exchange, before its end is sent."""
        service = capture.routed.service
        self._counters.finished.labels(service.slug).inc()
        if service.is_recording:
            self._record(capture.exchange(), service)

    def _count_unrouted(self, reason: str) -> None:
        self._counters.unrouted.labels(reason).inc()


def _client_gone() -> Failure:
    return Failure(FailureCode.CLIENT_DISCONNECT, "the client went away")


def _size(request: Request) -> int:
    """The head's bytes: `name: value` and a line's end each."""
    fields = sum([len(name) + len(value) + 4 for name, value in request.lines])
    return len(request.message.path) + fields


def _first(listed: str | None) -> str:
    """What the outermost of several proxies said."""
    return (listed or "").partition(",")[0].strip()


def _is_ambiguous(request: Request) -> bool:
    """RFC 9112 6.1, 6.3: what two readers may frame differently is not passed on."""
    codings = request.values(b"transfer-encoding")
    lengths = request.values(b"content-length")
    if codings:
        is_known = [coding.lower() for coding in codings] == [b"chunked"]
        return bool(lengths) or not is_known or request.message.version.minor == 0
    return len(lengths) > 1 or any(not length.isdigit() for length in lengths)
