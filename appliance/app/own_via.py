"""Requests to the app through the appliance's own proxy, which it refuses."""

from collections.abc import Awaitable, Callable

from aiohttp.typedefs import Handler
from aiohttp.web import Request, StreamResponse, middleware

from api.input.errors import problem

WHY = (
    "the app is not served through its own proxy, which would pass by the check of "
    "Host; ask it at its own address"
)


def refusing(via: str) -> Callable[..., Awaitable[StreamResponse]]:
    """Before anything else is looked at; *via* is our pseudonym (RFC 9110 7.6.3).

    The proxy sends the Host of the base_url, which is one of ours: a foreign page that
    reaches the proxy would reach the app. No page says so, for those carry more.
    """
    pseudonym = via.lower()

    @middleware
    async def refuse(request: Request, handler: Handler) -> StreamResponse:
        named = request.headers.getall("Via", ())
        if any(pseudonym in value.lower() for value in named):
            return problem(403, WHY)
        return await handler(request)

    return refuse
