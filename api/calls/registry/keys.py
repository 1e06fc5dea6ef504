"""The calls of /v1/services/{service_id}/keys."""

from typing import Any

from aiohttp import web

from api.input import read
from api.input.errors import answer, nothing
from api.input.key_schemas import NewKey
from api.output import lists
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.errors import NotFound
from monitor.registry.resources import KeyResource


class KeyCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def create(self, request: web.Request) -> web.Response:
        """201 with the raw key, which is shown this once."""
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        service_id = read.id_in_path(request, "service_id")
        new, _ = await read.body(request, NewKey)
        key = await self._parts.stores.keys.create(service_id, new.name)
        if key is None:
            raise NotFound("there is no such service")
        content = {**_shown(key), "raw_key": key.raw_key}
        del content["last_used_at"]
        return answer(content, status=201)

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        service_id = read.id_in_path(request, "service_id")
        limit, offset = read.page(request)
        found = await self._parts.stores.keys.page(
            service_id, limit=limit, offset=offset
        )
        if found is None:
            raise NotFound("there is no such service")
        keys, total = found
        items = [_shown(key) for key in keys]
        return answer(lists.envelope(items, total, limit, offset))

    async def revoke(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        service_id = read.id_in_path(request, "service_id")
        key_id = read.id_in_path(request, "key_id")
        if not await self._parts.stores.keys.revoke(service_id, key_id):
            raise NotFound("there is no such key of this service")
        return nothing()


def _shown(key: KeyResource) -> dict[str, Any]:
    used = key.last_used_at
    return {
        "id": key.id,
        "service_id": key.service_id,
        "name": key.name,
        "key_prefix": key.key_prefix,
        "is_active": key.is_active,
        "created_at": times.format(key.created_at),
        "last_used_at": None if used is None else times.format(used),
    }
