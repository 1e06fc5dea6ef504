"""The page of services and keys."""

from uuid import UUID

from aiohttp import web

from monitor.registry.resources import SERVICE_FIELDS, KeyResource, ServiceResource
from web import render
from web.parts import PageParts
from web.views.reaching import ways_to

MAX_SHOWN = 500


class ServicesPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        services, total = await self._parts.stores.services.page(
            limit=MAX_SHOWN, offset=0
        )
        chosen = _chosen(services, request.query.get("service"))
        keys: list[KeyResource] = []
        if chosen is not None:
            found = await self._parts.stores.keys.page(
                chosen.id, limit=MAX_SHOWN, offset=0
            )
            keys = found[0] if found else []
        context = {
            "services": services,
            "fields": SERVICE_FIELDS,
            "total": total,
            "chosen": chosen,
            "keys": keys,
            "ways": [] if chosen is None else ways_to(chosen, self._parts, request),
            "app_url": f"{request.scheme}://{request.host}",
        }
        return await render.page(request, "services.html", context)


def _chosen(
    services: list[ServiceResource], wanted: str | None
) -> ServiceResource | None:
    try:
        id = UUID(wanted or "")
    except ValueError:
        return services[0] if services else None
    return next((service for service in services if service.id == id), None) or (
        services[0] if services else None
    )
