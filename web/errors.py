"""Errors, as a page shows them."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import ClientConnectionResetError, web

from monitor.errors import Busy, MonitorError, TooSlow
from web import render

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TITLES = {
    403: "Not allowed",
    404: "Nothing here",
    405: "Not this way",
    429: "Too many attempts",
    503: "PostgreSQL is away",
}

# What PostgreSQL is there for, but cannot do now.
OF_KINDS: dict[type[MonitorError], str] = {
    Busy: "Too much at once",
    TooSlow: "This takes too long",
}


async def caught(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error of a page leaves through here, as a page."""
    try:
        return await handler(request)
    except MonitorError as error:
        title = OF_KINDS.get(type(error))
        page = await _page(request, error.status, error.detail, title)
        if error.retry_after_s is not None:
            page.headers["Retry-After"] = str(error.retry_after_s)
        return page
    except web.HTTPException as error:
        if error.status < 400:
            raise
        # aiohttp's route may hold it, and is held by the frames that it came through.
        error.__traceback__ = None
        return await _page(request, error.status, error.reason)
    except ClientConnectionResetError:
        # Nobody is there to read an answer.
        raise
    except Exception:
        logger.exception("a page failed", extra={"path": request.path[:200]})
        return await _page(
            request, 500, "Internal error. The log of the appliance says more."
        )


async def _page(
    request: web.Request, status: int, detail: str, title: str | None = None
) -> web.Response:
    is_away = status == 503 and title is None
    title = title or TITLES.get(status, "Something went wrong")
    if is_away and detail == title:
        detail = "It does not answer, and this page is made of what it holds."
    context = {
        "status": status,
        "title": title,
        "detail": f"{detail[:1].upper()}{detail[1:]}",
        "is_away": is_away,
    }
    return await render.page(request, "error.html", context, status=status)
