"""Values as fields of PostgreSQL's binary COPY: their length, then their bytes."""

import struct
from functools import lru_cache
from typing import Final

LENGTH: Final = struct.Struct("!i")
# Most lengths.
SHORT: Final = [LENGTH.pack(size) for size in range(4096)]
FLOAT: Final = struct.Struct("!id")
BIGINT: Final = struct.Struct("!iq")
SMALLINT: Final = struct.Struct("!ih")
UUID_BEGINS: Final = LENGTH.pack(16)
NULL: Final = LENGTH.pack(-1)
TRUE: Final = LENGTH.pack(1) + b"\1"
FALSE: Final = LENGTH.pack(1) + b"\0"
TEXT_OID: Final = 25


def text_field(value: str | None) -> bytes:
    if value is None:
        return NULL
    content = value.encode()
    return length_field(len(content)) + content


# Of values that repeat, such as methods: a few of each.
common_field = lru_cache(maxsize=8192)(text_field)


def bytes_field(value: bytes) -> bytes:
    return length_field(len(value)) + value


def length_field(size: int) -> bytes:
    return SHORT[size] if size < len(SHORT) else LENGTH.pack(size)


def float_field(value: float | None) -> bytes:
    return NULL if value is None else FLOAT.pack(8, value)


def bigint_field(value: int | None) -> bytes:
    return NULL if value is None else BIGINT.pack(8, value)


def texts_field(values: tuple[str, ...]) -> bytes:
    """An array of one dimension, from 1."""
    content = struct.pack("!iiiii", 1, 0, TEXT_OID, len(values), 1)
    return bytes_field(content + b"".join([text_field(value) for value in values]))
