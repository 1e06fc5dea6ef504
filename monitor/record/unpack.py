"""Fields of packed rows, and the values in them."""

import struct
from typing import Any
from uuid import UUID

from monitor.record.binary import LENGTH


def fields_of(row: bytes) -> list[bytes | None]:
    """The fields of a packed row. Raises ValueError where it is none."""
    return [
        row[begin : begin + size] if size >= 0 else None
        for begin, size in places_of(row)
    ]


def places_of(row: bytes) -> list[tuple[int, int]]:
    """Where each of its fields begins, and its size, -1 for null. Raises ValueError."""
    try:
        (count,) = struct.unpack_from("!h", row)
        places: list[tuple[int, int]] = []
        at = 2
        for _ in range(count):
            (length,) = LENGTH.unpack_from(row, at)
            at += LENGTH.size
            places.append((at, length))
            at += max(length, 0)
    except struct.error:
        raise ValueError("a record's row is cut") from None
    if at != len(row):
        raise ValueError("a record's row is longer than its fields")
    return places


def named_fields_of(row: bytes, columns: tuple[str, ...]) -> dict[str, bytes | None]:
    """The fields of a packed row by their columns; what it is too old for is null."""
    fields = fields_of(row)
    fields += [None] * (len(columns) - len(fields))
    return dict(zip(columns, fields, strict=False))


def tags_of(array: bytes) -> tuple[str, ...]:
    """The values of an array of texts, from its dimensions on."""
    at, values = 20, []
    while at < len(array):
        (length,) = LENGTH.unpack_from(array, at)
        at += LENGTH.size
        values.append(array[at : at + length].decode())
        at += length
    return tuple(values)


def uuid_in(field: bytes | None) -> UUID | None:
    return None if field is None else UUID(bytes=field)


def number_of(field: bytes | None, kind: str) -> Any:
    return None if field is None else struct.unpack(f"!{kind}", field)[0]
