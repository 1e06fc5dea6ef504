"""The pages of /openapi.json: Swagger UI to try it, ReDoc to read it."""

from aiohttp import web

from web import render
from web.parts import PageParts
from web.request.security import REDOC_POLICY


class ReferencePages:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def swagger(self, request: web.Request) -> web.Response:
        return await render.page(request, "swagger.html", {})

    async def redoc(self, request: web.Request) -> web.Response:
        page = await render.page(request, "redoc.html", {})
        page.headers["Content-Security-Policy"] = REDOC_POLICY
        return page
