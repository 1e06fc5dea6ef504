"""Differences between two answers, and what is known to differ anyway."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

MAX_DIFFERENCES = 1_000
# Of all differences of a body: what is listed is stored, sent and rendered.
MAX_LISTED_CHARACTERS = 512 * 1024
MAX_SHOWN_LENGTH = 4_096
INDEX = re.compile(r"\[\d+\]")


class DifferenceKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    TYPE_CHANGED = "type_changed"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Difference:
    """*left* is of the original; *volatile*: it differs between any two answers, and
    *reason* says how that is known."""

    path: str
    kind: DifferenceKind
    left: Any = None
    right: Any = None
    volatile: bool = False
    reason: str | None = None

    @property
    def place(self) -> str:
        """The path without positions, which move."""
        return INDEX.sub("[*]", self.path)

    def shown(self) -> dict[str, Any]:
        """Its fields; the values in them may be nested deeply, and are not copied."""
        made = {
            "path": self.path,
            "kind": self.kind,
            "left": self.left,
            "right": self.right,
            "volatile": self.volatile,
        }
        return made if self.reason is None else {**made, "reason": self.reason}


@dataclass(slots=True)
class Found:
    """What was found, within bounds; *is_all*: nothing was left out.

    *notes* are sentences for a reader; *order*: the places of arrays whose elements are
    the same in another order.
    """

    differences: list[Difference] = field(default_factory=list)
    is_all: bool = True
    is_limited: bool = False
    notes: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    characters: int = 0

    def add(self, difference: Difference) -> bool:
        """Whether there is room for more."""
        self.characters += len(difference.path)
        self.characters += _length(difference.left) + _length(difference.right)
        is_full = (
            len(self.differences) >= MAX_DIFFERENCES
            or self.characters > MAX_LISTED_CHARACTERS
        )
        if is_full:
            self.reach(f"the first {len(self.differences):,} differences are listed")
            return False
        self.differences.append(difference)
        return True

    def reach(self, note: str) -> None:
        """A work limit is reached."""
        self.is_limited = True
        self.end(note)

    def end(self, note: str) -> None:
        """Something is left out, and *note* says what."""
        self.is_all = False
        self.notes.append(note)


def marked(
    differences: Iterable[Difference], noise: frozenset[str], reason: str
) -> list[Difference]:
    """*differences*, those at or below a place of *noise* marked as volatile."""
    return [
        replace(difference, volatile=True, reason=reason)
        if not difference.volatile and is_within(difference.path, noise)
        else difference
        for difference in differences
    ]


def shortened(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_LENGTH else f"{text[:MAX_SHOWN_LENGTH]}…"


def is_within(path: str, noise: frozenset[str]) -> bool:
    """Whether it, or what it is a part of, is in *noise*, wherever positions moved."""
    place = INDEX.sub("[*]", path)
    return place in noise or any(
        place[:n] in noise for n, mark in enumerate(place) if mark in ".["
    )


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str) else 16
