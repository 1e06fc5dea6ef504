"""Places: ranges of ids among which logs may be, told one after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from monitor.storage.search.days import ALWAYS, Days
from monitor.traffic.ids import lowest_at

# Before and behind all logs.
FIRST: Final = UUID(int=0)
LAST: Final = lowest_at(datetime(2999, 12, 31, tzinfo=UTC))
# Of an array as PostgreSQL sends it: what stands before all items, and before each.
BEFORE_ALL, BEFORE_EACH, ID_BYTES = 20, 4, 16


@dataclass(frozen=True, slots=True)
class Span:
    """Ids from *low* on, before *high*. *is_block*: they are few, and may have it."""

    low: UUID
    high: UUID
    is_block: bool = False

    def within(self, low: UUID, high: UUID) -> "Span | None":
        low, high = max(low, self.low), min(high, self.high)
        return Span(low, high, self.is_block) if low < high else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """*there*: a bit for each of its *blocks* that may have it; *ends*: the last ids of
    these, as PostgreSQL sends them.
    """

    id: int
    after: UUID
    upto: UUID
    blocks: int
    there: int = 0
    ends: bytes = b""

    def with_blocks(self, there: int, ends: bytes) -> "Chunk":
        return replace(self, there=there, ends=ends)

    def spans(self) -> Iterator[Span]:
        """Newest first."""
        for block in reversed(range(self.blocks)):
            if self.there >> block & 1:
                after = self._end(block - 1) if block else self.after
                yield Span(following(after), following(self._end(block)), is_block=True)

    def _end(self, block: int) -> UUID:
        start = BEFORE_ALL + block * (BEFORE_EACH + ID_BYTES) + BEFORE_EACH
        return UUID(bytes=self.ends[start : start + ID_BYTES])


@dataclass(frozen=True, slots=True)
class Candidates:
    """*chunks*, newest first, of which some blocks may have it, and all that is in no
    chunk; and *late* logs, which are within none or any of them.
    """

    chunks: tuple[Chunk, ...] = ()
    late: tuple[UUID, ...] = ()
    days: tuple[Days, ...] = (ALWAYS,)

    @property
    def blocks(self) -> int:
        return sum(chunk.there.bit_count() for chunk in self.chunks)

    def spans(
        self, low: UUID = FIRST, high: UUID = LAST, *, ascends: bool = False
    ) -> Iterator[Span]:
        """Those between, newest first, or oldest: there may be many, and few of them be
        asked for.
        """
        places = list(self._places())
        for place in reversed(places) if ascends else places:
            if isinstance(place, Chunk):
                if place.upto < low or place.after >= high:
                    continue
                spans = list(place.spans())
            else:
                spans = list(by_days(place, self.days))
            for span in reversed(spans) if ascends else spans:
                if some := span.within(low, high):
                    yield some

    def _places(self) -> Iterator[Chunk | Span]:
        """Chunks, and what no chunk has: newer than all, older, and between."""
        high = LAST
        for chunk in self.chunks:
            if following(chunk.upto) != high:
                yield Span(following(chunk.upto), high)
            if chunk.there:
                yield chunk
            high = following(chunk.after)
        yield Span(FIRST, high)


def by_days(span: Span, days: Sequence[Days]) -> Iterator[Span]:
    """In parts, newest first: a step opens the days of one only."""
    for part in days:
        low = FIRST if part.since is None else lowest_at(part.since)
        high = LAST if part.until is None else lowest_at(part.until)
        if some := span.within(low, high):
            yield some


def following(id: UUID) -> UUID:
    return UUID(int=id.int + 1)
