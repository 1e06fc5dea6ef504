"""Searches for logs that no index leads to: in windows of growing size."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from monitor.errors import Busy, TooSlow
from monitor.logs.cursor import encode_cursor
from monitor.logs.filter import LogFilter, Page
from monitor.logs.log import LogItem
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.logs.columns import FROM, ITEM_COLUMNS
from monitor.storage.search import conditions
from monitor.storage.search.bounded import within
from monitor.storage.search.days import ALWAYS, Days
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import lowest_at, timestamp_of

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
                far = await _far_end(connection, filter, page, edge, size, left_ms)
                share_ms = min(int(left_ms * WINDOW_SHARE), MOST_MS)
                found += await _search(connection, filter, page, (edge, far), share_ms)
        except Busy:
            return asked_for(), edge, False
        except TooSlow:
            # Smaller, so that each search gets on, however little.
            size = max(size // SHRINKS_BY, 1)
            continue
        if far is None:
            return asked_for(), None, True
        edge, size = far, min(size * 2, MAX_WINDOW)
    return asked_for(), edge, True


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
    sql = f"""
        SELECT count(*)
          FROM (SELECT 1
                  {FROM} {made.joins}
                 WHERE {made.where}
                 LIMIT {most}) AS capped
        """
    return sql, made.arguments


async def _far_end(
    connection: asyncpg.Connection,
    filter: LogFilter,
    page: Page,
    edge: UUID | None,
    size: int,
    timeout_ms: int,
) -> UUID | None:
    """The last id of the next *size* logs from *edge* on; None: fewer are left."""
    made = conditions.window_of(filter)
    begin_after(made, page, edge)
    sql = f"""
        SELECT l.id
          FROM logs AS l
         WHERE {made.where}
         ORDER BY l.id {order(page)}
         LIMIT 1 OFFSET {size}
        """
    rows = await within(connection, timeout_ms, sql, made.arguments)
    return rows[0]["id"] if rows else None


async def _search(
    connection: asyncpg.Connection,
    filter: LogFilter,
    page: Page,
    ends: tuple[UUID | None, UUID | None],
    timeout_ms: int,
) -> list[asyncpg.Record]:
    """What *filter* finds after the first of *ends*, up to and with the second."""
    edge, far = ends
    made = conditions.of(filter)
    begin_after(made, page, edge)
    if far is not None and page.newer:
        made.add("l.id <= {}", far)
        made.bound("<= {}", timestamp_of(far))
    elif far is not None:
        made.add("l.id >= {}", far)
        made.bound(">= {}", timestamp_of(far))
    sql = f"""
        SELECT {ITEM_COLUMNS}
          {FROM} {made.joins}
         WHERE {made.where}
         ORDER BY l.id {order(page)}
        """
    return await within(connection, timeout_ms, sql, made.arguments)


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
