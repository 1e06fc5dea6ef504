"""Filling: in which order rows fill the pages that they are written to."""

from bisect import bisect_left, bisect_right
from typing import Final

from monitor.record.binary import NULL
from monitor.record.parts.cut import FIRST, split

PAGE_BYTES: Final = 8_168
# Of a page as well: where a row is, and that it begins at a multiple of 8.
BESIDE_BYTES: Final = 8
# Shorter ones leave little of a page, and stay in their order.
SMALL_BYTES: Final = 1_000
# Room for which a row is split; its second half has a key, and is found, once more.
LARGE_ROOM: Final = 1_500


def filled(rows: list[bytes]) -> list[bytes]:
    """Each page begins with the longest row that is left, and goes on with the longest
    that still fits. Where none does, the next one is split.
    """
    large = sorted([row for row in rows if len(row) > SMALL_BYTES], key=len)
    if not large:
        return rows
    left = _Left(large)
    ordered: list[bytes] = []
    while left.sizes:
        room, at = PAGE_BYTES, len(left.sizes)
        while at > 0:
            room -= left.sizes[at - 1]
            ordered.append(left.take(at - 1))
            at = bisect_right(left.sizes, room)
        if room >= LARGE_ROOM and (part := left.split_longest(room)):
            ordered.append(part)
    ordered += [row for row in rows if len(row) <= SMALL_BYTES]
    return ordered


class _Left:
    """Rows, the shortest first."""

    def __init__(self, rows: list[bytes]) -> None:
        self.sizes = [len(row) + BESIDE_BYTES for row in rows]
        self._rows = rows
        # Not what goes on, and nothing twice.
        self._may_split = [row.endswith((NULL, FIRST)) for row in rows]

    def take(self, at: int) -> bytes:
        del self.sizes[at], self._may_split[at]
        return self._rows.pop(at)

    def split_longest(self, room: int) -> bytes:
        """What goes into *room*, be it nothing; the rest stays."""
        if not self.sizes or not self._may_split[-1]:
            return b""
        halves = split(self._rows[-1], room - BESIDE_BYTES)
        if halves is None:
            return b""
        rest, part = halves
        self.take(len(self.sizes) - 1)
        size = len(rest) + BESIDE_BYTES
        at = bisect_left(self.sizes, size)
        self.sizes.insert(at, size)
        self._rows.insert(at, rest)
        self._may_split.insert(at, False)
        return part
