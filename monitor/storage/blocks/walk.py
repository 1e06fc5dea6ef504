"""Walks along the logs that a filter may find, in steps: windows, or blocks."""

from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import UUID

import asyncpg

from monitor.logs.filter import LogFilter
from monitor.storage.blocks.places import FIRST, LAST, Candidates, Span
from monitor.storage.search import conditions
from monitor.storage.search.asked import asked_by
from monitor.storage.search.bounded import within
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import lowest_at, timestamp_of

FIRST_WINDOW: Final = 1_000
MAX_WINDOW: Final = 50_000
# In one statement.
FIRST_BLOCKS: Final = 4
MAX_BLOCKS: Final = 64
SHRINKS_BY: Final = 10
MILLISECOND: Final = timedelta(milliseconds=1)


class Walk:
    """Newest first, or oldest, where it *ascends*; *edge*: how far it has come.

    Each step is asked for, and told when it is done: what was not done in time is taken
    again, in smaller steps.
    """

    def __init__(
        self,
        filter: LogFilter,
        candidates: Candidates,
        *,
        cursor: UUID | None = None,
        ascends: bool = False,
    ) -> None:
        self._filter = filter
        self._ascends = ascends
        low, high = _bounds(filter, cursor, ascends)
        self._coming = candidates.spans(low, high, ascends=ascends)
        # As many as the next step may take.
        self._spans = deque(islice(self._coming, MAX_BLOCKS))
        self._late = [id for id in candidates.late if low <= id < high]
        self._size, self._blocks = FIRST_WINDOW, FIRST_BLOCKS
        self.edge = cursor
        self.blocks_done = 0
        self._step: tuple[list[Span], Span] | None = None

    @property
    def is_over(self) -> bool:
        return not self._spans and not self._late

    async def step(self, connection: asyncpg.Connection, timeout_ms: int) -> Conditions:
        """What holds of the logs of the next one, and what the filter asks for.

        Raises asyncpg.QueryCanceledError.
        """
        taken = self._taken() or [await self._window(connection, timeout_ms)]
        whole = Span(taken[-1].low, taken[0].high)
        if self._ascends:
            whole = Span(taken[0].low, taken[-1].high)
        self._step = (taken, whole)
        made = conditions.of(self._filter)
        spans = [(span.low, span.high) for span in _joined(taken)]
        made.within(spans, self._late_of(whole))
        return made

    def done(self) -> None:
        """The last step was; the next one is longer."""
        assert self._step is not None
        taken, whole = self._step
        late = set(self._late_of(whole))
        self._late = [id for id in self._late if id not in late]
        if taken[0].is_block:
            self._blocks = min(self._blocks * 2, MAX_BLOCKS)
            self.blocks_done += len(taken)
            for _ in taken:
                self._spans.popleft()
        elif self._spans:
            self._size = min(self._size * 2, MAX_WINDOW)
            self._shorten(taken[0])
        self._spans.extend(islice(self._coming, MAX_BLOCKS - len(self._spans)))
        self.edge = UUID(int=whole.high.int - 1) if self._ascends else whole.low

    def shrink(self) -> None:
        """The last step took too long: smaller ones get on, however little."""
        self._size = max(self._size // SHRINKS_BY, 1)
        self._blocks = max(self._blocks // SHRINKS_BY, 1)
        if self._spans and self._spans[0].is_block and self._blocks == 1:
            # A block is a window, too.
            first = self._spans.popleft()
            self._spans.appendleft(Span(first.low, first.high))

    def _taken(self) -> list[Span]:
        """The blocks that come next."""
        taken: list[Span] = []
        for span in self._spans:
            if not span.is_block or len(taken) == self._blocks:
                break
            taken.append(span)
        return taken

    async def _window(self, connection: asyncpg.Connection, timeout_ms: int) -> Span:
        """So many logs of the next span, or what is left of it."""
        if not self._spans:
            return Span(min(self._late), _behind(max(self._late)))
        span = self._spans[0]
        made = conditions.window_of(self._filter)
        _add(made, span)
        rows = await within(
            connection,
            timeout_ms,
            f"""
            SELECT l.id
              FROM logs AS l
             WHERE {made.where}
             ORDER BY l.id {"ASC" if self._ascends else "DESC"}
             LIMIT 1 OFFSET {self._size}
            """,
            made.arguments,
        )
        if not rows:
            return span
        far: UUID = rows[0]["id"]
        return Span(span.low, _behind(far)) if self._ascends else Span(far, span.high)

    def _shorten(self, done: Span) -> None:
        span = self._spans.popleft()
        left = Span(done.high, span.high) if self._ascends else Span(span.low, done.low)
        if left.low < left.high:
            self._spans.appendleft(left)

    def _late_of(self, whole: Span) -> list[UUID]:
        """Those that come up to the end of *whole*."""
        if self._ascends:
            return [id for id in self._late if id < whole.high]
        return [id for id in self._late if id >= whole.low]


def _bounds(filter: LogFilter, cursor: UUID | None, ascends: bool) -> tuple[UUID, UUID]:
    """Which ids the filter's times leave, and the cursor."""
    since, until = asked_by(filter).bounds
    low = FIRST if since is None else lowest_at(since)
    high = LAST if until is None else min(LAST, lowest_at(until + MILLISECOND))
    if cursor is None:
        return low, high
    return (max(low, _behind(cursor)), high) if ascends else (low, min(high, cursor))


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Blocks beside each other are one range."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.low):
        if joined and joined[-1].high == span.low:
            joined[-1] = Span(joined[-1].low, span.high)
        else:
            joined.append(span)
    return joined


def _add(made: Conditions, span: Span) -> None:
    made.add("l.id >= {}", span.low)
    made.add("l.id < {}", span.high)
    made.add("l.ts >= {}", timestamp_of(span.low))
    made.add("l.ts <= {}", timestamp_of(span.high))


def _behind(id: UUID) -> UUID:
    return UUID(int=id.int + 1)
