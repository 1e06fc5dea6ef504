"""Header fields, as they passed and as they were pushed."""

from collections.abc import Iterator
from typing import Any

import orjson

from monitor.traffic.line import Lines

# Field lines in wire order, repeats and letter case kept; bytes as latin-1, which
# loses nothing (RFC 9110 5.5 calls bytes >= 0x80 opaque).
Fields = tuple[tuple[str, str], ...]
# Ingested header fields stay the JSON object that the client pushed.
HeaderObject = dict[str, Any]


class HeadFields:
    """Fields of a head that passed, as the lines that they are of."""

    __slots__ = ("lines",)

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([found.pair for found in self.lines])

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, HeadFields) else other)


# Of an exchange, however it came.
Headers = Fields | HeaderObject | HeadFields


def plain(headers: Headers) -> Fields | HeaderObject:
    """As they are read back."""
    return tuple(headers) if isinstance(headers, HeadFields) else headers


def headers_of(stored: bytes | str | None) -> Fields | HeaderObject:
    """What a record or a row holds of them, as JSON; None: none."""
    value: Any = orjson.loads(stored or b"[]")
    if isinstance(value, dict):
        return value
    return tuple((name, text) for name, text in value)
