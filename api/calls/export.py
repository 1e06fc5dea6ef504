"""The calls that give logs in the formats of other tools."""

import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from api.input import read
from api.input.errors import HEADERS, answer
from api.output.details import Details
from api.output.written import (
    Written,
    curl_text,
    fetch_text,
    httpie_text,
    httpx_text,
)
from api.parts import Parts
from api.rights import Right, need
from monitor.errors import NotFound, Unavailable
from monitor.export import har
from monitor.json.output import json_bytes
from monitor.logs.log import LogDetail, StoredBody
from monitor.logs.query import parse_export_query
from monitor.loop.giving_way import give_way
from monitor.traffic.message import Message

logger = logging.getLogger(__name__)

Stream = Callable[[AsyncIterator[LogDetail]], AsyncIterator[bytes]]


class ExportCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._details = Details(parts.helpers)

    async def curl(self, request: web.Request) -> web.Response:
        """The recorded request as a command for a POSIX shell."""
        return await self._as_text(request, curl_text)

    async def httpie(self, request: web.Request) -> web.Response:
        """The same for HTTPie."""
        return await self._as_text(request, httpie_text)

    async def httpx(self, request: web.Request) -> web.Response:
        """The recorded request as Python, with httpx."""
        return await self._as_text(request, httpx_text)

    async def fetch(self, request: web.Request) -> web.Response:
        """The recorded request as JavaScript, with fetch."""
        return await self._as_text(request, fetch_text, mark="//")

    async def request_body(self, request: web.Request) -> web.Response:
        """The body that was sent, decoded, as octets to be saved."""
        detail = await self._log(request)
        return await self._octets(
            detail, "request", detail.request_body, detail.request_headers
        )

    async def response_body(self, request: web.Request) -> web.Response:
        """The body that was answered, decoded, as octets to be saved."""
        detail = await self._log(request)
        return await self._octets(
            detail, "response", detail.response_body, detail.response_headers
        )

    async def _as_text(
        self,
        request: web.Request,
        write: Callable[[LogDetail], Written],
        *,
        mark: str = "#",
    ) -> web.Response:
        detail = await self._log(request)
        text = await self._details.request_text(write, detail, mark)
        return web.Response(text=text, content_type="text/plain", headers=HEADERS)

    async def _octets(
        self, detail: LogDetail, side: str, stored: StoredBody, headers: Any
    ) -> web.Response:
        """Whatever it says it is, no browser is to make anything of it but a file."""
        if stored.content is None:
            why = "is no longer kept" if stored.is_gone else "was not kept, or was none"
            raise NotFound(f"the {side} body {why}")
        name = f"{detail.item.id}-{side}.bin"
        return web.Response(
            body=await self._details.octets(detail, stored, headers),
            headers={
                **HEADERS,
                "Content-Type": "application/octet-stream",
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    async def har(self, request: web.Request) -> web.Response:
        """One log as a HAR archive."""
        detail = await self._log(request)
        entry = await self._entry(detail)
        log = {**har.head(), "entries": [orjson.Fragment(entry)]}
        return answer({"log": log})

    async def all_har(self, request: web.Request) -> web.StreamResponse:
        """Every log that the filter finds, as one HAR archive."""
        return await self._stream(request, self._as_har, "application/json", "har")

    async def all_lines(self, request: web.Request) -> web.StreamResponse:
        """The same, a log's detail a line."""
        return await self._stream(
            request, self._as_lines, "application/x-ndjson", "ndjson"
        )

    async def _log(self, request: web.Request) -> LogDetail:
        await need(request, self._parts, Right.READ)
        read.no_query(request)
        detail = await self._parts.stores.logs.get(read.id_in_path(request, "log_id"))
        if detail is None:
            raise NotFound("there is no such log")
        return detail

    async def _as_har(self, details: AsyncIterator[LogDetail]) -> AsyncIterator[bytes]:
        # {"log":{"version":…,"pages":[]  and then the entries as they come.
        yield json_bytes({"log": har.head()})[:-2] + b',"entries":['
        before = b""
        async for detail in details:
            yield before + await self._entry(detail)
            before = b",\n"
        yield b"]}}"

    async def _as_lines(
        self, details: AsyncIterator[LogDetail]
    ) -> AsyncIterator[bytes]:
        async for detail in details:
            yield await self._details.line(detail) + b"\n"

    async def _entry(self, detail: LogDetail) -> bytes:
        messages = await self._messages(detail)
        return await self._details.har(detail, messages)

    async def _messages(self, detail: LogDetail) -> list[Message]:
        if not detail.has_messages:
            return []
        return await self._parts.stores.messages.all(detail.item.id)

    async def _stream(
        self, request: web.Request, written: Stream, content_type: str, ending: str
    ) -> web.StreamResponse:
        """Where PostgreSQL goes away midway, the connection breaks: no faked end."""
        await need(request, self._parts, Right.READ)
        filter, cursor, limit = parse_export_query(
            request.query.items(), self._parts.queries
        )
        await self._parts.stores.logs.check(filter)
        # Fails before the head, if it is to fail at once.
        await self._parts.stores.feed.ends()
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        response = web.StreamResponse(
            headers={
                **HEADERS,
                "Content-Type": content_type,
                "Content-Disposition": (
                    f'attachment; filename="apimonitor-{moment}.{ending}"'
                ),
            }
        )
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        details = self._parts.stores.logs.all(filter, cursor=cursor, limit=limit)
        is_whole = False
        try:
            async for piece in written(details):
                await response.write(piece)
                # Neither what is read ahead nor what is written waits by itself.
                await give_way()
            is_whole = True
        except Unavailable as error:
            logger.warning("an export broke off", extra={"reason": error.detail})
        finally:
            # Whatever it was: a client must not take a part for the whole.
            if not is_whole and request.transport is not None:
                request.transport.abort()
        return response
