"""The page that takes HAR archives."""

from aiohttp import web

from web import render
from web.parts import PageParts

MAX_SERVICES = 500


class ImportPage:
    """It sends what is dropped on it to /v1, and shows what was left out."""

    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        services, total = await self._parts.stores.services.page(
            limit=MAX_SERVICES, offset=0
        )
        context = {
            "services": services,
            "total": total,
            "chosen": request.query.get("service"),
            "app_url": f"{request.scheme}://{request.host}",
        }
        return await render.page(request, "import.html", context)
