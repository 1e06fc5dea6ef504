"""One difference between two answers, and what is known to differ anyway."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

MOST_DIFFERENCES = 1_000
INDEX = re.compile(r"\[\d+\]")


class Kind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    TYPE_CHANGED = "type_changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """*left* is of the original; *volatile*: earlier answers differed there as well."""

    path: str
    kind: Kind
    left: Any = None
    right: Any = None
    volatile: bool = False

    @property
    def place(self) -> str:
        """The path without positions, which move."""
        return INDEX.sub("[*]", self.path)

    def shown(self) -> dict[str, Any]:
        """Its fields; the values in them may be nested deeply, and are not copied."""
        return {
            "path": self.path,
            "kind": self.kind,
            "left": self.left,
            "right": self.right,
            "volatile": self.volatile,
        }


def marked(
    differences: Iterable[Difference], noise: frozenset[str]
) -> list[Difference]:
    """*differences*, those at or below a place of *noise* marked as volatile."""
    return [
        replace(difference, volatile=_is_within(difference.place, noise))
        for difference in differences
    ]


def _is_within(place: str, noise: frozenset[str]) -> bool:
    if place in noise:
        return True
    return any(
        place.startswith(noisy) and place[len(noisy)] in ".["
        for noisy in noise
        if len(noisy) < len(place)
    )
