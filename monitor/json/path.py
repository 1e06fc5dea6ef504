"""Paths in JSON (RFC 9535, a part of it), and the values they name."""

import re

MAX_STEPS = 32
MAX_DEEP_STEPS = 2
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
    if len(steps) > MAX_STEPS:
        raise ValueError(f"has more than {MAX_STEPS} steps")
    if sum(kind == "deep" for kind, _ in steps) > MAX_DEEP_STEPS:
        raise ValueError(f"has more than {MAX_DEEP_STEPS} recursive steps")
    return tuple(steps)


def _step(found: re.Match[str]) -> tuple[str, str | int]:
    if found["deep"]:
        return ("deep", found["deep"])
    if found["any"]:
        return ("any", "")
    if found["index"]:
        return ("index", int(found["index"]))
    return ("name", found["name"] or found["quoted"])
