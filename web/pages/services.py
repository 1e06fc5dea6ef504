"""The page of services and keys."""

from datetime import UTC, datetime
from uuid import UUID

from aiohttp import web

from monitor.errors import Unavailable
from monitor.logs.metrics import ServiceMeasured
from monitor.registry.resources import SERVICE_FIELDS, KeyResource, ServiceResource
from web import render
from web.parts import PageParts
from web.views.charts.services import DAY, figures_of, rows_of
from web.views.reaching import ways_to
from web.views.registry.settings import settings_of

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
        now = datetime.now(UTC)
        measured = await self._measured(now)
        context = {
            "services": services,
            "rows": rows_of(services, measured),
            "figures": [] if chosen is None else figures_of(chosen.id, measured, now),
            "fields": SERVICE_FIELDS,
            "settings": []
            if chosen is None
            else settings_of(chosen, self._parts.settings),
            "total": total,
            "chosen": chosen,
            "keys": keys,
            "ways": [] if chosen is None else ways_to(chosen, self._parts, request),
            "app_url": f"{request.scheme}://{request.host}",
        }
        return await render.page(request, "services.html", context)

    async def _measured(self, now: datetime) -> dict[UUID, ServiceMeasured]:
        """How each service went; nothing where that cannot be told now."""
        try:
            return await self._parts.stores.sparklines.of_services(now - DAY, now)
        except Unavailable:
            return {}


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
