"""Values of a HAR archive, where what was written has one meaning."""

import json
import math
import re
from typing import Any

Place = tuple[str | int, ...]
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?\Z")


class BadEntry(ValueError):
    """*place* is where in the entry something is wrong."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(reason)
        self.place = place


def object_of(value: Any, place: Place) -> dict[str, Any]:
    """Raises BadEntry."""
    if not isinstance(value, dict):
        raise BadEntry(place, "must be an object")
    return value


def list_of(value: Any, place: Place) -> list[Any]:
    """Null is none. Raises BadEntry."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadEntry(place, "must be a list")
    return value


def text_of(value: Any, place: Place) -> str:
    """Null is empty; a number or a boolean as JSON spells it. Raises BadEntry."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool() | int() | float():
            return json.dumps(value)
        case _:
            raise BadEntry(place, "must be a string")


def number_of(value: Any) -> Any:
    """A number also where it was written as a string; else as it was given."""
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, str) and NUMBER.match(value.strip()):
        value = float(value)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


def positive(value: Any) -> Any:
    """The same; archives write 0, or less, for what there was not."""
    number = number_of(value)
    return None if _is_number(number) and number <= 0 else number


def not_negative(value: Any) -> Any:
    number = number_of(value)
    return None if _is_number(number) and number < 0 else number


def known(value: Any) -> Any:
    """A time or a size, whole or not; None for anything that is none."""
    number = not_negative(value)
    return number if _is_number(number) and math.isfinite(number) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
