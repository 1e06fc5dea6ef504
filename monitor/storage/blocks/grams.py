"""Grams: short pieces of text, as bits of the blocks of logs that they stand in.

A bit that is not set says that the gram is not there; one that is, that it may be.
Letters of ASCII are small ones, whatever they are in the text.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

# A slice has a bit for each of these.
BLOCKS: Final = 64
BLOCK_LOGS: Final = 256
CHUNK_LOGS: Final = BLOCKS * BLOCK_LOGS
# Bytes of a gram: of texts that are short, and of all others.
SHORT, LONG = 4, 6
BITS: Final = 18
TEXT_SLICES: Final = 1 << BITS
# For what is no text, behind them.
TRAIT_SLICES: Final = 6 * 1024
SLICES: Final = TEXT_SLICES + TRAIT_SLICES
# In one row, which stays below what PostgreSQL would store apart.
PART_SLICES: Final = 128
PARTS: Final = SLICES // PART_SLICES
SLICE_BYTES: Final = BLOCKS // 8
ALL_BITS: Final = 0xFF
# Odd numbers with their bits well mixed (Knuth, TAOCP 6.4: multiplicative hashing).
FIRST, SECOND, THIRD = 2_654_435_761, 2_246_822_519, 3_266_489_917
SHIFT: Final = 32 - BITS
# Bytes of a text that are looked at together: what is made of them stays in the caches.
PIECE: Final = 1 << 16
# JSON may write any character so: then no other gram of it needs to be there.
ESCAPE: Final = b"\\u"
ESCAPE_SLICE: Final = 0
WORD: Final = np.dtype("<u4")


class Chunk:
    """The slices of BLOCKS blocks."""

    def __init__(self) -> None:
        # A byte of each slice at a time: many at once are quicker than each by itself.
        self._bytes = np.zeros((SLICE_BYTES, SLICES), dtype=np.uint8)
        # Made once: new memory takes longer than what is done in it.
        self._there = np.empty(TEXT_SLICES, dtype=np.uint8)

    @classmethod
    def of_parts(cls, parts: list[bytes]) -> "Chunk":
        """As *parts* gave it."""
        made = cls()
        slices = np.frombuffer(b"".join(parts), dtype=np.uint8)
        made._bytes = slices.reshape(SLICES, SLICE_BYTES).T.copy()
        return made

    def add(self, block: int, text: bytes) -> None:
        """All grams of *text* stand in *block*."""
        for _ in self.adding(block, text):
            pass

    def adding(self, block: int, text: bytes) -> Iterator[None]:
        """The same, piece by piece: for who has others beside."""
        there, bit = self._there, np.uint8(1 << block % 8)
        there.fill(0)
        for at in range(0, len(text), PIECE):
            piece = text[at : at + PIECE + LONG + SHORT].lower()
            for places in _places(piece + b"\n" * LONG):
                there[places] = bit
            yield
        # What would be there is in the next one.
        there[ESCAPE_SLICE + 1] |= there[ESCAPE_SLICE]
        there[ESCAPE_SLICE] = bit if ESCAPE in text else 0
        self._bytes[block // 8, :TEXT_SLICES] |= there

    def adding_to(self, blocks: int, text: bytes) -> Iterator[None]:
        """All grams of *text* stand in each of *blocks*, of which each is a bit."""
        rows = list(enumerate(blocks.to_bytes(SLICE_BYTES, "little")))
        if ESCAPE in text:
            self._set(rows, slice(ESCAPE_SLICE, ESCAPE_SLICE + 1))
        for at in range(0, len(text), PIECE // SLICE_BYTES):
            piece = text[at : at + PIECE // SLICE_BYTES + LONG + SHORT].lower()
            for places in _places(piece + b"\n" * LONG):
                self._set(rows, np.maximum(places, ESCAPE_SLICE + 1))
            yield

    def _set(
        self, rows: Iterable[tuple[int, int]], places: slice | NDArray[np.intp]
    ) -> None:
        for row, bits in rows:
            # By one index at a time, which numpy is quickest at.
            own = self._bytes[row]
            if bits == ALL_BITS:
                own[places] = bits
            elif bits:
                own[places] |= np.uint8(bits)

    def add_traits(self, block: int, places: Iterable[slice]) -> None:
        """What *block* has beside texts."""
        bit = np.uint8(1 << block % 8)
        for each in places:
            self._bytes[block // 8, each] |= bit

    def add_all(self, block: int) -> None:
        """Anything may stand in *block*."""
        self._bytes[block // 8] |= np.uint8(1 << block % 8)

    def parts(self) -> list[bytes]:
        """The slices in rows, in their order."""
        content = self._bytes.T.tobytes()
        size = PART_SLICES * SLICE_BYTES
        return [content[at : at + size] for at in range(0, len(content), size)]


def _places(folded: bytes) -> Iterator[NDArray[np.intp]]:
    """Of all grams: four bytes at each offset as one number, and two of these.

    Each row of numbers is a copy that is aligned, and places are indexes as numpy has
    them: what it has to convert takes it three times as long.
    """
    words = [_words(folded[at:]) for at in range(SHORT)]
    for at, word in enumerate(words):
        yield _shifted(word * WORD.type(FIRST))
        # Two bytes on: in the same row, or one later in the row of two before.
        ahead = LONG - SHORT
        later = words[at + ahead] if at + ahead < SHORT else words[at - ahead][1:]
        both = min(len(word), len(later))
        mixed = word[:both] * WORD.type(SECOND)
        mixed += later[:both] * WORD.type(THIRD)
        yield _shifted(mixed)


def _words(folded: bytes) -> NDArray[np.uint32]:
    return np.frombuffer(folded, dtype=WORD, count=len(folded) // SHORT)


def _shifted(mixed: NDArray[np.uint32]) -> NDArray[np.intp]:
    mixed >>= WORD.type(SHIFT)
    return mixed.astype(np.intp)


def place_of(gram: bytes) -> int:
    """The slice of a gram of SHORT or LONG bytes, folded."""
    word = int.from_bytes(gram[:SHORT], "little")
    mixed = word * FIRST
    if len(gram) == LONG:
        mixed = word * SECOND + int.from_bytes(gram[-SHORT:], "little") * THIRD
    return max((mixed & 0xFFFFFFFF) >> SHIFT, ESCAPE_SLICE + 1)
