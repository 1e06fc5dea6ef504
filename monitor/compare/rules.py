"""Rules of a service: which differences are ignored, and which count all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from monitor.compare.differences import INDEX, is_within

IGNORED = "a rule of this service says so"


class ComparedPart(StrEnum):
    HEADER = "header"
    BODY = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRule:
    """*path*: the name of a header, or a place in a body, in the answers of *endpoint*;
    of all where that is None. *ignore* False: it counts, whatever is known of it."""

    id: UUID
    service_id: UUID
    endpoint: str | None
    part: ComparedPart
    path: str
    ignore: bool
    created_at: datetime


def place_of(part: ComparedPart, path: str) -> str:
    """*path* as rules hold it: positions move, and case of a header says nothing."""
    return path.lower() if part is ComparedPart.HEADER else INDEX.sub("[*]", path)


def deciding(
    rules: Sequence[ComparisonRule], part: str, path: str
) -> ComparisonRule | None:
    """The rule of this very place, if there is one."""
    place = place_of(ComparedPart(part), path)
    return next((one for one in rules if one.part == part and one.path == place), None)


def applied(
    comparison: dict[str, Any], rules: Sequence[ComparisonRule]
) -> dict[str, Any]:
    """*comparison* as /v1 shows it, what *rules* say of its differences done.

    What a rule ignored that is no longer there counts again.
    """
    headers = _marked(comparison["headers"], rules, ComparedPart.HEADER)
    body = _marked(comparison["body"], rules, ComparedPart.BODY)
    order = _marked(comparison.get("order", []), rules, ComparedPart.BODY)
    differing = [one for one in (*headers, *body) if one["kind"] != "unavailable"]
    return {
        **comparison,
        "headers": headers,
        "body": body,
        "order": order,
        "equal_but_for_volatile": comparison["status"]["equal"]
        and all(one["volatile"] for one in (*differing, *order)),
    }


def _marked(
    found: Sequence[dict[str, Any]],
    rules: Sequence[ComparisonRule],
    part: ComparedPart,
) -> list[dict[str, Any]]:
    of_part = [rule for rule in rules if rule.part is part]
    ignored = frozenset(rule.path for rule in of_part if rule.ignore)
    counting = frozenset(rule.path for rule in of_part if not rule.ignore)
    return [_one(dict(one), ignored, counting) for one in found]


def _one(
    one: dict[str, Any], ignored: frozenset[str], counting: frozenset[str]
) -> dict[str, Any]:
    if is_within(one["path"], counting):
        one["volatile"] = False
    elif is_within(one["path"], ignored):
        one.update(volatile=True, reason=IGNORED)
    elif one.get("reason") == IGNORED:
        one["volatile"] = False
    if not one["volatile"]:
        one.pop("reason", None)
    return one
