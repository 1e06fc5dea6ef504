"""JSON as input: what it says, or where it is wrong."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from api.input.errors import of_validation
from monitor.errors import FieldError, InvalidInput
from monitor.json.meter import Meter
from monitor.json.strict import no_constant
from monitor.loop.giving_way import give_way

Model = TypeVar("Model", bound=BaseModel)
Loc = tuple[str | int, ...]
MAX_DEPTH = 100
MAX_ERRORS = 100
# Looked through in one turn of the event loop.
SLICE_BYTES = 8 * 1024
# Without one of these no string holds NUL or a lone surrogate.
ESCAPES = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def value_of(content: bytes, loc: Loc = ()) -> Any:
    """*content* as JSON; its strings hold neither NUL nor lone surrogates.

    Raises InvalidInput; *loc* is where in the body it stands.
    """
    if not content.strip():
        raise invalid(loc, "is empty", "missing")
    value = loaded(content, loc)
    if needs_check(content):
        check_strings(value, loc)
    return value


def needs_check(content: bytes) -> bool:
    """Whether *content* may be deep, or spell what no string may hold.

    Of most that is seen without a look at each value.
    """
    if b"\\u" in content and ESCAPES.search(content):
        return True
    return content.count(b"[") + content.count(b"{") > MAX_DEPTH


async def weigh(content: bytes, *, most_values: int) -> None:
    """Raises InvalidInput where *content* has too many values to be parsed at once."""
    if len(content) <= most_values:
        return
    meter = Meter(most_values=most_values)
    try:
        for start in range(0, len(content), SLICE_BYTES):
            meter.feed(content[start : start + SLICE_BYTES])
            await give_way()
    except ValueError as error:
        raise invalid((), str(error), "too_long") from None


def check_strings(value: Any, loc: Loc) -> None:
    """Raises InvalidInput for NUL and lone surrogates in a string, by its place."""
    errors = [
        FieldError(("body", *at), "must not hold NUL or lone surrogates", "string")
        for at in islice(_bad_strings(value, loc), MAX_ERRORS)
    ]
    if errors:
        raise InvalidInput("the body is not valid", errors=errors)


def model_of(value: Any, model: type[Model], loc: Loc = ()) -> Model:
    """*value* as *model*. Raises InvalidInput."""
    if not isinstance(value, dict):
        raise invalid(loc, "must be a JSON object", "dict_type")
    if model.model_config.get("extra") == "forbid":
        value = _few_unknown(value, model)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise of_validation(error, "body", loc) from None


def _few_unknown(value: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """No more fields that *model* does not know than errors are told."""
    known = model.model_fields
    if len(value) <= len(known) + MAX_ERRORS:
        return value
    unknown = islice((name for name in value if name not in known), MAX_ERRORS)
    return {name: value[name] for name in (*(value.keys() & known), *unknown)}


def invalid(loc: Loc, reason: str, type: str) -> InvalidInput:
    """An error of the body at *loc*."""
    return InvalidInput(
        "the body is not valid", errors=[FieldError(("body", *loc), reason, type)]
    )


def loaded(content: bytes, loc: Loc) -> Any:
    """*content* as JSON, whatever its strings hold. Raises InvalidInput."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        reason = str(error)
    # orjson refuses lone surrogates without saying where they are.
    try:
        text = content.decode("utf-8")
        return json.loads(text, parse_constant=no_constant)
    except UnicodeDecodeError:
        raise invalid(loc, "is not UTF-8", "json_invalid") from None
    except (ValueError, RecursionError):
        raise invalid(loc, f"is not JSON: {reason}", "json_invalid") from None


def _bad_strings(value: Any, loc: Loc) -> Iterator[Loc]:
    """Where a string, a name of a field too, holds what cannot be stored."""
    if len(loc) > MAX_DEPTH:
        # An address that long helps nobody: its first step is enough.
        raise invalid(loc[:1], f"is nested deeper than {MAX_DEPTH}", "recursion")
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
