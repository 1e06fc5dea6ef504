"""JSON of ours that may hold captured text, written so that every reader takes it.

JSON of others may spell what UTF-8 has not (half of a surrogate pair), and nest deeper
than our writer and the readers of its output go.
"""

import json
from typing import Any

import orjson

from monitor.json.text import SURROGATE

MAX_DEPTH = 200
MAX_INTEGER = 2**63
# To JSON they are characters; str.splitlines and JavaScript of old end a line at them.
ESCAPES = tuple(
    (end.encode(), json.dumps(end)[1:-1].encode()) for end in "\x85\u2028\u2029"
)


def json_bytes(value: Any) -> bytes:
    """*value* as JSON in UTF-8. Raises TypeError for what has no JSON."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return orjson.dumps(_writable(value, MAX_DEPTH))


def json_line(value: Any) -> bytes:
    """The same in one line, whatever its reader takes for a line's end."""
    return one_line(json_bytes(value))


def one_line(content: bytes) -> bytes:
    """JSON in one line."""
    for end, escape in ESCAPES:
        content = content.replace(end, escape)
    return content


def visible(text: str) -> str:
    """*text* with each lone surrogate as the escape that JSON spells it with."""
    return SURROGATE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _writable(value: Any, depth: int) -> Any:
    match value:
        case str():
            return visible(value)
        case bool() | None:
            return value
        case int():
            return value if abs(value) < MAX_INTEGER else str(value)
        case dict() | list() | tuple() if not depth:
            return "…"
        case dict():
            return {
                visible(str(name)): _writable(item, depth - 1)
                for name, item in value.items()
            }
        case list() | tuple():
            return [_writable(item, depth - 1) for item in value]
        case _:
            return value
