"""The calls that send a recorded request again, and say how the answers differ."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web

from api.input import read
from api.input.errors import answer, written
from api.input.replay_schemas import NewReplay
from api.output import lists
from api.output.comparisons import Comparisons
from api.output.replayed import (
    AnswerBody,
)
from api.parts import Parts
from api.rights import Right, caller_of, lacking, need
from monitor.compare.answers import RecordedAnswer, answer_of
from monitor.errors import Forbidden, NotFound, Unavailable
from monitor.logs.display import header_object
from monitor.logs.log import LogDetail, StoredBody
from monitor.registry.table import Service
from monitor.replay.outgoing import Overrides, outgoing
from monitor.replay.replay import REPLAY_IDS, Replay, ReplayStatus
from monitor.replay.sender import Sent
from monitor.replay.target import check_key, target_of
from monitor.traffic.exchange import Exchange, Source
from monitor.traffic.fields import plain

RECORDED_WITHIN_S = 5.0
UNFINISHED = "comparing was not finished"


@dataclass(frozen=True, slots=True)
class Received:
    """What a replay was answered: masked, like all that is stored."""

    log_id: UUID | None
    answer: RecordedAnswer
    error: str | None


class ReplayCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._comparisons = Comparisons(parts)

    async def create(self, request: web.Request) -> web.Response:
        """201, the replay; a target that does not answer is `failed`, no error."""
        caller = await caller_of(request, self._parts)
        if caller.service_id is None and Right.REPLAY not in caller.rights:
            raise lacking(caller, Right.REPLAY)
        read.no_query(request)
        id = read.id_in_path(request, "log_id")
        new = await read.optional_body(request, NewReplay)
        detail = await self._log(id)
        if caller.service_id not in (None, detail.item.service_id):
            raise Forbidden("a service key replays logs of its own service only")
        target = target_of(
            detail.item,
            self._parts.routes(),
            override_url=new.override_url,
            service_id=None if new.service_id is None else UUID(new.service_id),
        )
        check_key(target, caller.service_id)
        out = outgoing(
            detail,
            target,
            Overrides(
                method=new.override_method,
                headers=new.override_headers,
                body=new.override_body,
            ),
        )
        sent = await self._parts.sender.send(
            out,
            target.service,
            replay_of=id,
            body_limit=self._body_limit(target.service),
        )
        received = await self._received(sent, target.service)
        body = await self._comparisons.body(received.answer, detail)
        replay = Replay(
            id=REPLAY_IDS.new(),
            log_id=id,
            service_id=target.service.id,
            omitted_headers=out.omitted_headers,
            overridden=self._overridden(new, target.service),
            created_at=datetime.now(UTC),
            **_answered(received, body),
        )
        await self._store(replay)
        if replay.status_code is not None:
            replay = await self._comparisons.compared(replay, detail, received.answer)
        location = f"/v1/logs/{id}/replays"
        return written(replay.to_json(), status=201, Location=location)

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        id = read.id_in_path(request, "log_id")
        limit, offset = read.page(request)
        await self._log(id)
        page = await self._parts.stores.replays.page(id, limit=limit, offset=offset)
        items = orjson.Fragment(b"[" + b",".join(page.documents) + b"]")
        envelope = lists.envelope(items, page.total, limit, offset)
        return answer({**envelope, "complete": page.complete})

    async def _log(self, id: UUID) -> LogDetail:
        detail = await self._parts.stores.logs.get(id)
        if detail is None:
            raise NotFound("there is no such log")
        return detail

    def _body_limit(self, service: Service) -> int:
        if service.body_limit is not None:
            return service.body_limit
        return self._parts.settings.capture_body_limit

    async def _received(self, sent: Sent, service: Service) -> Received:
        """As it was recorded; where it was not, as it came, masked the same way."""
        recorded = None
        if sent.log_id is not None and service.is_recording:
            recorded = await self._recorded(sent.log_id)
        if recorded is None:
            return Received(None, self._unrecorded(sent, service), sent.error)
        error = sent.error or recorded.item.error
        # What the proxy itself says of a failure is no answer of the upstream.
        found = replace(answer_of(recorded), status_code=sent.status_code)
        return Received(recorded.item.id, found, error)

    async def _recorded(self, id: UUID) -> LogDetail | None:
        """Once the feed tells of it; None where it does not in time."""
        stores = self._parts.stores
        try:
            async with asyncio.timeout(RECORDED_WITHIN_S):
                while True:
                    # Asked for first: what is committed meanwhile is told, too.
                    news = stores.feed.coming()
                    if (detail := await stores.logs.get(id)) is not None:
                        return detail
                    await asyncio.wait([news])
        except (TimeoutError, Unavailable):
            return None

    def _unrecorded(self, sent: Sent, service: Service) -> RecordedAnswer:
        exchange = Exchange(
            id=self._parts.ids.new(),
            service_id=service.id,
            source=Source.REPLAY,
            method="",
            url="",
            path="",
            response_headers=sent.headers,
            response_body=sent.body,
        )
        masked = self._parts.redaction.apply(exchange, service.redact_fields)
        body = masked.response_body
        return RecordedAnswer(
            status_code=sent.status_code,
            headers=plain(masked.response_headers),
            body=StoredBody(
                content=body.kept if body else None,
                truncated=body.truncated if body else False,
                state=body.state if body else StoredBody(content=None).state,
                is_limited=body.is_limited if body else False,
            ),
            latency_ms=sent.latency_ms,
        )

    def _overridden(self, new: NewReplay, service: Service) -> dict[str, Any]:
        """What was given in place of the log's own, masked as what is recorded; of a
        body, how long it was."""
        fields = (new.override_headers or {}).items()
        exchange = Exchange(
            id=self._parts.ids.new(),
            service_id=service.id,
            source=Source.REPLAY,
            method="",
            url=new.override_url or "",
            path="",
            request_headers=tuple((k, v) for k, v in fields if v is not None),
        )
        masked = self._parts.redaction.apply(exchange, service.redact_fields)
        sent = header_object(masked.request_headers)
        body = new.override_body
        return {
            "method": new.override_method,
            "url": masked.url or None,
            "headers": {name: sent.get(name) for name, _ in fields} or None,
            "body_size": None if body is None else len(body.encode()),
        }

    async def _store(self, replay: Replay) -> None:
        try:
            await self._parts.stores.replays.add(replay)
        except Unavailable:
            raise Unavailable(
                "PostgreSQL is away: the request was sent, its replay is not stored",
                retry_after_s=1,
            ) from None


def _answered(received: Received, body: AnswerBody) -> dict[str, Any]:
    """The fields of a replay about its answer, not compared yet."""
    right = received.answer
    is_answered = right.status_code is not None
    return {
        "replay_log_id": received.log_id,
        "status": ReplayStatus.SUCCESS if is_answered else ReplayStatus.FAILED,
        "status_code": right.status_code,
        "response_headers": header_object(right.headers),
        **body.fields,
        "response_body": body.text,
        "latency_ms": right.latency_ms,
        "error": received.error,
        "comparison_problem": UNFINISHED if is_answered else None,
    }
