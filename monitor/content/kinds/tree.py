"""A decoded value as the rows of a tree, within a bound."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from monitor.json.text import Number

MAX_DEPTH = 100
MAX_LEAF_CHARACTERS = 4_000
MAX_NAME_CHARACTERS = 200
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


class Leaf(NamedTuple):
    """A value that has no JSON: *text* as it is shown, *type* what it is."""

    text: str
    type: str


class Members(tuple[tuple[str, Any], ...]):
    """Named values in order; a name may be repeated, as no object of JSON has it."""


class TreeRow(NamedTuple):
    """*state* is open, close or leaf. *step*: from the value around it to this one, as
    paths are written; *type* of a leaf is what it is, of what is open its brackets."""

    state: str
    name: str
    step: str
    text: str
    type: str


def tree_of(value: Any, *, most: int) -> list[TreeRow] | None:
    """None where there would be more than *most* rows, or they are nested too deeply.

    What is open is kept in a list: its cost does not grow with how deep it is.
    """
    rows: list[TreeRow] = []
    open_: list[Iterator[tuple[str, str, Any]]] = [iter([("", "", value)])]
    while open_:
        found = next(open_[-1], None)
        if len(rows) > most or len(open_) > MAX_DEPTH:
            return None
        if found is None:
            open_.pop()
            if open_:
                rows.append(TreeRow("close", "", "", "", ""))
            continue
        name, step, inner = found
        if isinstance(inner, dict | list | tuple) and not isinstance(inner, Leaf):
            is_list = isinstance(inner, list)
            rows.append(_opened(name, step, len(inner), is_list))
            open_.append(_items(inner))
        else:
            rows.append(_leaf(name, step, inner))
    return rows


def _opened(name: str, step: str, count: int, is_list: bool) -> TreeRow:
    what = "[ ]" if is_list else "{ }"
    return TreeRow("open", name[:MAX_NAME_CHARACTERS], step, str(count), what)


def _items(value: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, dict):
        return ((str(k), step_to(str(k)), v) for k, v in value.items())
    if isinstance(value, Members):
        return ((name, step_to(name), inner) for name, inner in value)
    return ((str(n), f"[{n}]", inner) for n, inner in enumerate(value))


def step_to(name: str) -> str:
    """As places of a comparison are written."""
    name = name[:MAX_NAME_CHARACTERS]
    return f".{name}" if PLAIN.match(name) else f"[{json.dumps(name)}]"


def _leaf(name: str, step: str, value: Any) -> TreeRow:
    leaf = value if isinstance(value, Leaf) else leaf_of(value)
    text = leaf.text
    if len(text) > MAX_LEAF_CHARACTERS:
        text = f"{text[:MAX_LEAF_CHARACTERS]}…"
    return TreeRow("leaf", name[:MAX_NAME_CHARACTERS], step, text, leaf.type)


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
