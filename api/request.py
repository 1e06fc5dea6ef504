"""What a call's path, query and body say, or what is wrong with them."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, TypeVar
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from api.errors import of_validation
from monitor.errors import FieldError, InvalidInput, UnsupportedMediaType
from monitor.filters import MAX_LIMIT, MAX_OFFSET
from monitor.query import read, whole_number

Model = TypeVar("Model", bound=BaseModel)
PAGE = {"limit": whole_number(1, MAX_LIMIT), "offset": whole_number(0, MAX_OFFSET)}
DEEPEST = 100
# A body of REQUEST_LIMIT_BYTES at 35 kB/s.
BODY_TIMEOUT_S = 60.0
# What aiohttp decodes; any other coding would be taken for the JSON itself.
CODINGS = frozenset({"", "identity", "gzip", "deflate", "br", "zstd"})


async def body(
    request: web.Request, model: type[Model]
) -> tuple[Model, dict[str, Any]]:
    """The body as *model*, and as it came. Raises InvalidInput and others."""
    content = await json_body(request)
    if not isinstance(content, dict):
        raise _invalid((), "must be a JSON object", "dict_type")
    try:
        return model.model_validate(content), content
    except ValidationError as error:
        raise of_validation(error, "body") from None


async def optional_body(request: web.Request, model: type[Model]) -> Model:
    """The body as *model*; no body at all is `{}`."""
    if not request.can_read_body:
        return model()
    made, _ = await body(request, model)
    return made


async def json_body(request: web.Request) -> Any:
    """The body as JSON; its strings hold neither NUL nor lone surrogates."""
    media_type = request.content_type.lower()
    declared = "Content-Type" in request.headers
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if not declared or not is_json:
        raise UnsupportedMediaType("the body must be application/json")
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding not in CODINGS:
        raise UnsupportedMediaType("the body's Content-Encoding is not known here")
    content = await _read(request)
    if not content.strip():
        raise _invalid((), "is empty", "missing")
    value = _loaded(content)
    errors = [
        FieldError(("body", *loc), "must not hold NUL or lone surrogates", "string")
        for loc in _bad_strings(value, ())
    ]
    if errors:
        raise InvalidInput("the body is not valid", errors=errors[:100])
    return value


def id_in_path(request: web.Request, name: str) -> UUID:
    text = request.match_info[name]
    try:
        return UUID(text)
    except ValueError:
        error = FieldError(("path", name), "must be a UUID", "uuid_parsing")
        raise InvalidInput("the path is not valid", errors=[error]) from None


def page(request: web.Request) -> tuple[int, int]:
    """Limit and offset of a list."""
    values, errors = read(request.query.items(), PAGE)
    if errors:
        raise InvalidInput("the query is not valid", errors=errors)
    return values.get("limit", 50), values.get("offset", 0)


def no_query(request: web.Request) -> None:
    _, errors = read(request.query.items(), {})
    if errors:
        raise InvalidInput("the query is not valid", errors=errors)


async def _read(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.read()
    except TimeoutError:
        # aiohttp waits on, too, where chunks turn out to be broken midway.
        raise web.HTTPRequestTimeout(reason="the body did not come in time") from None
    except web.RequestPayloadError:
        reason = "is not what its Content-Encoding or Transfer-Encoding says"
        raise _invalid((), reason, "encoding") from None
    except ConnectionError:
        # Nobody is there to read the answer.
        raise _invalid((), "broke off", "connection") from None


def _loaded(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        reason = str(error)
    # orjson refuses lone surrogates without saying where they are.
    try:
        text = content.decode("utf-8")
        return json.loads(text, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise _invalid((), "is not UTF-8", "json_invalid") from None
    except (ValueError, RecursionError):
        raise _invalid((), f"is not JSON: {reason}", "json_invalid") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


Loc = tuple[str | int, ...]


def _bad_strings(value: Any, loc: Loc) -> Iterator[Loc]:
    """Where a string, a name of a field too, holds what cannot be stored."""
    if len(loc) > DEEPEST:
        raise _invalid((), f"is nested deeper than {DEEPEST}", "recursion")
    match value:
        case str() if not _is_storable(value):
            yield loc
        case dict():
            for name, item in value.items():
                inner = (*loc, name.encode("utf-8", "replace").decode())
                yield from [] if _is_storable(name) else [inner]
                yield from _bad_strings(item, inner)
        case list():
            for position, item in enumerate(value):
                yield from _bad_strings(item, (*loc, position))


def _is_storable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _invalid(loc: tuple[str | int, ...], reason: str, type: str) -> InvalidInput:
    return InvalidInput(
        "the body is not valid", errors=[FieldError(("body", *loc), reason, type)]
    )
