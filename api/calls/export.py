"""The calls that give logs in the formats of other tools."""

import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import orjson
from aiohttp import web

from api.input import read
from api.input.errors import HEADERS, answer
from api.output.details import Details
from api.parts import Parts
from api.rights import Right, need
from monitor.errors import NotFound, Unavailable
from monitor.export import har
from monitor.json.output import json_bytes
from monitor.logs.log import LogDetail
from monitor.logs.query import parse_export_query
from monitor.loop.giving_way import give_way
from monitor.traffic.message import Message

logger = logging.getLogger(__name__)

Written = Callable[[AsyncIterator[LogDetail]], AsyncIterator[bytes]]


class ExportCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._details = Details(parts.helpers)

    async def curl(self, request: web.Request) -> web.Response:
        """The recorded request as a command for a POSIX shell."""
        detail = await self._log(request)
        command = await self._details.curl(detail)
        return web.Response(text=command, content_type="text/plain", headers=HEADERS)

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
        self, request: web.Request, written: Written, content_type: str, ending: str
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
