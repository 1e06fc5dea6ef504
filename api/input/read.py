"""The path, query and body of a request: what they say, or what is wrong with them."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel

from api.input import json_input
from monitor.errors import FieldError, InvalidInput, UnsupportedMediaType
from monitor.logs import filter
from monitor.logs.parameter import ID, Parameter, valid

Model = TypeVar("Model", bound=BaseModel)
PAGE = {name: filter.PAGE[name] for name in ("limit", "offset")}
PAGE_OF_A_SERVICE = {**PAGE, "service_id": ID}
BODY_TIMEOUT_S = web.AppKey("body_timeout_s", float)
# What a body that may be long has to come with; a trickle would never end.
SLOWEST_BYTES_S = 1024
# JSON_LIMIT_VALUES
JSON_VALUES = web.AppKey("JSON_VALUES", int)
# What aiohttp decodes; any other coding would be taken for the JSON itself.
CODINGS = frozenset({"", "identity", "gzip", "deflate", "br", "zstd"})


async def body(
    request: web.Request, model: type[Model]
) -> tuple[Model, dict[str, Any]]:
    """The body as *model*, and as it came. Raises InvalidInput and others."""
    content = await json_body(request)
    return json_input.model_of(content, model), content


async def optional_body(request: web.Request, model: type[Model]) -> Model:
    """The body as *model*; no body at all is `{}`."""
    if not request.can_read_body:
        return json_input.model_of({}, model)
    made, _ = await body(request, model)
    return made


async def json_body(request: web.Request) -> Any:
    """The body as JSON; its strings hold neither NUL nor lone surrogates."""
    return json_input.value_of(await json_content(request))


async def json_content(request: web.Request) -> bytes:
    """The body, which is to be JSON, of a bounded number of values."""
    media_type = request.content_type.lower()
    declared = "Content-Type" in request.headers
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if not declared or not is_json:
        raise UnsupportedMediaType("the body must be application/json")
    content = await read_body(request)
    await json_input.weigh(content, most_values=request.app[JSON_VALUES])
    return content


def id_in_path(request: web.Request, name: str) -> UUID:
    text = request.match_info[name]
    try:
        return UUID(text)
    except ValueError:
        error = FieldError(("path", name), "must be a UUID", "uuid_parsing")
        raise InvalidInput("the path is not valid", errors=[error]) from None


def page(request: web.Request) -> tuple[int, int]:
    """Limit and offset of a list."""
    values = query(request, PAGE)
    return values.get("limit", 50), values.get("offset", 0)


def page_of_a_service(request: web.Request) -> tuple[int, int, UUID | None]:
    """Limit and offset of a list, and of which service, if of one."""
    values = query(request, PAGE_OF_A_SERVICE)
    return values.get("limit", 50), values.get("offset", 0), values.get("service_id")


def no_query(request: web.Request) -> None:
    query(request, {})


def query(request: web.Request, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """What the parameters of the query say. Raises InvalidInput."""
    return valid(request.query.items(), parameters)


async def read_body(request: web.Request) -> bytes:
    """All of the body, up to REQUEST_LIMIT_BYTES. Raises InvalidInput and others."""
    _check_coding(request)
    with _body_errors():
        if request.content.is_eof():
            # Most are there with their head.
            return await request.read()
        async with asyncio.timeout(request.app[BODY_TIMEOUT_S]):
            return await request.read()


async def pieces(request: web.Request) -> AsyncIterator[bytes]:
    """The body as it comes, without a bound. Raises as *read_body* does."""
    _check_coding(request)
    left_s = request.app[BODY_TIMEOUT_S]
    while True:
        # What its reader does in between takes none of its time.
        began = time.monotonic()
        with _body_errors():
            async with asyncio.timeout(left_s):
                piece = await request.content.readany()
        left_s += len(piece) / SLOWEST_BYTES_S - (time.monotonic() - began)
        left_s = min(left_s, request.app[BODY_TIMEOUT_S])
        if not piece and request.content.at_eof():
            return
        yield piece


def _check_coding(request: web.Request) -> None:
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding not in CODINGS:
        raise UnsupportedMediaType("the body's Content-Encoding is not known here")


@contextmanager
def _body_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        # aiohttp waits on, too, where chunks turn out to be broken midway.
        raise web.HTTPRequestTimeout(reason="the body did not come in time") from None
    except (web.RequestPayloadError, HttpProcessingError):
        reason = "is not what its Content-Encoding or Transfer-Encoding says"
        raise json_input.invalid((), reason, "encoding") from None
    except ConnectionError:
        # Nobody is there to read the answer.
        raise json_input.invalid((), "broke off", "connection") from None


async def no_fields(request: web.Request) -> None:
    """The body may be left out; an object without fields is the same."""
    if not request.can_read_body:
        return
    content = await json_body(request)
    if content != {}:
        error = FieldError(("body",), "must be {} or left out", "extra_forbidden")
        raise InvalidInput("the body is not valid", errors=[error])
