"""Searches for logs that have certain texts: in the blocks that may have them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg

from monitor.errors import Busy, TooSlow
from monitor.logs.asked import parts_of
from monitor.logs.filter import EXACT_TOTAL, LogFilter, Page
from monitor.storage.blocks.candidates import candidates
from monitor.storage.blocks.places import Candidates
from monitor.storage.blocks.walk import Walk
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.search.bounded import within

# Of the time that is left, what a step may take; and how long others wait for it.
STEP_SHARE, MOST_MS = 0.5, 500
# Of the time for a search: what telling the blocks may take, and what goes on in turns
# of the share that was asked for, before it is one of those that take long.
TELLING_SHARE, QUICK_SHARE = 0.2, 0.4
# How many times quicker a count may become than it was until now: its steps grow.
HOPE: Final = 4
Rows: TypeAlias = Sequence[asyncpg.Record]


@dataclass(frozen=True, slots=True)
class Turns:
    """Those of *share* until *patience* is over, then those of long searches."""

    share: Share
    patience: float
    deadline: float

    def left_ms(self) -> int:
        return int((self.deadline - time.monotonic()) * 1000)

    def next(self) -> Share:
        return Share.SEARCHES if time.monotonic() > self.patience else self.share


def _share_of_time(began: float, deadline: float) -> float:
    return (time.monotonic() - began) / max(deadline - began, 0.001)


class BlockSearch:
    """*columns*, of *source*: what a page has of each log."""

    def __init__(
        self, database: Database, *, columns: str, source: str, timeout_ms: int
    ) -> None:
        self._database = database
        self._columns, self._source = columns, source
        self._timeout_ms = timeout_ms

    async def where(
        self, filter: LogFilter, waits_s: Mapping[Share, float], share: Share
    ) -> Candidates | None:
        """Where it may be; None where blocks do not tell, or not in time.

        *waits_s*: for a turn of *share*.
        """
        timeout_ms = int(self._timeout_ms * TELLING_SHARE)
        try:
            async with self._database.reading(
                share, timeout_s=waits_s[share]
            ) as connection:
                return await candidates(connection, parts_of(filter), timeout_ms)
        except TooSlow:
            return None

    async def page(
        self,
        filter: LogFilter,
        page: Page,
        where: Candidates,
        share: Share,
        deadline: float,
    ) -> tuple[list[asyncpg.Record], UUID | None, bool]:
        """What is found in time, how far was searched, and whether that was all."""
        found: list[asyncpg.Record] = []
        wanted = page.offset + page.limit + 1
        walk = Walk(filter, where, cursor=page.cursor, ascends=page.newer)
        turns, is_there = self._turns(share, deadline), True
        ordered = f"ORDER BY l.id {'ASC' if page.newer else 'DESC'}"
        while is_there and len(found) < wanted and not walk.is_over:
            rows = await self._step(walk, self._columns, ordered, turns)
            is_there = rows is not None
            found += rows or ()
        edge = None if walk.is_over and len(found) < wanted else walk.edge
        found = found[page.offset : wanted]
        return found[::-1] if page.newer else found, edge, is_there

    async def count(
        self, filter: LogFilter, where: Candidates, share: Share, deadline: float
    ) -> tuple[int, bool]:
        """How many there are, EXACT_TOTAL and one at most; whether that is all.

        Where it is seen soon that it will not come to its end, it is left.
        """
        count, walk = 0, Walk(filter, where)
        turns, began = self._turns(share, deadline), time.monotonic()
        while count <= EXACT_TOTAL and not walk.is_over:
            rows = await self._step(walk, "count(*)", "", turns)
            if rows is None:
                return count, False
            count += rows[0]["count"]
            done = max(walk.blocks_done / max(where.blocks, 1), count / EXACT_TOTAL)
            if walk.blocks_done and done < _share_of_time(began, deadline) / HOPE:
                return count, False
        return min(count, EXACT_TOTAL + 1), True

    def _turns(self, share: Share, deadline: float) -> Turns:
        patience = time.monotonic() + self._timeout_ms * QUICK_SHARE / 1000
        return Turns(share, patience, deadline)

    async def _step(
        self, walk: Walk, what: str, ordered: str, turns: Turns
    ) -> Rows | None:
        """*what* is selected of the next logs; None where the time is over."""
        while (left_ms := turns.left_ms()) > 0:
            try:
                async with self._database.reading(
                    turns.next(), timeout_s=left_ms / 1000
                ) as connection:
                    made = await walk.step(connection, left_ms)
                    sql = f"""
                        SELECT {what}
                          {self._source} {made.joins}
                         WHERE {made.where}
                         {ordered}
                        """
                    most_ms = min(int(left_ms * STEP_SHARE), MOST_MS)
                    rows = await within(
                        connection, most_ms, sql, made.arguments, reads_many=True
                    )
            except Busy:
                return None
            except TooSlow:
                walk.shrink()
                continue
            walk.done()
            return rows
        return None
