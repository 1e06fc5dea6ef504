"""The calls of /v1/logs."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from aiohttp import web

from api import request
from api.errors import answer
from api.parts import Parts
from api.rights import Right, need, need_service
from api.schemas import NewLog
from monitor import times
from monitor.errors import FieldError, InvalidInput, NotFound, Unavailable
from monitor.exchange import Body, BodyState, Exchange, Source
from monitor.query import parse_log_query
from monitor.resources import LogDetail, LogItem, LogPage, ServiceResource
from monitor.shown import ShownBody, header_object, pairs, shown_body

MOST_AHEAD = timedelta(days=1)


class LogCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def ingest(self, call: web.Request) -> web.Response:
        """201 with the stored log, once it is committed."""
        timeout_s = self._parts.settings.ingest_timeout_s
        # Two limits, so that a client may take its time to send the body between them.
        try:
            async with asyncio.timeout(timeout_s):
                service_id = await need_service(call, self._parts)
        except TimeoutError:
            raise _no_answer("PostgreSQL did not answer in time") from None
        request.no_query(call)
        new, content = await request.body(call, NewLog)
        unknown = content.keys() - NewLog.model_fields.keys()
        self._parts.counters.ingest_ignored_fields.inc(len(unknown))
        try:
            async with asyncio.timeout(timeout_s):
                exchange = await self._exchange(service_id, new)
                await self._parts.writer.write(exchange)
        except TimeoutError:
            raise _no_answer(
                "PostgreSQL did not answer in time; the log may have been stored"
            ) from None
        detail = await self._parts.logs.get(exchange.id)
        if detail is None:
            raise NotFound("the service is gone")
        location = f"/v1/logs/{exchange.id}"
        return answer(shown_detail(detail), status=201, Location=location)

    async def list(self, call: web.Request) -> web.Response:
        await need(call, self._parts, Right.READ)
        filter, page = parse_log_query(call.query.items())
        return answer(_shown_page(await self._parts.logs.page(filter, page)))

    async def get(self, call: web.Request) -> web.Response:
        await need(call, self._parts, Right.READ)
        request.no_query(call)
        detail = await self._parts.logs.get(request.id_in_path(call, "log_id"))
        if detail is None:
            raise NotFound("there is no such log")
        return answer(shown_detail(detail))

    async def _exchange(self, service_id: UUID, new: NewLog) -> Exchange:
        """The pushed log, redacted: what comes out of here may touch a disk."""
        exchange = Exchange(
            id=await self._id(service_id, new.timestamp),
            service_id=service_id,
            source=Source.INGEST,
            method=new.method,
            url=new.url,
            path=new.path,
            query_params=new.query_params or {},
            status_code=new.status_code,
            latency_ms=new.latency_ms,
            error=new.error or None,
            source_ip=new.source_ip,
            tags=tuple(new.tags or ()),
            request_headers=new.request_headers or {},
            response_headers=new.response_headers or {},
            request_body=_body(new.request_body),
            response_body=_body(new.response_body),
        )
        fields = await self._redact_fields(service_id)
        return self._parts.redaction.apply(exchange, fields)

    async def _redact_fields(self, service_id: UUID) -> tuple[str, ...]:
        """Asked for where the routing table does not have the service yet.

        A service made on another machine has its keys at once, its route a moment
        later.
        """
        routed = self._parts.routes().by_id(service_id)
        if routed is not None:
            return routed.redact_fields
        return (await self._service(service_id)).redact_fields

    async def _id(self, service_id: UUID, moment: datetime | None) -> UUID:
        """An id for *moment*, or for now. Raises InvalidInput."""
        if moment is None:
            return self._parts.ids.new()
        now = datetime.now(UTC)
        if moment > now + MOST_AHEAD:
            raise _bad_time("is more than a day ahead")
        own = (await self._service(service_id)).retention_days
        days = self._parts.settings.retention_days if own is None else own
        if moment < now - timedelta(days=days):
            raise _bad_time(f"is older than the retention of {days} days")
        return self._parts.ids.at(moment)

    async def _service(self, id: UUID) -> ServiceResource:
        service = await self._parts.services.get(id)
        if service is None:
            raise NotFound("the service is gone")
        return service


def shown_item(item: LogItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "service_id": item.service_id,
        "service_name": item.service_name,
        "source": item.source,
        "timestamp": times.format(item.timestamp),
        "method": item.method,
        "url": item.url,
        "path": item.path,
        "query_params": item.query_params,
        "status_code": item.status_code,
        "latency_ms": item.latency_ms,
        "error": item.error,
        "source_ip": item.source_ip,
        "tags": item.tags,
        "request_size": item.request_size,
        "response_size": item.response_size,
    }


def shown_detail(detail: LogDetail) -> dict[str, Any]:
    """All of a log; bodies without their content coding, as far as that goes."""
    sent = shown_body(detail.request_body, detail.request_headers)
    received = shown_body(detail.response_body, detail.response_headers)
    return {
        **shown_item(detail.item),
        "client_url": detail.client_url,
        "duration_ms": detail.duration_ms,
        "replay_of": detail.replay_of,
        "request_headers": header_object(detail.request_headers),
        "request_headers_raw": pairs(detail.request_headers),
        **body_fields("request", sent),
        "response_headers": header_object(detail.response_headers),
        "response_headers_raw": pairs(detail.response_headers),
        **body_fields("response", received),
    }


def _shown_page(page: LogPage) -> dict[str, Any]:
    return {
        "items": [shown_item(item) for item in page.items],
        "total": page.total,
        "total_at_least": page.total_at_least,
        "limit": page.limit,
        "offset": page.offset,
        "next_cursor": page.next_cursor,
        "complete": page.complete,
    }


def body_fields(side: str, body: ShownBody) -> dict[str, Any]:
    """What /v1 shows of a body; *side* is request or response."""
    content: str | None = body.text
    if body.text is None and body.content is not None:
        content = base64.b64encode(body.content).decode()
    return {
        f"{side}_body": content,
        f"{side}_body_encoding": "utf-8" if body.text is not None else "base64",
        f"{side}_body_truncated": body.truncated,
        f"{side}_body_withheld": body.state is BodyState.WITHHELD,
    }


def _body(text: str | None) -> Body | None:
    if text is None:
        return None
    content = text.encode()
    return Body(kept=content, size=len(content))


def _bad_time(reason: str) -> InvalidInput:
    error = FieldError(("body", "timestamp"), reason, "value_error")
    return InvalidInput("the body is not valid", errors=[error])


def _no_answer(detail: str) -> Unavailable:
    return Unavailable(detail, retry_after_s=1)
