"""Bodies' rows cut into parts that fill pages: so that none is cut by PostgreSQL.

It would into quarters of a page, each a row of its own with an entry in an index, and
write them one by one, which takes it a third of all that it does for a log.
"""

from typing import Final

from monitor.record.binary import FALSE, NULL, SMALLINT, bytes_field, length_field
from monitor.record.columns import (
    BODY_COLUMNS,
    COUNT_SIZE,
    KEY_COLUMNS,
    LENGTH_SIZE,
    PART_COLUMNS,
    SIDES,
)
from monitor.record.unpack import places_of

BEGINS: Final = len(PART_COLUMNS).to_bytes(COUNT_SIZE, "big")
FIRST: Final = SMALLINT.pack(2, 0)
# A page of 8 KiB holds one row of 8,160 bytes; there they are hardly longer than here.
MOST_BYTES: Final = 8_136
# Of a part: with its key and what cannot be null it is a page's.
PART_BYTES: Final = 8_064
# Below, it is not the bodies that make a row long.
LEAST_BYTES: Final = 1_024
TEXTS: Final = [BODY_COLUMNS.index(f"{side}_text") for side in SIDES]
LONG: Final = [*TEXTS, *(BODY_COLUMNS.index(f"{side}_body") for side in SIDES)]
# What a part has beside its key and what it is of: nothing, and nothing said of it.
NOTHING: Final = [
    FALSE
    if name.endswith(("_truncated", "_is_text"))
    else bytes_field(b"")
    if name.endswith("_state")
    else NULL
    for name in BODY_COLUMNS
]
KEY_FIELDS: Final = len(KEY_COLUMNS)
BEFORE: Final = {at: b"".join(NOTHING[KEY_FIELDS:at]) for at in LONG}
BEHIND: Final = {at: b"".join(NOTHING[at + 1 :]) for at in LONG}
# Beside its body: how many fields it has, their lengths, the key, flags, its number.
PART_BESIDE_BYTES: Final = COUNT_SIZE + LENGTH_SIZE * len(PART_COLUMNS) + 28 + 4 + 2
# Before these there is room for one more: where the first is split.
MORE: Final = 2
# Of the field *at*, from where to where.
Piece = tuple[int, int, int]


def cut(row: bytes) -> list[bytes]:
    """A row of bodies as one or more that are not too long for a page, each with its
    part: null for the one that has all, else 0 for the one that begins the bodies, and
    from 2 on what goes on.

    Of what is continued there is the first character at least. Raises ValueError where
    it is no row.
    """
    if len(row) <= MOST_BYTES:
        return [_all(row)]
    places = places_of(row)
    if len(places) != len(BODY_COLUMNS):
        raise ValueError("a record's row of bodies has other fields")
    pieces = _taken_off(row, places)
    if not pieces:
        return [_all(row)]
    key_end = places[KEY_FIELDS][0]
    return [_first(row, places), *_parts(row, pieces, key_end, MORE)]


def split(row: bytes, most: int) -> tuple[bytes, bytes] | None:
    """One that *cut* gave as its first, as two, of which the second is no longer than
    *most*; None where that is too short to be worth it. Once only.
    """
    places = places_of(row)
    at = _longest(places)
    begin, length = places[at]
    size = min(most - PART_BESIDE_BYTES, length - 1)
    kept = _kept(row, begin, length - size, at)
    if length - kept < LEAST_BYTES:
        return None
    places[at] = begin, kept
    pieces = [(at, begin + kept, begin + length)]
    first = _first(row, places[: len(BODY_COLUMNS)])
    [second] = _parts(row, pieces, places[KEY_FIELDS][0], 1)
    return first, second


def _all(row: bytes) -> bytes:
    return b"".join((BEGINS, memoryview(row)[COUNT_SIZE:], NULL))


def _taken_off(row: bytes, places: list[tuple[int, int]]) -> list[Piece]:
    """What is left out of *places*, as much as is too long; the last one first."""
    pieces: list[Piece] = []
    size = len(row)
    while size > MOST_BYTES:
        at = _longest(places)
        begin, length = places[at]
        if length < LEAST_BYTES:
            break
        kept = _kept(row, begin, max(length - PART_BYTES, 1), at)
        pieces.append((at, begin + kept, begin + length))
        places[at] = begin, kept
        size -= length - kept
    return pieces


def _longest(places: list[tuple[int, int]]) -> int:
    found = LONG[0]
    for at in LONG:
        if places[at][1] > places[found][1]:
            found = at
    return found


def _kept(row: bytes, begin: int, size: int, at: int) -> int:
    """*size*, but not within a character of a text."""
    if at in TEXTS:
        while row[begin + size] & 0xC0 == 0x80:
            size += 1
    return size


def _first(row: bytes, places: list[tuple[int, int]]) -> bytes:
    view = memoryview(row)
    made: list[bytes | memoryview] = [BEGINS]
    for begin, size in places:
        if size < 0:
            made.append(NULL)
        else:
            made += (length_field(size), view[begin : begin + size])
    made.append(FIRST)
    return b"".join(made)


def _parts(row: bytes, pieces: list[Piece], key_end: int, n: int) -> list[bytes]:
    """Numbered from *n* on."""
    view = memoryview(row)
    key = row[COUNT_SIZE : key_end - LENGTH_SIZE]
    return [
        b"".join(
            (
                *(BEGINS, key, BEFORE[at], length_field(end - begin)),
                *(view[begin:end], BEHIND[at], SMALLINT.pack(2, n)),
            )
        )
        for n, (at, begin, end) in enumerate(reversed(pieces), n)
    ]
