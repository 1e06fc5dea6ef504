"""The call that sends a request from scratch to a registered service."""

from datetime import UTC, datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from aiohttp import web

from api.input import read
from api.input.errors import answer
from api.input.replay_schemas import NewRequest
from api.output.received import Received, Reception
from api.parts import Parts
from api.rights import Right, caller_of, lacking
from monitor import times
from monitor.logs.display import header_object
from monitor.registry.table import Service
from monitor.replay.outgoing import Outgoing, fresh
from monitor.replay.replay import ReplayStatus
from monitor.replay.target import check_key, target_in
from monitor.replay.ticket import NO_LOG


class Prepared(NamedTuple):
    service: Service
    out: Outgoing


Asked = TypeVar("Asked", bound=NewRequest)


class RequestCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reception = Reception(parts)

    async def create(self, request: web.Request) -> web.Response:
        """201, what was answered; a target that does not answer is `failed`."""
        prepared, _ = await self.prepared(request, NewRequest)
        received = await self.one(prepared)
        return answer(
            {
                "log_id": received.log_id,
                "service_id": prepared.service.id,
                "status": ReplayStatus.of(received.answer.status_code),
                "status_code": received.answer.status_code,
                "response_headers": header_object(received.answer.headers),
                "latency_ms": received.answer.latency_ms,
                "error": received.error,
                "omitted_headers": prepared.out.omitted_headers,
                "created_at": times.format(datetime.now(UTC)),
            },
            status=201,
        )

    async def prepared(
        self, request: web.Request, model: type[Asked]
    ) -> tuple[Prepared, Asked]:
        """What is to be sent, and how it was asked for."""
        caller = await caller_of(request, self._parts)
        if caller.service_id is None and Right.REPLAY not in caller.rights:
            raise lacking(caller, Right.REPLAY)
        read.no_query(request)
        new, _ = await read.body(request, model)
        target = target_in(self._parts.routes(), UUID(new.service_id), new.url)
        check_key(target, caller.service_id)
        out = fresh(new.method, target, new.headers or {}, new.body)
        return Prepared(target.service, out), new

    async def one(self, prepared: Prepared) -> Received:
        """Sent once, and a log."""
        service, out = prepared
        sent = await self._parts.sender.send(
            out,
            service,
            replay_of=NO_LOG,
            body_limit=self._reception.body_limit(service),
        )
        return await self._reception.received(sent, service)
