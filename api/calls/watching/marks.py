"""The calls of /v1/marks."""

from typing import Any
from uuid import UUID

from aiohttp import web

from api.input import json_input, read
from api.input.errors import answer, nothing
from api.input.watching.mark_schemas import MARKS, NewMark
from api.output import lists
from api.parts import Parts
from api.rights import Right, caller_of, lacking, need
from monitor import times
from monitor.errors import Forbidden, NotFound
from monitor.logs.parameter import FIRST_YEAR, LAST_YEAR
from monitor.registry.mark import DeployMark


class MarkCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def create(self, request: web.Request) -> web.Response:
        """201; who comes with a service's key marks that service."""
        caller = await caller_of(request, self._parts)
        if caller.service_id is None and Right.MANAGE not in caller.rights:
            raise lacking(caller, Right.MANAGE)
        read.no_query(request)
        new, _ = await read.body(request, NewMark)
        service_id = await self._service(new)
        if caller.service_id is not None:
            if service_id not in (None, caller.service_id):
                raise Forbidden("a service key marks its own service only")
            service_id = caller.service_id
        if new.timestamp and not FIRST_YEAR <= new.timestamp.year <= LAST_YEAR:
            reason = f"must be from {FIRST_YEAR} to {LAST_YEAR}"
            raise json_input.invalid(("timestamp",), reason, "value_error")
        mark = await self._parts.stores.deploys.create(
            new.text, service_id=service_id, marked_at=new.timestamp
        )
        if mark is None:
            raise NotFound("there is no such service")
        return answer(shown(mark), status=201)

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        asked = read.query(request, MARKS)
        limit, offset = asked.pop("limit", 50), asked.pop("offset", 0)
        found, total = await self._parts.stores.deploys.page(
            limit=limit, offset=offset, **asked
        )
        items = [shown(mark) for mark in found]
        return answer(lists.envelope(items, total, limit, offset))

    async def delete(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "mark_id")
        if not await self._parts.stores.deploys.delete(id):
            raise NotFound("there is no such mark")
        return nothing()

    async def _service(self, new: NewMark) -> UUID | None:
        if new.service_id is not None:
            if new.service is not None:
                reason = "goes without service: one of them says which it is"
                raise json_input.invalid(("service_id",), reason, "value_error")
            return UUID(new.service_id)
        if new.service is None:
            return None
        found = await self._parts.stores.deploys.service_called(new.service)
        if found is None:
            raise NotFound("there is no service of that name")
        return found


def shown(mark: DeployMark) -> dict[str, Any]:
    return {
        "id": mark.id,
        "service_id": mark.service_id,
        "text": mark.text,
        "timestamp": times.format(mark.marked_at),
        "created_at": times.format(mark.created_at),
    }
