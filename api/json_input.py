"""What a piece of JSON says, or where it is wrong."""

import json
from collections.abc import Iterator
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from api.errors import of_validation
from monitor.errors import FieldError, InvalidInput

Model = TypeVar("Model", bound=BaseModel)
Loc = tuple[str | int, ...]
DEEPEST = 100
MOST_ERRORS = 100


def value_of(content: bytes, loc: Loc = ()) -> Any:
    """*content* as JSON; its strings hold neither NUL nor lone surrogates.

    Raises InvalidInput; *loc* is where in the body it stands.
    """
    if not content.strip():
        raise invalid(loc, "is empty", "missing")
    value = loaded(content, loc)
    check_strings(value, loc)
    return value


def check_strings(value: Any, loc: Loc) -> None:
    """Raises InvalidInput for NUL and lone surrogates in a string, by its place."""
    errors = [
        FieldError(("body", *at), "must not hold NUL or lone surrogates", "string")
        for at in _bad_strings(value, loc)
    ]
    if errors:
        raise InvalidInput("the body is not valid", errors=errors[:MOST_ERRORS])


def model_of(value: Any, model: type[Model], loc: Loc = ()) -> Model:
    """*value* as *model*. Raises InvalidInput."""
    if not isinstance(value, dict):
        raise invalid(loc, "must be a JSON object", "dict_type")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise of_validation(error, "body", loc) from None


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
        return json.loads(text, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise invalid(loc, "is not UTF-8", "json_invalid") from None
    except (ValueError, RecursionError):
        raise invalid(loc, f"is not JSON: {reason}", "json_invalid") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _bad_strings(value: Any, loc: Loc) -> Iterator[Loc]:
    """Where a string, a name of a field too, holds what cannot be stored."""
    if len(loc) > DEEPEST:
        # An address that long helps nobody: its first step is enough.
        raise invalid(loc[:1], f"is nested deeper than {DEEPEST}", "recursion")
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
