"""How two JSON documents differ: by path, with arrays aligned."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from monitor.compare.alignment import aligned
from monitor.compare.differences import MOST_DIFFERENCES, Difference, Kind
from monitor.json_output import visible
from monitor.json_text import Number, dump_json

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
# By one of these members, where each element has it, elements of arrays are the same.
IDENTITIES = ("id", "_id", "uuid", "key", "code", "name")
LONGEST_SHOWN = 4_096
LARGEST_INTEGER = 2**63


def document_differences(left: Any, right: Any) -> tuple[list[Difference], bool]:
    """What *load_json* gave of both; False where there are more than are listed.

    An element that was inserted into an array is one difference.
    """
    found = list(islice(_differences("$", left, right), MOST_DIFFERENCES + 1))
    return found[:MOST_DIFFERENCES], len(found) <= MOST_DIFFERENCES


def _differences(path: str, left: Any, right: Any) -> Iterator[Difference]:
    if _type(left) != _type(right):
        yield Difference(path, Kind.TYPE_CHANGED, _shown(left), _shown(right))
    elif isinstance(left, dict):
        yield from _of_objects(path, left, right)
    elif isinstance(left, list):
        yield from _of_arrays(path, left, right)
    elif not _is_equal(left, right):
        yield Difference(path, Kind.CHANGED, _shown(left), _shown(right))


def _of_objects(
    path: str, left: dict[str, Any], right: dict[str, Any]
) -> Iterator[Difference]:
    for name, value in left.items():
        place = f"{path}{_member(name)}"
        if name in right:
            yield from _differences(place, value, right[name])
        else:
            yield Difference(place, Kind.REMOVED, left=_shown(value))
    for name, value in right.items():
        if name not in left:
            place = f"{path}{_member(name)}"
            yield Difference(place, Kind.ADDED, right=_shown(value))


def _of_arrays(path: str, left: list[Any], right: list[Any]) -> Iterator[Difference]:
    for i, j in aligned(*_marks(left, right)):
        if i is not None and j is not None:
            yield from _differences(f"{path}[{j}]", left[i], right[j])
        elif i is not None:
            yield Difference(f"{path}[{i}]", Kind.REMOVED, left=_shown(left[i]))
        elif j is not None:
            yield Difference(f"{path}[{j}]", Kind.ADDED, right=_shown(right[j]))


def _marks(left: list[Any], right: list[Any]) -> tuple[list[str], list[str]]:
    """What an element is known by: an identity of all of them, else its content."""
    for name in IDENTITIES:
        before, after = _identities(left, name), _identities(right, name)
        if before is not None and after is not None:
            return before, after
    return [_canonical(value) for value in left], [_canonical(value) for value in right]


def _identities(values: list[Any], name: str) -> list[str] | None:
    found: list[str] = []
    for value in values:
        identity = value.get(name) if isinstance(value, dict) else None
        if not isinstance(identity, str | Number):
            return None
        found.append(_canonical(identity))
    return found if len(set(found)) == len(found) else None


def _canonical(value: Any) -> str:
    """Equal for equal values, whatever the order of members and spelling of numbers."""
    match value:
        case dict():
            members = (f"{json.dumps(k)}:{_canonical(v)}" for k, v in value.items())
            return f"{{{','.join(sorted(members))}}}"
        case list():
            return f"[{','.join(map(_canonical, value))}]"
        case Number():
            return _number(value)
        case _:
            return json.dumps(value)


def _number(number: Number) -> str:
    try:
        value = Decimal(number.spelling)
        return str(value.normalize()) if value else "0"
    except (InvalidOperation, ArithmeticError):
        return number.spelling


def _is_equal(left: Any, right: Any) -> bool:
    if isinstance(left, Number):
        return _number(left) == _number(right)
    return bool(left == right)


def _type(value: Any) -> str:
    match value:
        case dict():
            return "object"
        case list():
            return "array"
        case str():
            return "string"
        case bool():
            return "boolean"
        case None:
            return "null"
        case _:
            return "number"


def _member(name: str) -> str:
    return f".{name}" if PLAIN_NAME.match(name) else f"[{json.dumps(name)}]"


def _shown(value: Any) -> Any:
    """As plain JSON; what is too long is its beginning, as text."""
    if isinstance(value, str):
        text = visible(value)
        return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    if isinstance(value, dict | list):
        text = dump_json(value)
        if len(text) > LONGEST_SHOWN:
            return f"{text[:LONGEST_SHOWN]}…"
    return _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {visible(name): _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case Number():
            return _plain_number(value)
        case str():
            return visible(value)
        case _:
            return value


def _plain_number(number: Number) -> int | float | str:
    """As it was spelled, in quotes, where a JSON reader would change it."""
    try:
        whole = int(number.spelling)
    except ValueError:
        value = float(number.spelling)
        is_kept = _number(Number(repr(value))) == _number(number)
        return value if is_kept else number.spelling
    return whole if abs(whole) < LARGEST_INTEGER else number.spelling
