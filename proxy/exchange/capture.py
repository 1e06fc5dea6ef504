"""Captures: what is kept of an exchange while it passes."""

import asyncio
from dataclasses import replace
from time import perf_counter
from typing import Final
from urllib.parse import unquote_plus
from uuid import UUID

from monitor.traffic.exchange import PROXY, Body, Exchange, Failure, Source
from monitor.traffic.fields import HeadFields
from monitor.traffic.line import Lines
from monitor.traffic.message import Message, Messages
from proxy.exchange.stopwatch import Stopwatch
from proxy.http1.headers import text, values
from proxy.http1.request import Request
from proxy.http1.response import Answer
from proxy.messages.afterwards import Afterwards
from proxy.messages.tap import EventTap, MessageBounds, Tap, WebSocketTap
from proxy.routing.routing import Routed

# So many percent-encoded characters for each query parameter that may be kept apart.
CODED_EACH: Final = 5
# Of messages that are looked at while they pass: to mask more would hold others up.
LAST_BYTES: Final = 64 * 1024


class BodyCopy:
    """The first *limit* bytes of what passes, and the count of all."""

    __slots__ = ("_kept", "_limit", "size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: bytes | bytearray = b""
        self.size = 0

    def add(self, piece: bytes) -> None:
        size = len(piece)
        room = self._limit - self.size
        if room > 0:
            kept = piece if size <= room else piece[:room]
            if not self.size:
                self._kept = kept
            elif isinstance(self._kept, bytearray):
                self._kept += kept
            else:
                self._kept = bytearray(self._kept + kept)
        self.size += size

    def body(self) -> Body | None:
        """None where nothing passed."""
        if not self.size:
            return None
        return Body(kept=bytes(self._kept), size=self.size)


class Capture:
    """One exchange in the making. Times are of time.perf_counter()."""

    __slots__ = (
        "body_limit",
        "bounds",
        "ended",
        "failure",
        "head_sent",
        "id",
        "is_lasting",
        "replay_of",
        "request",
        "request_copy",
        "request_lines",
        "response_copy",
        "response_lines",
        "routed",
        "source_ip",
        "status_code",
        "stopwatch",
        "tap",
    )

    def __init__(
        self,
        request: Request,
        routed: Routed,
        *,
        id: UUID,
        source_ip: str,
        request_lines: Lines,
        bounds: MessageBounds,
        body_limit: int,
        replay_of: UUID | None,
    ) -> None:
        self.id = id
        self.request = request
        self.routed = routed
        self.source_ip = source_ip
        self.request_lines = request_lines
        self.bounds = bounds
        self.body_limit = body_limit
        self.replay_of = replay_of
        self.request_copy = BodyCopy(body_limit)
        self.response_copy = BodyCopy(body_limit)
        self.stopwatch = Stopwatch(began=request.began, turn=request.taken)
        self.status_code: int | None = None
        self.response_lines: Lines = []
        self.failure: Failure | None = None
        self.head_sent: float | None = None
        self.ended = 0.0
        # Upgrades and event streams last; their latency is that of their head.
        self.is_lasting = False
        self.tap: Afterwards | None = None

    def answered(self, answer: Answer) -> None:
        """The upstream's final head is here: what follows may be messages."""
        self.response_lines = answer.lines
        if answer.status == 101:
            self._tap_upgrade(answer.lines)
        elif answer.is_event_stream:
            coding = text(answer.lines, "content-encoding")
            bounds = self.bounds.within(self.body_limit)
            self._listen(EventTap(bounds, began=self.request.began, coding=coding))

    def sent(self, data: bytes) -> None:
        """Passed on to the upstream of a tunnel."""
        self.request_copy.add(data)
        if self.tap is not None:
            self.tap.sent(data, perf_counter())

    def received(self, data: bytes) -> None:
        """Of the response's body, or passed on to the client of a tunnel."""
        self.response_copy.add(data)
        if self.tap is not None:
            self.tap.received(data, perf_counter())

    @property
    def is_behind(self) -> bool:
        """Whether there is more to be read of what passed than one turn's work."""
        return self.tap is not None and self.tap.is_behind

    def _tap_upgrade(self, lines: Lines) -> None:
        """A WebSocket's frames are kept as messages, and not as bytes besides."""
        if "websocket" not in [value.lower() for value in values(lines, "upgrade")]:
            return
        extensions = text(lines, "sec-websocket-extensions")
        bounds = self.bounds.within(self.body_limit)
        self._listen(
            WebSocketTap(bounds, began=self.request.began, extensions=extensions)
        )
        self.request_copy = BodyCopy(0)
        self.response_copy = BodyCopy(0)

    def _listen(self, tap: Tap) -> None:
        self.tap = Afterwards(tap, soon=asyncio.get_running_loop().call_soon)

    def end(self) -> None:
        self.ended = perf_counter()

    def exchange(self) -> Exchange:
        """What there is to record, now that it has ended."""
        tap, now = self.tap, self.ended
        return self._as_of(
            now,
            sent=self.request_copy.body(),
            received=self.response_copy.body(),
            messages=None if tap is None else tap.messages(now),
        )

    def so_far(self, now: float, *, messages: int) -> Exchange:
        """What is known while it passes, without its bodies; of what is kept of its
        messages, the last *messages*."""
        read = None if self.tap is None else self.tap.so_far()
        if read is not None:
            read = replace(read, kept=_last(read.kept, messages))
        return self._as_of(now, sent=None, received=None, messages=read)

    def _as_of(
        self,
        now: float,
        *,
        sent: Body | None,
        received: Body | None,
        messages: Messages | None,
    ) -> Exchange:
        request, began = self.request, self.request.began
        upstream, target = self.routed.upstream, self.routed.target
        path, _, query = target.partition("?")
        # RFC 9112 3.2.4: the asterisk is no part of the URL.
        asked = "" if target == "*" else target
        answered = self.head_sent if self.is_lasting and self.head_sent else now
        return Exchange(
            id=self.id,
            service_id=self.routed.service.id,
            source=PROXY if self.replay_of is None else Source.REPLAY,
            method=request.method,
            url=f"{upstream.root}{asked}",
            path=path,
            client_url=request.client_url,
            query_params=_parameters(query, self.bounds.parameters) if query else {},
            status_code=self.status_code,
            latency_ms=(answered - began) * 1000,
            duration_ms=(now - began) * 1000 if self.is_lasting else None,
            error=None if self.failure is None else str(self.failure),
            source_ip=self.source_ip,
            request_headers=HeadFields(self.request_lines),
            response_headers=HeadFields(self.response_lines),
            request_body=sent,
            response_body=received,
            request_size=self.request_copy.size,
            response_size=self.response_copy.size,
            replay_of=self.replay_of,
            timings=self.stopwatch.timings(self.head_sent or now),
            messages=messages,
        )


def _last(kept: tuple[Message, ...], most: int) -> tuple[Message, ...]:
    """At most LAST_BYTES of them, but for one."""
    start, size = len(kept), 0
    while start > 0 and len(kept) - start < most:
        size += len(kept[start - 1].kept)
        if size > LAST_BYTES and start < len(kept):
            break
        start -= 1
    return kept[start:]


def _parameters(query: str, most: int) -> dict[str, str | list[str]]:
    """The first *most*, decoded as UTF-8; bytes that are none become U+FFFD.

    Fewer where their % are very many: each is taken apart on its own.
    """
    if query.count("&") >= most:
        query = "&".join(query.split("&", most)[:most])
    if query.count("%") > CODED_EACH * most:
        within = len(query) - len(query.split("%", CODED_EACH * most)[-1])
        query = query[: max(query.rfind("&", 0, within), 0)]
    if not query.isascii():
        query = query.encode("latin-1").decode("utf-8", "replace")
    parts = [part.partition("=") for part in query.split("&") if part]
    pairs = [(name, value) for name, _, value in parts]
    if "%" in query or "+" in query:
        pairs = [(_decoded(name), _decoded(value)) for name, value in pairs]
    found: dict[str, str | list[str]] = {}
    for name, value in pairs:
        before = found.get(name)
        if before is None:
            found[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            found[name] = [before, value]
    return found


def _decoded(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text
