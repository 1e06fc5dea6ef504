"""The calls of /v1/services."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from api.input import read
from api.input.errors import answer, nothing
from api.input.service_schemas import NewService, ServiceChanges, stored
from api.output import lists
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.access.hosts import is_loopback_name
from monitor.errors import FieldError, InvalidInput, NotFound
from monitor.registry.resources import ServiceResource

OWN = (
    "must not be the appliance itself: its app refuses what comes through its own "
    "proxy, and its proxy what has been there"
)


class ServiceCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def create(self, request: web.Request) -> web.Response:
        """201 once the proxies of this machine route it."""
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        new, _ = await read.body(request, NewService)
        self._refuse_own(new.base_url)
        fields = stored(new.model_dump())
        service = await self._parts.stores.services.create(fields)
        return answer(
            _with_notice(service), status=201, Location=f"/v1/services/{service.id}"
        )

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        limit, offset = read.page(request)
        found, total = await self._parts.stores.services.page(
            limit=limit, offset=offset
        )
        items = [shown(service) for service in found]
        return answer(lists.envelope(items, total, limit, offset))

    async def get(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        read.no_query(request)
        service = await self._parts.stores.services.get(
            read.id_in_path(request, "service_id")
        )
        return answer(shown(_found(service)))

    async def change(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "service_id")
        changes, _ = await read.body(request, ServiceChanges)
        self._refuse_own(changes.base_url)
        fields = stored(changes.model_dump(exclude_unset=True))
        service = await self._parts.stores.services.change(id, fields)
        return answer(_with_notice(_found(service)))

    async def delete(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "service_id")
        if not await self._parts.stores.services.delete(id):
            raise NotFound("there is no such service")
        self._parts.stores.keys.forget(id)
        return nothing()

    def _refuse_own(self, base_url: str | None) -> None:
        """Raises InvalidInput."""
        if base_url is not None and self._parts.own.include(base_url):
            error = FieldError(("body", "base_url"), OWN, "value_error")
            raise InvalidInput("the body is not valid", errors=[error])


def shown(service: ServiceResource) -> dict[str, Any]:
    return {
        "id": service.id,
        "service_id": service.id,
        **asdict(service),
        "created_at": times.format(service.created_at),
        "updated_at": times.format(service.updated_at),
    }


def _with_notice(service: ServiceResource) -> dict[str, Any]:
    """A service that has a loopback host has the whole of it."""
    taken = [host for host in service.hosts if is_loopback_name(host)]
    if not taken:
        return shown(service)
    names = ", ".join(taken)
    notice = f"path prefixes no longer work on {names}: all of it goes to this service"
    return {**shown(service), "notice": notice}


def _found(service: ServiceResource | None) -> ServiceResource:
    if service is None:
        raise NotFound("there is no such service")
    return service
