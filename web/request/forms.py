"""Forms of our pages, read."""

import asyncio
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

FORM = "application/x-www-form-urlencoded"


async def fields_of(request: web.Request, *, timeout_s: float) -> MultiDictProxy[Any]:
    """Raises web.HTTPBadRequest, web.HTTPRequestTimeout and others of aiohttp.

    Ours are never multipart: whoever sends that is no page of ours.
    """
    if request.content_type != FORM:
        raise web.HTTPBadRequest(reason=f"A form is {FORM}.")
    try:
        async with asyncio.timeout(timeout_s):
            return await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout(reason="The form did not come in time.") from None
    except (web.RequestPayloadError, ValueError, LookupError):
        # Broken framing or coding; a charset that is none.
        raise web.HTTPBadRequest(reason="The form cannot be read.") from None
