"""A decoded value as the rows of a tree, a bounded number of them at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from monitor.content.kinds.steps import Leaf, Place, items_of, place_at
from monitor.json.path import MAX_STEPS
from monitor.json.text import Number

MAX_DEPTH = 100
MAX_LEAF_CHARACTERS = 4_000


class TreeRow(NamedTuple):
    """*state* is open, close, leaf or more. *step*: from the value around it to this
    one, as paths are written; *type* of a leaf is what it is, of what is open its
    brackets. *asked*: what queries call a leaf, *held*: what they look for there, if
    not for its text. *at*: where a tree begins that has what is not in this one.
    """

    state: str
    name: str = ""
    step: str = ""
    text: str = ""
    type: str = ""
    asked: str = ""
    at: str = ""
    held: str = ""


@dataclass(slots=True)
class _Open:
    items: Iterator[Place]
    outer: Place
    # Of its items that have a row, with those before it begins.
    done: int


def tree_of(value: Any, *, most: int, at: str = "0", asked: str = "") -> list[TreeRow]:
    """From the place *at* on; where there are more than *most* rows, or they are nested
    too deeply, a row says where the rest is.

    *asked*: what queries call *value*. What is open is kept in a list: its cost does
    not grow with how deep it is.
    """
    place, first = place_at(Place(value, asked=asked), at)
    if not place.is_open:
        return [_leaf(place._replace(asked=""))]
    rows = [_opened(place)]
    open_ = [_Open(items_of(place, first), place, first)]
    while open_:
        last = open_[-1]
        found = None if len(rows) > most else next(last.items, None)
        if found is None:
            rows.extend(_ended(last))
            open_.pop()
            continue
        last.done += 1
        if not found.is_open:
            rows.append(_leaf(found))
        elif len(open_) == MAX_DEPTH:
            rows += [_opened(found), _more(found, 0), TreeRow("close")]
        else:
            rows.append(_opened(found))
            open_.append(_Open(items_of(found), found, 0))
    return rows


def _ended(open_: _Open) -> Iterator[TreeRow]:
    if open_.done < len(open_.outer.value):
        yield _more(open_.outer, open_.done)
    yield TreeRow("close")


def _more(place: Place, done: int) -> TreeRow:
    left = len(place.value) - done
    return TreeRow("more", text=f"{left:,}", at=f"{place.at}{done}")


def _opened(place: Place) -> TreeRow:
    what = "[ ]" if isinstance(place.value, list) else "{ }"
    count = str(len(place.value))
    return TreeRow("open", place.name, place.steps, count, what)


def _leaf(place: Place) -> TreeRow:
    value = place.value
    leaf = value if isinstance(value, Leaf) else leaf_of(value)
    text = leaf.text
    if len(text) > MAX_LEAF_CHARACTERS:
        text = f"{text[:MAX_LEAF_CHARACTERS]}…"
    asked = place.asked if _is_asked_for(leaf, place.asked) else ""
    return TreeRow("leaf", place.name, place.steps, text, leaf.type, asked)


def _is_asked_for(leaf: Leaf, asked: str) -> bool:
    """PostgreSQL has no exponents in a number's text, and null has none."""
    if asked.count("[") + asked.count(".") > MAX_STEPS:
        return False
    if leaf.type == "number":
        return "e" not in leaf.text.lower()
    return leaf.type in ("string", "boolean")


def leaf_of(value: Any) -> Leaf:
    if value is None:
        return Leaf("null", "null")
    if isinstance(value, bool):
        return Leaf("true" if value else "false", "boolean")
    if isinstance(value, str):
        return Leaf(value, "string")
    if isinstance(value, Number):
        return Leaf(value.spelling, "number")
    if isinstance(value, int | float):
        return Leaf(repr(value), "number")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes_leaf(bytes(value))
    return Leaf(str(value), "other")


def bytes_leaf(value: bytes) -> Leaf:
    shown = value[:MAX_LEAF_CHARACTERS].hex(" ")
    return Leaf(shown, f"{len(value)} bytes")
