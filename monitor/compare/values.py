"""Values of JSON: each has a number, equal for equal ones."""

import re
from typing import Any

from monitor.json.text import Number

PARTS = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
# Longer ones are compared as they are spelled: Python reads no longer integer.
MAX_EXPONENT_LENGTH = 4_000

Key = tuple[object, ...]


class Numbering:
    """Numbers all values of documents from their leaves up, each once.

    *by_spelling*: `1` and `1.0` are told apart.
    """

    def __init__(self, *documents: Any, by_spelling: bool = False) -> None:
        self._by_spelling = by_spelling
        self._known: dict[Key, int] = {}
        self._of: dict[int, int] = {}
        for document in documents:
            self._add(document)

    def of(self, value: Any) -> int:
        """Of a value of one of the documents."""
        if isinstance(value, dict | list):
            return self._of[id(value)]
        return self._number(self._leaf(value))

    def _add(self, document: Any) -> None:
        found = [document] if isinstance(document, dict | list) else []
        for container in found:
            inner = container.values() if isinstance(container, dict) else container
            # The list grows while it is walked: parents come before their children.
            found += [one for one in inner if isinstance(one, dict | list)]
        for container in reversed(found):
            key: Key
            if isinstance(container, dict):
                members = frozenset((k, self.of(v)) for k, v in container.items())
                key = ("object", members)
            else:
                key = ("array", tuple(map(self.of, container)))
            self._of[id(container)] = self._number(key)

    def _leaf(self, value: Any) -> Key:
        if not isinstance(value, Number):
            return (type(value), value)
        if self._by_spelling:
            return (Number, value.spelling)
        return normalised(value.spelling)

    def _number(self, key: Key) -> int:
        return self._known.setdefault(key, len(self._known))


def normalised(spelling: str) -> Key:
    """Sign, digits and exponent of a number of JSON: equal for equal numbers.

    Exactly, at any length; nothing is expanded.
    """
    parts = PARTS.fullmatch(spelling)
    if parts is None:
        return (Number, spelling)
    sign, whole, fraction, exponent = parts.groups(default="")
    digits = (whole + fraction).lstrip("0")
    kept = digits.rstrip("0")
    if not kept:
        return (Number, "0")
    shift = len(digits) - len(kept) - len(fraction)
    if len(exponent) > MAX_EXPONENT_LENGTH:
        return (Number, sign, kept, exponent, shift)
    return (Number, sign, kept, int(exponent or "0") + shift)
