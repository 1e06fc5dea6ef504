"""Proxies: what happens to one request, from its head to its record."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, cast

from aiohttp.web import BaseRunner, Server, ServerRunner

from monitor.in_flight.open_exchange import OpenExchanges, OpenWish
from monitor.network.descriptors import shares
from monitor.network.dns import Lookups, Resolve
from monitor.redaction.redaction import Redaction
from monitor.registry.table import RoutingTable, Service
from monitor.replay import ticket
from monitor.replay.ticket import Tickets
from monitor.settings import Settings
from monitor.spool.segments import NOBODY
from monitor.spool.tally import EVENT, IN_FLIGHT, UNROUTED, Tally
from monitor.traffic.exchange import Exchange, Failure, FailureCode
from monitor.traffic.header_names import SERVICE
from monitor.traffic.ids import LogIds
from proxy.connections.client import ClientConnection, Limits
from proxy.connections.listener import ExchangeListener, Refused
from proxy.connections.pool import Pool
from proxy.connections.server import ProxyServer
from proxy.exchange.capture import Capture
from proxy.exchange.forwarder import Forwarder, Shared
from proxy.exchange.in_flight import look
from proxy.http1 import problems
from proxy.http1.request import Request
from proxy.messages.tap import MessageBounds
from proxy.routing import forwarding
from proxy.routing.routing import Routed, Unrouted, route
from proxy.routing.trust import Trust
from proxy.sockets.outbox import Outbox

EXPIRY_POLL_S: Final = 1.0
REPLAY: Final = ticket.HEADER.lower()
OF_REPLAYS: Final = frozenset({REPLAY, SERVICE})
REFUSALS: Final = {"connect": 405, "max_forwards": 405, "routes_unknown": 503}
# Where it is not to be passed on, nothing is left that could answer a request.
ADDED: Final = {
    "connect": "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n",
    "max_forwards": "Allow:\r\n",
    "routes_unknown": "Retry-After: 1\r\n",
}
LOOP: Final = Failure(FailureCode.LOOP, "it came through here before")
# What makes the copy of each exchange, and its service.
Record = Callable[[Sequence[tuple[Callable[[], Exchange], Service]]], object]


class Proxy:
    """Serves clients, and records what it served."""

    def __init__(
        self,
        *,
        settings: Settings,
        routes: Callable[[], RoutingTable],
        record: Record,
        ids: LogIds,
        tally: Tally,
        via: str,
        session_cookie: str,
        is_open: bool,
        tickets: Tickets,
        resolve: Resolve | None = None,
    ) -> None:
        """*resolve* stands for the system's resolver, where it is given."""
        self._settings = settings
        self._routes = routes
        self._record = record
        self._ids = ids
        self._tally = tally
        self._via = via.lower()
        self._session_cookie = session_cookie
        self._is_open = is_open
        self._tickets = tickets
        self._resolve = resolve
        self._trust = Trust(settings.trusted_proxies)
        self._bounds = MessageBounds(
            count=settings.capture_messages,
            parameters=settings.capture_parameters,
            each_bytes=settings.capture_message_limit,
            all_bytes=settings.capture_messages_bytes,
        )
        self._in_flight: set[Forwarder] = set()
        # Over, and not recorded yet.
        self._ended: list[Capture] = []

    def runner(self, *, timeout_s: float, grace_s: float = 0) -> BaseRunner:
        """For who has sockets, in the loop that runs.

        Its end waits *timeout_s* for exchanges in flight; *grace_s* as of ProxyServer.
        """
        settings = self._settings
        self._to_clients = Outbox(before=self._record_ended)
        self._to_upstreams = Outbox()
        allowed = shares(settings)
        self._pool = self._made_pool(most=allowed.upstreams)
        self._shared = Shared(
            pool=self._pool,
            cookie=self._session_cookie,
            idle_s=settings.keepalive_s,
            tunnel_idle_s=settings.tunnel_idle_s,
            event_idle_s=settings.event_stream_idle_s,
            ended=self._note_end,
            settle=self._to_clients.flush,
            over=self._over,
        )
        loop = asyncio.get_running_loop()
        self._expiring = loop.call_later(EXPIRY_POLL_S, self._expire)
        server = ProxyServer(
            outbox=self._to_clients,
            serve=self._serve,
            unrouted=self._count_unrouted,
            limits=Limits(
                connections=allowed.clients,
                head_bytes=settings.head_limit_bytes,
                head_fields=settings.head_limit_fields,
                head_timeout_s=settings.head_timeout_s,
                keepalive_s=settings.keepalive_s,
            ),
            finish=self._finish,
            grace_s=grace_s,
        )
        # All that the runner asks of one is what ProxyServer has.
        return ServerRunner(cast(Server, server), shutdown_timeout=timeout_s)

    def _made_pool(self, *, most: int) -> Pool:
        settings = self._settings
        return Pool(
            outbox=self._to_upstreams,
            limit=settings.upstream_connections,
            most=most,
            idle_s=settings.upstream_idle_s,
            head_limit=settings.head_limit_bytes,
            head_fields=settings.head_limit_fields,
            lookups=Lookups(
                per_name=settings.lookups_per_name,
                at_once=settings.lookups_at_once,
                resolve=self._resolve,
                count=self._count_event,
            ),
            age_s=settings.upstream_age_s,
            count=self._count_event,
        )

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    def look(self, wish: OpenWish, redaction: Redaction) -> OpenExchanges:
        """What is in flight, masked by *redaction*."""
        return look(self._in_flight, wish, redaction)

    async def _finish(self, timeout_s: float) -> None:
        """Let exchanges in flight finish, then break them off."""
        self._expiring.cancel()
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._in_flight and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        for passing in list(self._in_flight):
            passing.break_off(Failure(FailureCode.SHUTDOWN, "the proxy was stopped"))
        self._to_clients.flush()
        self._pool.close()

    def _expire(self) -> None:
        self._pool.expire()
        loop = asyncio.get_running_loop()
        self._expiring = loop.call_later(EXPIRY_POLL_S, self._expire)

    def _serve(
        self, client: ClientConnection, request: Request
    ) -> ExchangeListener | Refused:
        found = self._route(request)
        if isinstance(found, Unrouted):
            return self._refused(request, found)
        passing = self._passing(client, request, found)
        self._in_flight.add(passing)
        self._tally.add(found.service.id, IN_FLIGHT)
        return passing

    def _passing(
        self, client: ClientConnection, request: Request, routed: Routed
    ) -> Forwarder:
        is_trusted = self._trust.covers(request.peer)
        head = forwarding.request_head(
            request,
            routed,
            via=self._via,
            cookie=self._session_cookie,
            is_trusted=is_trusted,
        )
        capture = self._capture(request, routed)
        if self._is_loop(request):
            capture.failure = LOOP
        return Forwarder(
            self._shared,
            client=client,
            capture=capture,
            head=head,
            is_trusted=is_trusted,
        )

    def _route(self, request: Request) -> Routed | Unrouted:
        if request.method == "CONNECT":
            return Unrouted("connect", "CONNECT is not served here")
        if request.hops == 0:
            return Unrouted("max_forwards", "Max-Forwards lets it go no further")
        named = request.text(SERVICE)
        if named is not None:
            named = named.encode("latin-1").decode("utf-8", "replace")
        return route(
            self._routes(), host=request.authority, target=request.target, named=named
        )

    def _refused(self, request: Request, unrouted: Unrouted) -> Refused:
        """No service, so no log: counted, and said in words."""
        self._count_unrouted(unrouted.reason)
        status = REFUSALS.get(unrouted.reason, 404)
        detail = unrouted.detail
        if status == 404 and self._is_open:
            slugs = ", ".join(s.slug for s in self._routes().services[:50])
            detail += f"; registered: {slugs}" if slugs else "; none is registered"
        is_head = request.method == "HEAD"
        lines, body = problems.problem(status, unrouted.reason, detail, is_head=is_head)
        lines += ADDED.get(unrouted.reason, "")
        keeps_alive = status == 404 and request.keeps_alive and not request.has_body
        if not keeps_alive:
            lines += problems.CLOSE
        return Refused(problems.answer(status, lines, body), keeps_alive)

    def _capture(self, request: Request, routed: Routed) -> Capture:
        service = routed.service
        limit = service.body_limit
        if limit is None:
            limit = self._settings.capture_body_limit
        id = self._ids.new()
        lines = request.fields.lines
        replay_of = None
        if REPLAY in request.named:
            replay_of = self._tickets.claim(request.text(REPLAY) or "", id)
            if replay_of is not None:
                # Ours, not the client's; and spent.
                lines = [found for found in lines if found.lower not in OF_REPLAYS]
        return Capture(
            request,
            routed,
            id=id,
            source_ip=self._trust.client_address(
                request.peer, request.named.get("x-forwarded-for")
            ),
            request_lines=lines,
            bounds=self._bounds,
            body_limit=limit,
            replay_of=replay_of,
        )

    def _is_loop(self, request: Request) -> bool:
        """RFC 9110 7.6.3: our own pseudonym has been here."""
        via = request.named.get("via")
        return via is not None and any(self._via in value.lower() for value in via)

    def _note_end(self, capture: Capture) -> None:
        """Called exactly once for each routed exchange, before its end is sent."""
        self._ended.append(capture)
        self._to_clients.soon()

    def _record_ended(self) -> None:
        """All that ended in one turn, one after the other, before their ends leave.

        Each finds in the processor's caches what the last one has needed; between two
        steps of passing, it would not, nor would the step behind it. Upstreams work on
        what is asked of them meanwhile.
        """
        if self._ended:
            self._to_upstreams.flush()
            ended, self._ended = self._ended, []
            self._record([(one.exchange, one.routed.service) for one in ended])

    def _over(self, passing: Forwarder) -> None:
        self._in_flight.discard(passing)
        self._tally.add(passing.service_id, IN_FLIGHT, -1)

    def _count_event(self, event: str) -> None:
        self._tally.add(NOBODY, f"{EVENT}{event}")

    def _count_unrouted(self, reason: str) -> None:
        self._tally.add(NOBODY, f"{UNROUTED}{reason}")
