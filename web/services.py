"""The page of services and keys."""

from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from monitor.resources import KeyResource, ServiceResource
from web import render
from web.parts import PageParts

MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach a service through the proxy, ready to copy."""

    name: str
    command: str
    note: str


class ServicesPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        services, total = await self._parts.services.page(limit=MOST_SHOWN, offset=0)
        chosen = _chosen(services, request.query.get("service"))
        keys: list[KeyResource] = []
        if chosen is not None:
            found = await self._parts.keys.page(chosen.id, limit=MOST_SHOWN, offset=0)
            keys = found[0] if found else []
        context = {
            "services": services,
            "total": total,
            "chosen": chosen,
            "keys": keys,
            "ways": [] if chosen is None else self._ways(request, chosen),
            "app_url": f"{request.scheme}://{request.host}",
        }
        return await render.page(request, "services.html", context)

    def _ways(self, request: web.Request, service: ServiceResource) -> list[Way]:
        name = request.host.partition(":")[0] if "[" not in request.host else "[::1]"
        port = self._parts.proxy_port
        proxy = f"http://{name}:{port}"
        header = f"-H 'X-Monitor-Service: {service.slug}'"
        ways = [
            Way(
                "host",
                f"curl -i http://{service.slug}.localhost:{port}/",
                "Browsers and curl resolve *.localhost by themselves.",
            ),
            Way(
                "prefix",
                f"curl -i {proxy}/{service.slug}/",
                "The first segment of the path; it is not sent on.",
            ),
            Way(
                "header",
                f"curl -i {header} {proxy}/",
                "For clients that can set a header; it is not sent on.",
            ),
        ]
        own = [
            Way("own host", f"curl -i http://{host}:{port}/", "Registered as a host.")
            for host in service.hosts
        ]
        return [*own, *ways]


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
