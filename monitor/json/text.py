"""JSON text, read and written again without losing how it was spelled."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from monitor.json.strict import no_constant, unique_members

SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Number:
    """A number of JSON, written again as it was spelled."""

    spelling: str


def load_json(text: str) -> Any:
    """JSON with its numbers as spelled.

    Raises ValueError, also for deep nesting and for a name that is repeated: one of
    its values would be lost.
    """
    try:
        return json.loads(
            text,
            parse_float=Number,
            parse_int=Number,
            parse_constant=no_constant,
            object_pairs_hook=unique_members,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def json_values(text: str) -> list[Any]:
    """One JSON value, or one a line. Raises ValueError where *text* is neither."""
    text = text.removeprefix("\ufeff")
    try:
        return [load_json(text)]
    except ValueError:
        lines = (line.strip(" \t\r\x1e") for line in text.split("\n"))
        return [load_json(line) for line in lines if line]


def json_pieces(value: Any, indent: str, line: str) -> Iterator[str]:
    """What *load_json* gave, as JSON; laid out where *line* begins with a break.

    Piece by piece, so that a reader may stop.
    What is open is kept in a list: its cost does not grow with how deep it is.
    """
    open_: list[tuple[Iterator[tuple[str, Any]], str, str]] = []
    before, current = "", value
    while True:
        if current and isinstance(current, dict | list):
            items, opening, closing = _opened(current, ": " if line else ":")
            open_.append((items, line, closing))
            line += indent
            yield before + opening + line
            before = ""
        else:
            yield before + _scalar(current)
            before = "," + line
        while open_:
            item = next(open_[-1][0], None)
            if item is not None:
                break
            _, line, closing = open_.pop()
            yield line + closing
            before = "," + line
        else:
            return
        before, current = before + item[0], item[1]


def _opened(
    value: dict[str, Any] | list[Any], colon: str
) -> tuple[Iterator[tuple[str, Any]], str, str]:
    """What is in it, each with what stands before it; and its brackets."""
    if isinstance(value, list):
        return (("", item) for item in value), "[", "]"
    return ((_quoted(name) + colon, item) for name, item in value.items()), "{", "}"


def _scalar(value: Any) -> str:
    return value.spelling if isinstance(value, Number) else _quoted(value)


def _quoted(value: Any) -> str:
    """As readable as can be; a lone surrogate, which UTF-8 has not, stays escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(value) if SURROGATE.search(text) else text
