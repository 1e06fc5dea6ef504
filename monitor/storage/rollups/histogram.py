"""Histograms as PostgreSQL sums them: which latency is at a place among all."""

import struct
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from sys import byteorder

from monitor.storage.rollups.sums import ORIGIN_BIN, PLACES

HEADER = struct.Struct("!hhHH")
# A digit of PostgreSQL's numbers has four decimal places; a bin has three digits.
BASE = 10_000
DIGITS = PLACES // 4
MANTISSA_BITS = 46


class Histogram:
    """*number* is what numeric_send gives; *count* has those too that no bin holds."""

    def __init__(self, number: bytes, count: int) -> None:
        self._first, counts = bins_of(number)
        # What is too short for a bin is taken for 0.
        self._none = count - sum(counts)
        self._count = count
        self._up_to = list(accumulate(counts, initial=self._none))[1:]

    def percentile(self, fraction: float) -> float | None:
        """As percentile_cont: between the two nearest, linearly.

        Each of these is known within 0.78 %, and so is what lies between them.
        """
        if not self._count:
            return None
        place = fraction * (self._count - 1)
        low = int(place)
        lower = self._at(low)
        if low == place:
            return lower
        return lower + (self._at(low + 1) - lower) * (place - low)

    def up_to(self, latency_ms: float) -> int:
        """How many are as short; those of its own bin are."""
        if not self._up_to:
            return self._none
        at = _bin(latency_ms) - self._first
        if at < 0:
            return self._none
        return self._up_to[min(at, len(self._up_to) - 1)]

    def _at(self, place: int) -> float:
        if place < self._none:
            return 0.0
        return _middle(self._first + bisect_right(self._up_to, place))


def percentiles(
    number: bytes, count: int, fractions: Sequence[float]
) -> list[float | None]:
    histogram = Histogram(number, count)
    return [histogram.percentile(fraction) for fraction in fractions]


def bins_of(number: bytes) -> tuple[int, list[int]]:
    """The lowest bin that has any, and the counts from there on."""
    size, weight, _, _ = HEADER.unpack_from(number)
    if not size:
        return 0, []
    digits = array("H", number[HEADER.size :])
    if byteorder == "little":
        digits.byteswap()
    # Whole bins, from the highest to the lowest: weight counts digits from the point.
    above = -(weight + 1) % DIGITS
    below = -(above + size) % DIGITS
    whole = [0] * above + digits.tolist() + [0] * below
    high, middle, low = whole[::DIGITS], whole[1::DIGITS], whole[2::DIGITS]
    counts = low
    if any(high) or any(middle):
        counts = [
            (a * BASE + b) * BASE + c for a, b, c in zip(high, middle, low, strict=True)
        ]
    highest = (weight + above) // DIGITS
    return ORIGIN_BIN + highest - len(counts) + 1, counts[::-1]


def _middle(bin: int) -> float:
    """As far, relatively, from the bin's lowest value as from its highest."""
    lowest, above = _lowest(bin), _lowest(bin + 1)
    return 2 * lowest * above / (lowest + above)


def _bin(latency_ms: float) -> int:
    return int.from_bytes(struct.pack("!d", latency_ms), "big") >> MANTISSA_BITS


def _lowest(bin: int) -> float:
    value: float
    (value,) = struct.unpack("!d", (bin << MANTISSA_BITS).to_bytes(8, "big"))
    return value
