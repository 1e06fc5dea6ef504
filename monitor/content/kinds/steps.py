"""Steps from a decoded value to those in it: by number, as a path, as queries ask."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

MAX_NAME_CHARACTERS = 200
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
NUMBERS = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,199}\Z", re.ASCII)


class Leaf(NamedTuple):
    """A value that has no JSON: *text* as it is shown, *type* what it is."""

    text: str
    type: str


class Members(tuple[tuple[str, Any], ...]):
    """Named values in order; a name may be repeated, as no object of JSON has it."""


class Place(NamedTuple):
    """A value within another one.

    *steps*: from there to here, as paths are written; *asked*: the path that queries
    call it by, empty where they cannot; *at*: its numbers, each with a dot behind it.
    """

    value: Any
    name: str = ""
    steps: str = ""
    asked: str = ""
    at: str = ""

    @property
    def is_open(self) -> bool:
        """Whether there are values in it."""
        one = self.value
        return isinstance(one, dict | list | tuple) and not isinstance(one, Leaf)


def place_at(outer: Place, at: str) -> tuple[Place, int]:
    """The place of these numbers, and its first item that is asked for: the last one.

    Where there is none, *outer* from its beginning.
    """
    if not NUMBERS.match(at):
        return outer, 0
    *numbers, first = map(int, at.split("."))
    found = outer
    for number in numbers:
        inner = next(items_of(found, number), None) if found.is_open else None
        if inner is None:
            return outer, 0
        found = inner._replace(steps=found.steps + inner.steps)
    return (found, first) if found.is_open else (outer, 0)


def items_of(outer: Place, first: int = 0) -> Iterator[Place]:
    """Each with the one step from *outer* to it."""
    for number, (name, step, asked, value) in enumerate(
        islice(_items(outer.value), first, None), start=first
    ):
        is_asked = outer.asked and asked
        yield Place(
            value,
            name[:MAX_NAME_CHARACTERS],
            step,
            outer.asked + asked if is_asked else "",
            f"{outer.at}{number}.",
        )


def _items(value: Any) -> Iterator[tuple[str, str, str, Any]]:
    """Queries are for any item of an array: where in it a value stands says little."""
    if isinstance(value, list):
        return ((str(n), f"[{n}]", "[*]", one) for n, one in enumerate(value))
    named = value.items() if isinstance(value, dict) else value
    return ((str(n), step_to(str(n)), _asked(str(n)), one) for n, one in named)


def step_to(name: str) -> str:
    """As places of a comparison are written."""
    name = name[:MAX_NAME_CHARACTERS]
    return f".{name}" if PLAIN.match(name) else f"[{json.dumps(name)}]"


def _asked(name: str) -> str:
    """As the query language names it; it has no escapes there."""
    if PLAIN.match(name):
        return f".{name}"
    quote = "'" if '"' in name else '"'
    is_named = name and quote not in name and name.isprintable()
    return f"[{quote}{name}{quote}]" if is_named else ""
