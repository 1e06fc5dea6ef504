"""The calls that send a recorded request again, and say how the answers differ."""

from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import orjson
from aiohttp import web

from api.input import read
from api.input.errors import answer, written
from api.input.replay_schemas import NewReplay
from api.output import lists
from api.output.comparisons import Comparisons
from api.output.received import Received, Reception
from api.output.replayed import AnswerBody
from api.parts import Parts
from api.rights import Right, caller_of, lacking, need
from monitor.errors import Forbidden, NotFound, Unavailable
from monitor.logs.display import header_object
from monitor.logs.log import LogDetail
from monitor.registry.table import Service
from monitor.replay.outgoing import Outgoing, Overrides, outgoing
from monitor.replay.replay import REPLAY_IDS, Replay, ReplayStatus
from monitor.replay.target import check_key, target_of
from monitor.traffic.exchange import Exchange, Source

OF_SERIES = "it is one of many that were sent together"
UNFINISHED = "comparing was not finished"


class Prepared(NamedTuple):
    detail: LogDetail
    service: Service
    out: Outgoing
    new: NewReplay


Asked = TypeVar("Asked", bound=NewReplay)


class ReplayCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._comparisons = Comparisons(parts)
        self._reception = Reception(parts)

    async def create(self, request: web.Request) -> web.Response:
        """201, the replay; a target that does not answer is `failed`, no error."""
        prepared, _ = await self.prepared(request, NewReplay)
        replay, received = await self.one(prepared)
        if replay.status_code is not None:
            replay = await self._comparisons.compared(
                replay, prepared.detail, received.answer
            )
        location = f"/v1/logs/{replay.log_id}/replays"
        return written(replay.to_json(), status=201, Location=location)

    async def prepared(
        self, request: web.Request, model: type[Asked]
    ) -> tuple[Prepared, Asked]:
        """What is to be sent, and how it was asked for."""
        caller = await caller_of(request, self._parts)
        if caller.service_id is None and Right.REPLAY not in caller.rights:
            raise lacking(caller, Right.REPLAY)
        read.no_query(request)
        id = read.id_in_path(request, "log_id")
        new = await read.optional_body(request, model)
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
        overrides = Overrides(
            method=new.override_method,
            headers=new.override_headers,
            body=new.override_body,
        )
        out = outgoing(detail, target, overrides)
        return Prepared(detail, target.service, out, new), new

    async def one(
        self, prepared: Prepared, *, of_series: bool = False
    ) -> tuple[Replay, Received]:
        """Sent once and stored, and not compared yet."""
        detail, service, out, new = prepared
        sent = await self._parts.sender.send(
            out,
            service,
            replay_of=detail.item.id,
            body_limit=self._reception.body_limit(service),
        )
        received = await self._reception.received(sent, service)
        body = await self._comparisons.body(received.answer, detail)
        problem = OF_SERIES if of_series else UNFINISHED
        replay = Replay(
            id=REPLAY_IDS.new(),
            log_id=detail.item.id,
            service_id=service.id,
            omitted_headers=out.omitted_headers,
            overridden=self._overridden(new, service),
            created_at=datetime.now(UTC),
            **_answered(received, body, problem),
        )
        await self._store(replay)
        return replay, received

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


def _answered(received: Received, body: AnswerBody, problem: str) -> dict[str, Any]:
    """The fields of a replay about its answer, not compared yet."""
    right = received.answer
    is_answered = right.status_code is not None
    return {
        "replay_log_id": received.log_id,
        "status": ReplayStatus.of(right.status_code),
        "status_code": right.status_code,
        "response_headers": header_object(right.headers),
        **body.fields,
        "response_body": body.text,
        "latency_ms": right.latency_ms,
        "error": received.error,
        "comparison_problem": problem if is_answered else None,
    }
