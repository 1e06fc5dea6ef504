"""Forms of our pages, read."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from monitor.access.sessions import SESSION_COOKIE, Sessions

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


async def own_fields_of(
    request: web.Request, sessions: Sessions, *, timeout_s: float
) -> MultiDictProxy[Any]:
    """The same of a form that this session was shown. Raises Forbidden."""
    fields = await fields_of(request, timeout_s=timeout_s)
    check_token(request, sessions, fields)
    return fields


def check_token(
    request: web.Request, sessions: Sessions, fields: Mapping[str, Any]
) -> None:
    """Raises Forbidden."""
    cookie = request.cookies.get(SESSION_COOKIE)
    sessions.check_form_token(cookie, str(fields.get("token", "")))
