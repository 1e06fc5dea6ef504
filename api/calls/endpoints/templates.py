"""The calls of /v1/services/{service_id}/endpoints."""

from typing import Any

from aiohttp import web

from api.input import read
from api.input.errors import answer
from api.input.service_schemas import NewTemplates
from api.output import lists
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.errors import NotFound
from monitor.logs.endpoints import TemplateChange


class TemplateCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        id = read.id_in_path(request, "service_id")
        limit, offset = read.page(request)
        found = await self._parts.stores.templates.templates(id)
        if found is None:
            raise NotFound("there is no such service")
        items = [
            {
                "template": one.template,
                "change_id": one.change_id,
                "is_answered": one.is_answered,
            }
            for one in found[offset : offset + limit]
        ]
        return answer(lists.envelope(items, len(found), limit, offset))

    async def set(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "service_id")
        new, _ = await read.body(request, NewTemplates)
        templates = list(dict.fromkeys(new.templates))
        change = await self._parts.stores.templates.set(id, templates)
        if change is None:
            raise NotFound("there is no such service")
        return answer(_shown(change), status=201)

    async def history(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        id = read.id_in_path(request, "service_id")
        limit, offset = read.page(request)
        found = await self._parts.stores.templates.history(
            id, limit=limit, offset=offset
        )
        if found is None:
            raise NotFound("there is no such service")
        changes, total, is_renaming = found
        items = [_shown(change) for change in changes]
        envelope = lists.envelope(items, total, limit, offset)
        return answer({**envelope, "is_renaming": is_renaming})

    async def undo(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "service_id")
        change_id = read.id_in_path(request, "change_id")
        return answer(_shown(await self._parts.stores.templates.undo(id, change_id)))


def _shown(change: TemplateChange) -> dict[str, Any]:
    return {
        "id": change.id,
        "service_id": change.service_id,
        "templates": list(change.templates),
        "created_at": times.format(change.created_at),
        "undone_at": change.undone_at and times.format(change.undone_at),
    }
