"""Searches for logs that no index leads to: in windows of growing size."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from monitor.errors import Busy, TooSlow
from monitor.logs.cursor import encode_cursor
from monitor.logs.filter import EXACT_TOTAL, LogFilter, Page
from monitor.logs.log import LogItem
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.logs.columns import FROM, ITEM_COLUMNS
from monitor.storage.search import conditions
from monitor.storage.search.asked import asked_by
from monitor.storage.search.bounded import bounded, within
from monitor.storage.search.days import ALWAYS, Days, days_of, in_order
from monitor.storage.search.rolled_up import count_of
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import highest_before, lowest_at, timestamp_of

FIRST_WINDOW = 1_000
MAX_WINDOW = 50_000
# Of the time that is left, what a window may take; and what becomes of it if it does.
WINDOW_SHARE = 0.5
SHRINKS_BY = 10
# Before all logs: where a search begins again that has not got anywhere.
TOP = lowest_at(datetime(2999, 12, 31, tzinfo=UTC))
# How long others wait for it at most.
MOST_MS = 500


async def in_windows(
    database: Database,
    filter: LogFilter,
    page: Page,
    deadline: float,
) -> tuple[list[asyncpg.Record], UUID | None, bool]:
    """What is found in time, how far was searched, and whether that was all."""
    found: list[asyncpg.Record] = []
    wanted = page.offset + page.limit + 1
    size, edge = FIRST_WINDOW, page.cursor
    there: deque[Days] | None = None

    def asked_for() -> list[asyncpg.Record]:
        rows = found[page.offset : wanted]
        return rows[::-1] if page.newer else rows

    while len(found) < wanted:
        left_ms = int((deadline - time.monotonic()) * 1000)
        if left_ms <= 0:
            return asked_for(), edge, False
        try:
            # A turn for each: others search, too.
            async with database.reading(
                Share.SEARCHES, timeout_s=left_ms / 1000
            ) as connection:
                if there is None:
                    there = deque(await days_for(connection, filter, page, left_ms))
                window = Window(filter, page, there[0] if there else ALWAYS, edge)
                far = await window.far_end(connection, size, left_ms)
                share_ms = min(int(left_ms * WINDOW_SHARE), MOST_MS)
                found += await window.search(connection, far, share_ms)
        except Busy:
            return asked_for(), edge, False
        except TooSlow:
            # Smaller, so that each search gets on, however little.
            size = max(size // SHRINKS_BY, 1)
            continue
        if far is None and len(there) < 2:
            return asked_for(), None, True
        edge = far or end_of(there.popleft(), page)
        size = min(size * 2, MAX_WINDOW)
    return asked_for(), edge, True


async def days_for(
    connection: asyncpg.Connection, filter: LogFilter, page: Page, timeout_ms: int
) -> Sequence[Days]:
    """Those that may have some of the page, in the order of the search."""
    async with bounded(connection, timeout_ms):
        days = await days_of(connection)
    some = in_order(days, *asked_by(filter).bounds, ascends=page.newer)
    return [each for each in some if not _is_over(each, page)]


def end_of(days: Days, page: Page) -> UUID | None:
    """The cursor that leads from them to those that follow."""
    if page.newer:
        return None if days.until is None else highest_before(days.until)
    return None if days.since is None else lowest_at(days.since)


def _is_over(days: Days, page: Page) -> bool:
    end = end_of(days, page)
    if end is None or page.cursor is None:
        return False
    return page.cursor >= end if page.newer else page.cursor <= end


def listing(
    filter: LogFilter, page: Page, days: Days = ALWAYS
) -> tuple[str, list[object]]:
    """The statement for a page and one row more, and its arguments."""
    made = conditions.of(filter)
    begin_after(made, page, page.cursor)
    days.bound(made)
    sql = f"""
        SELECT {ITEM_COLUMNS}
          {FROM} {made.joins}
         WHERE {made.where}
         ORDER BY l.id {order(page)}
         LIMIT {page.limit + 1} OFFSET {page.offset}
        """
    return sql, made.arguments


def counting(
    filter: LogFilter, most: int, days: Days = ALWAYS
) -> tuple[str, list[object]]:
    """How many there are, *most* at most."""
    made = conditions.of(filter)
    days.bound(made)
    return capped(made, most)


async def counted(
    database: Database, filter: LogFilter, *, rollups_ms: int, most_ms: int
) -> tuple[int, bool]:
    """How many there are, or more than EXACT_TOTAL; whether it was told in time.

    Rollups know it without a look at each, where they know what is asked.
    """
    count = 0
    try:
        async with database.reading(Share.LISTS) as connection:
            known = await count_of(connection, asked_by(filter), timeout_ms=rollups_ms)
            if known is not None:
                return known, True
            until = time.monotonic() + most_ms / 1000
            for days in await days_for(connection, filter, Page(), most_ms):
                sql, arguments = counting(filter, EXACT_TOTAL + 1 - count, days)
                left_ms = int((until - time.monotonic()) * 1000)
                [row] = await within(connection, left_ms, sql, arguments)
                count += row["count"]
                if count > EXACT_TOTAL:
                    break
    except (TooSlow, Busy):
        return count, False
    return count, True


def capped(made: Conditions, most: int) -> tuple[str, list[object]]:
    """The same, of any conditions."""
    sql = f"""
        SELECT count(*)
          FROM (SELECT 1
                  {FROM} {made.joins}
                 WHERE {made.where}
                 LIMIT {most}) AS capped
        """
    return sql, made.arguments


@dataclass(frozen=True, slots=True)
class Window:
    """What of *days* stands behind *edge*, as far as it is searched."""

    filter: LogFilter
    page: Page
    days: Days
    edge: UUID | None

    async def far_end(
        self, connection: asyncpg.Connection, size: int, timeout_ms: int
    ) -> UUID | None:
        """The last id of the next *size* logs; None: fewer are left."""
        made = conditions.window_of(self.filter)
        self._bound(made)
        sql = f"""
            SELECT l.id
              FROM logs AS l
             WHERE {made.where}
             ORDER BY l.id {order(self.page)}
             LIMIT 1 OFFSET {size}
            """
        rows = await within(connection, timeout_ms, sql, made.arguments)
        return rows[0]["id"] if rows else None

    async def search(
        self, connection: asyncpg.Connection, far: UUID | None, timeout_ms: int
    ) -> list[asyncpg.Record]:
        """What the filter finds up to and with *far*."""
        made = conditions.of(self.filter)
        made.reads_many()
        self._bound(made)
        if far is not None and self.page.newer:
            made.add("l.id <= {}", far)
            made.bound("<= {}", timestamp_of(far))
        elif far is not None:
            made.add("l.id >= {}", far)
            made.bound(">= {}", timestamp_of(far))
        sql = f"""
            SELECT {ITEM_COLUMNS}
              {FROM} {made.joins}
             WHERE {made.where}
             ORDER BY l.id {order(self.page)}
            """
        return await within(
            connection, timeout_ms, sql, made.arguments, reads_many=True
        )

    def _bound(self, made: Conditions) -> None:
        begin_after(made, self.page, self.edge)
        self.days.bound(made)


def begin_after(made: Conditions, page: Page, edge: UUID | None) -> None:
    if edge is not None and page.newer:
        conditions.newer_than(made, edge)
    elif edge is not None:
        conditions.older_than(made, edge)


def order(page: Page) -> str:
    return "ASC" if page.newer else "DESC"


def cursor_behind(
    items: Sequence[LogItem], scanned_to: UUID | None, has_more: bool, complete: bool
) -> str | None:
    if not complete:
        return encode_cursor(scanned_to or TOP)
    return encode_cursor(items[-1].id) if has_more and items else None


def cursor_before(items: Sequence[LogItem], page: Page, has_more: bool) -> str | None:
    """From where `newer` leads back; None where nothing newer is known."""
    is_first = page.cursor is None and not page.offset
    if is_first or (page.newer and not has_more):
        return None
    if items:
        return encode_cursor(items[0].id)
    return None if page.cursor is None else encode_cursor(page.cursor)
