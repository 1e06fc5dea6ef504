"""Which values of a JSON document a path names (RFC 9535, a part of it)."""

import re
from typing import Any

MOST_STEPS = 32
# Each further one multiplies the work on a deeply nested body.
MOST_DEEP_STEPS = 2
STEP = re.compile(
    r"\.\.(?P<deep>[^.\[\]*]+)"
    r"|\.(?P<name>[^.\[\]*]+)"
    r"|(?P<any>\[\*\]|\.\*)"
    r"|\[(?P<index>\d+)\]"
    r"|\[(?P<quote>['\"])(?P<quoted>.+?)(?P=quote)\]"
)

Path = tuple[tuple[str, str | int], ...]


def parse_path(rule: str) -> Path:
    """`$.a[*]..b` as steps; none for `$`. Raises ValueError."""
    steps: list[tuple[str, str | int]] = []
    position = 1
    while position < len(rule):
        found = STEP.match(rule, position)
        if found is None:
            raise ValueError(f"is no JSON path at {rule[position:]!r}")
        steps.append(_step(found))
        position = found.end()
    if len(steps) > MOST_STEPS:
        raise ValueError(f"has more than {MOST_STEPS} steps")
    if sum(kind == "deep" for kind, _ in steps) > MOST_DEEP_STEPS:
        raise ValueError(f"has more than {MOST_DEEP_STEPS} recursive steps")
    return tuple(steps)


def _step(found: re.Match[str]) -> tuple[str, str | int]:
    if found["deep"]:
        return ("deep", found["deep"])
    if found["any"]:
        return ("any", "")
    if found["index"]:
        return ("index", int(found["index"]))
    return ("name", found["name"] or found["quoted"])


def replaced(value: Any, path: Path, mask: str) -> Any:
    """*value* with *mask* in all places that *path* names."""
    if not path:
        return mask
    (kind, wanted), rest = path[0], path[1:]
    if kind == "deep":
        return _replaced_deep(value, str(wanted), rest, mask)
    if isinstance(value, dict):
        return {
            name: replaced(item, rest, mask)
            if kind == "any" or name == wanted
            else item
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            replaced(item, rest, mask) if kind == "any" or n == wanted else item
            for n, item in enumerate(value)
        ]
    return value


def _replaced_deep(value: Any, name: str, rest: Path, mask: str) -> Any:
    if isinstance(value, dict):
        return {
            key: replaced(inner, rest, mask) if key == name else inner
            for key, item in value.items()
            for inner in (_replaced_deep(item, name, rest, mask),)
        }
    if isinstance(value, list):
        return [_replaced_deep(item, name, rest, mask) for item in value]
    return value
