"""Errors and other answers of /v1 as they are written: RFC 9457."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

from aiohttp import ClientConnectionResetError, web
from pydantic import ValidationError

from monitor.errors import FieldError, InvalidInput, MonitorError, TooLarge
from monitor.json.output import json_bytes
from monitor.loop.giving_way import give_way

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
MAX_WORD_LENGTH = 200
IDS_AT_ONCE = 5_000


async def accepted(ids: Sequence[UUID], **more: Any) -> web.Response:
    """201 for many logs: their ids are written a part a turn of the event loop."""
    parts = []
    for start in range(0, len(ids), IDS_AT_ONCE):
        parts.append(json_bytes(ids[start : start + IDS_AT_ONCE])[1:-1])
        await give_way()
    rest = json_bytes({"accepted": len(ids), **more})[1:-1]
    content = b'{%b,"ids":[%b]}' % (rest, b",".join(parts))
    return web.Response(
        body=content, status=201, content_type="application/json", headers=HEADERS
    )


def answer(value: Any, *, status: int = 200, **headers: str) -> web.Response:
    """*value* as JSON."""
    return written(json_bytes(value), status=status, **headers)


def written(content: bytes, *, status: int = 200, **headers: str) -> web.Response:
    """JSON that is written out already."""
    return web.Response(
        body=content,
        status=status,
        content_type="application/json",
        headers={**HEADERS, **headers},
    )


def nothing() -> web.Response:
    """204: done, and there is no more to say."""
    return web.Response(status=204, headers=HEADERS)


def problem(
    status: int,
    detail: str,
    *,
    title: str | None = None,
    errors: tuple[FieldError, ...] = (),
    headers: dict[str, str] | None = None,
) -> web.Response:
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        content["errors"] = [shown_error(error) for error in errors]
    return web.Response(
        body=json_bytes(content),
        status=status,
        content_type="application/problem+json",
        headers={**HEADERS, **(headers or {})},
    )


def shown_error(error: FieldError) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "loc": list(error.loc),
        "msg": error.msg,
        "type": error.type,
    }
    if error.at is not None:
        shown["offset"], shown["length"] = error.at
    if error.suggestion is not None:
        shown["suggestion"] = error.suggestion
    return shown


def of_monitor_error(error: MonitorError) -> web.Response:
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="apimonitor"'
    return problem(
        error.status,
        error.detail,
        title=error.title,
        errors=error.errors,
        headers=headers,
    )


def of_http_exception(error: web.HTTPException) -> web.Response:
    """What aiohttp says of paths, methods and sizes, in our words."""
    match error:
        case web.HTTPNotFound():
            return problem(404, "there is nothing at this path")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return problem(
                405, f"this path takes {allowed}", headers={"Allow": allowed}
            )
        case web.HTTPRequestEntityTooLarge():
            return of_monitor_error(TooLarge("the body is over REQUEST_LIMIT_BYTES"))
        case _:
            return problem(error.status, error.reason)


def of_validation(
    error: ValidationError, root: str, at: tuple[str | int, ...] = ()
) -> InvalidInput:
    """Pydantic's findings, without the input, which may be a secret."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return InvalidInput(
        f"the {root} is not valid",
        errors=[
            FieldError(
                (root, *at, *(_word(part) for part in item["loc"])),
                item["msg"].removeprefix("Value error, "),
                item["type"],
            )
            for item in found[:100]
        ],
    )


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error of /v1 and beside it leaves through here."""
    try:
        return await handler(request)
    except MonitorError as error:
        return of_monitor_error(error)
    except web.HTTPException as error:
        # aiohttp's route may hold it, and is held by the frames that it came through.
        error.__traceback__ = None
        return of_http_exception(error)
    except ClientConnectionResetError:
        # Nobody is there to read an answer.
        raise
    except Exception:
        logger.exception("a call failed", extra={"path": request.path[:200]})
        return problem(500, "internal error")


def _word(part: int | str) -> int | str:
    if isinstance(part, int):
        return part
    return part[:MAX_WORD_LENGTH].encode("utf-8", "replace").decode()
