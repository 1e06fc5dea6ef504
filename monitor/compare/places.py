"""Places in a document: `$.items[3].name`."""

import json
import re
from typing import Any

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
MAX_NAME_LENGTH = 100
MAX_PATH_LENGTH = 2_000

# Of what it is in, and the step from there; written out only where it is told.
Place = tuple[Any, str]
ROOT: Place = (None, "$")


def path_of(place: Place) -> str:
    steps: list[str] = []
    at: Place | None = place
    while at is not None:
        at, step = at
        steps.append(step)
    path = "".join(reversed(steps))
    return path if len(path) <= MAX_PATH_LENGTH else f"{path[:MAX_PATH_LENGTH]}…"


def member(name: str) -> str:
    if len(name) > MAX_NAME_LENGTH:
        name = f"{name[:MAX_NAME_LENGTH]}…"
    return f".{name}" if PLAIN_NAME.match(name) else f"[{json.dumps(name)}]"
