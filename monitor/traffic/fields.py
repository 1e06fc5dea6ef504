"""Header fields, as they passed and as they were pushed."""

from typing import Any

import orjson

from monitor.traffic.line import Lines

# Field lines in wire order, repeats and letter case kept; bytes as latin-1, which
# loses nothing (RFC 9110 5.5 calls bytes >= 0x80 opaque).
Fields = tuple[tuple[str, str], ...]
# Ingested header fields stay the JSON object that the client pushed.
HeaderObject = dict[str, Any]


class HeadFields(tuple[tuple[str, str], ...]):
    """Fields of a head that passed, with the lines that they are of."""

    lines: Lines


def headers_of(stored: bytes | str | None) -> Fields | HeaderObject:
    """What a record or a row holds of them, as JSON; None: none."""
    value: Any = orjson.loads(stored or b"[]")
    if isinstance(value, dict):
        return value
    return tuple((name, text) for name, text in value)
