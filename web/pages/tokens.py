"""The page of admin tokens."""

from aiohttp import web

from web import render
from web.parts import PageParts

MAX_SHOWN = 500


class TokensPage:
    def __init__(self, parts: PageParts) -> None:
        self._tokens = parts.stores.tokens

    async def show(self, request: web.Request) -> web.Response:
        tokens, total = await self._tokens.page(limit=MAX_SHOWN, offset=0)
        context = {
            "tokens": tokens,
            "total": total,
            "app_url": f"{request.scheme}://{request.host}",
        }
        return await render.page(request, "tokens.html", context)
