"""The live tail: each log once it is committed, in commit order (WHATWG HTML, SSE)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from api.ingest.intake import MAX_AHEAD
from api.input.errors import HEADERS
from api.output.log import shown_item
from api.parts import Parts
from api.rights import Right, need
from monitor.errors import (
    FieldError,
    Forbidden,
    InvalidInput,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from monitor.json.output import json_line
from monitor.logs.cursor import encode_cursor
from monitor.logs.filter import PAGE, LogFilter
from monitor.logs.parameter import refuse
from monitor.logs.query import parse_log_query
from monitor.search.reading import QueryReader
from monitor.traffic.ids import LogIds

# Other processes' commits are looked for this often; our own wake at once.
LOOK_EVERY_S = 1.0
PING_EVERY_S = 15.0
# Whether the client may still read.
CHECK_EVERY_S = 5.0
# A client that takes nothing for so long is gone.
SEND_TIMEOUT_S = 60.0
RETRY_MS = 2_000
CURSOR_IDS = LogIds()


class StreamCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._count = 0

    async def follow(self, request: web.Request) -> web.StreamResponse:
        """Events `log`, `gap` and `ping`, until the client leaves or we stop."""
        await need(request, self._parts, Right.READ)
        filter = _filter(request, self._parts.queries)
        await self._parts.stores.logs.check(filter)
        after = _last_event_id(request)
        with self._one_more():
            ends = await self._parts.stores.feed.ends()
            follower = Follower(self._parts, filter, request)
            if request.method == "HEAD":
                await follower.response.prepare(request)
                return follower.response
            position = ends.newest if after is None else after
            # A client may leave at any moment, before the head too.
            with suppress(ConnectionError, TimeoutError):
                await follower.begin()
                if not ends.oldest <= position <= ends.newest:
                    position = await follower.gap(position, ends.newest)
                await follower.follow(position)
        return follower.response

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        if self._count >= self._parts.settings.stream_limit:
            raise TooManyRequests("STREAM_LIMIT followers are there", retry_after_s=5)
        self._count += 1
        self._parts.counters.followers.inc()
        try:
            yield
        finally:
            self._count -= 1
            self._parts.counters.followers.dec()


class Follower:
    """One client. Nothing is held for it but what is being sent."""

    def __init__(self, parts: Parts, filter: LogFilter, request: web.Request) -> None:
        self._parts = parts
        self._filter = filter
        self._call = request
        self._sent_at = 0.0
        self.response = web.StreamResponse(
            headers={
                **HEADERS,
                "Content-Type": "text/event-stream; charset=utf-8",
                # nginx would hold events back.
                "X-Accel-Buffering": "no",
            }
        )

    async def begin(self) -> None:
        await self.response.prepare(self._call)
        await self._write(b"retry: %d\n\n" % RETRY_MS)

    async def follow(self, position: int) -> None:
        """Send what is committed after *position*, for as long as we serve."""
        loop = asyncio.get_running_loop()
        checked_at = loop.time()
        while self._call.transport is not None and not self._parts.state.is_draining:
            try:
                position = await self._send_after(position)
            except Unavailable:
                await asyncio.sleep(LOOK_EVERY_S)
            if loop.time() - self._sent_at > PING_EVERY_S:
                await self._send("ping", position, {})
            if loop.time() - checked_at > CHECK_EVERY_S:
                checked_at = loop.time()
                if not await self._may_read():
                    return
            await self._parts.stores.feed.news(LOOK_EVERY_S)

    async def _may_read(self) -> bool:
        """A token may be revoked meanwhile, a session ended."""
        try:
            await need(self._call, self._parts, Right.READ)
        except (Unauthorized, Forbidden):
            return False
        except Unavailable:
            # Without PostgreSQL there is nothing to send either.
            return True
        return True

    async def gap(self, position: int, newest: int) -> int:
        """Say that logs after *position* were missed; where to go on from."""
        self._parts.counters.stream_gaps.inc()
        await self._send(
            "gap",
            newest,
            {
                "missed": max(newest - position, 0),
                # Pushed logs may be dated ahead: the list from there has them too.
                "cursor": encode_cursor(CURSOR_IDS.at(datetime.now(UTC) + MAX_AHEAD)),
            },
        )
        return newest

    async def _send_after(self, position: int) -> int:
        while parts := await self._parts.stores.feed.after(position):
            if parts[0].position - len(parts[0].ids) > position:
                # What followed is forgotten already.
                ends = await self._parts.stores.feed.ends()
                return await self.gap(position, ends.newest)
            for part in parts:
                await self._send_part(part.position, part.ids)
                position = part.position
        return position

    async def _send_part(self, position: int, ids: tuple[Any, ...]) -> None:
        places = {id: position - len(ids) + n for n, id in enumerate(ids, start=1)}
        for item in await self._parts.stores.logs.among(ids, self._filter):
            await self._send("log", places[item.id], shown_item(item))

    async def _send(self, event: str, position: int, data: dict[str, Any]) -> None:
        content = json_line(data)
        await self._write(
            b"id: %d\nevent: %b\ndata: %b\n\n" % (position, event.encode(), content)
        )

    async def _write(self, content: bytes) -> None:
        """Raises TimeoutError where the client takes nothing."""
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await self.response.write(content)
        self._sent_at = asyncio.get_running_loop().time()


def _filter(request: web.Request, queries: QueryReader) -> LogFilter:
    filter, _ = parse_log_query(request.query.items(), queries)
    errors = [
        FieldError(("query", name), "a stream has no pages", "extra_forbidden")
        for name in request.query
        if name in PAGE
    ]
    refuse(errors)
    return filter


def _last_event_id(request: web.Request) -> int | None:
    """Where the client goes on (its last event's id); None for a first request."""
    text = request.headers.get("Last-Event-ID")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        reason = "must be the id of an event of this stream"
        error = FieldError(("header", "Last-Event-ID"), reason, "value_error")
        raise InvalidInput("the headers are not valid", errors=[error])
    return int(text)
