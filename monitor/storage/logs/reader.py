"""The reader of logs: which a filter finds, and what one of them holds."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from uuid import UUID

import asyncpg

from monitor.errors import TooSlow
from monitor.logs.filter import EXACT_TOTAL, LogFilter, Page
from monitor.logs.log import LogDetail, LogItem, LogPage, QueryPart
from monitor.search.tree import regexes_in
from monitor.storage.blocks.places import Candidates
from monitor.storage.blocks.searching import BlockSearch
from monitor.storage.database.pool import PATIENCE_S, Database
from monitor.storage.database.shares import Share
from monitor.storage.logs.columns import (
    FROM,
    ITEM_COLUMNS,
    detail_of,
    details_of_many,
    details_of_one,
    item_of,
)
from monitor.storage.logs.narrowing import narrowed
from monitor.storage.logs.nothing_found import parts_of_nothing
from monitor.storage.logs.search import (
    counted,
    counting,
    cursor_before,
    cursor_behind,
    days_for,
    in_windows,
    listing,
)
from monitor.storage.search import conditions, regexes
from monitor.storage.search.asked import asked_by
from monitor.storage.search.bounded import within
from monitor.traffic.ids import bucket_of, is_log_id, timestamp_of

# Details held at once by an export.
EXPORT_ROWS = 50
# Of the time for a search: what the direct way may take, what reading the query may,
# and what counting may.
DIRECT_SHARE = 0.05
READING_SHARE = 0.1
COUNT_SHARE = 0.03
# What rollups may take, which are asked before.
ROLLUP_SHARE = 0.05
# For its turn: who looks at a list, and who carries logs out.
WAITS_S = {Share.LISTS: PATIENCE_S, Share.SEARCHES: 60.0}
# How many times QUERY_TIMEOUT_MS a step of an export may take that finds nothing.
MAX_PATIENCE = 16


class LogReader:
    """The one reader of lists and details, for /v1 and pages alike.

    A list is first asked for directly, along an index. Where that takes too long (a
    rare match among many logs), windows of growing size are searched, newest first
    (of a newer page, from its cursor on), until the page is full or *timeout_ms* is
    used up.
    """

    def __init__(self, database: Database, *, timeout_ms: int) -> None:
        self._database = database
        self._timeout_ms = timeout_ms
        self._blocks = BlockSearch(
            database, columns=ITEM_COLUMNS, source=FROM, timeout_ms=timeout_ms
        )

    async def page(self, filter: LogFilter, page: Page) -> LogPage:
        """One page; see LogPage for what is exact, and what is said if it is not."""
        await self.check(filter)
        deadline = time.monotonic() + self._timeout_ms / 1000
        filter = await self._narrowed(filter, Share.LISTS)
        where = await self._blocks.where(filter, WAITS_S, Share.LISTS)
        rows, scanned_to, complete = await self._rows(
            filter, page, where, deadline, Share.LISTS
        )
        total, at_least = await self._total(filter, page, where, len(rows), complete)
        parts: tuple[QueryPart, ...] = ()
        if total == 0:
            # What is left of the time, and of that for counting.
            share_ms = self._share_ms(READING_SHARE)
            left_ms = min(_left_ms(deadline) + share_ms, share_ms)
            async with self._database.reading(Share.LISTS) as connection:
                parts = await parts_of_nothing(connection, filter, left_ms)
        has_more = len(rows) > page.limit
        rows = rows[-page.limit :] if page.newer else rows[: page.limit]
        items = tuple(item_of(row) for row in rows)
        return LogPage(
            items=items,
            total=total,
            total_at_least=at_least,
            limit=page.limit,
            offset=page.offset,
            next_cursor=cursor_behind(
                items, scanned_to, has_more or page.newer, complete
            ),
            prev_cursor=cursor_before(items, page, has_more),
            complete=complete,
            searched_to=None
            if complete or scanned_to is None
            else timestamp_of(scanned_to),
            parts=parts,
        )

    async def check(self, filter: LogFilter) -> None:
        """Raises InvalidInput where PostgreSQL would not take it."""
        if filter.query is not None and any(regexes_in(filter.query.tree)):
            async with self._database.reading(Share.LISTS) as connection:
                share_ms = self._share_ms(READING_SHARE)
                await regexes.check(connection, filter.query, share_ms)

    async def get(self, id: UUID) -> LogDetail | None:
        """All of one log; None where there is none of that id."""
        if not is_log_id(id):
            return None
        async with self._database.reading(Share.LOOKUPS) as connection:
            row = await connection.fetchrow(
                details_of_one(),
                bucket_of(id),
                timestamp_of(id),
                id,
            )
        return None if row is None else detail_of(row)

    async def all(
        self, filter: LogFilter, *, cursor: UUID | None, limit: int | None
    ) -> AsyncIterator[LogDetail]:
        """Every log that *filter* finds, newest first, a few held at a time.

        Begins after *cursor*, ends after *limit*. It may take any time as long as it
        gets on; where a step does not, the next has twice its time. Raises Unavailable.
        """
        left, patience_ms = limit, self._timeout_ms
        while left is None or left > 0:
            size = EXPORT_ROWS if left is None else min(EXPORT_ROWS, left)
            page = Page(limit=size, cursor=cursor)
            ids, reached, is_over = await self.ids(filter, page, timeout_ms=patience_ms)
            for detail in await self._details(ids):
                yield detail
            if is_over:
                return
            if reached == cursor:
                patience_ms *= 2
                if patience_ms > self._timeout_ms * MAX_PATIENCE:
                    raise TooSlow("the export does not get on", retry_after_s=60)
            cursor = reached
            left = None if left is None else left - len(ids)

    async def ids(
        self, filter: LogFilter, page: Page, *, timeout_ms: int | None = None
    ) -> tuple[list[UUID], UUID | None, bool]:
        """The ids of a page, how far that led, and whether that was all."""
        filter = await self._narrowed(filter, Share.SEARCHES)
        where = await self._blocks.where(filter, WAITS_S, Share.SEARCHES)
        # What it waited for its turn is not of its time.
        deadline = time.monotonic() + (timeout_ms or self._timeout_ms) / 1000
        rows, scanned_to, complete = await self._rows(
            filter, page, where, deadline, Share.SEARCHES
        )
        kept = rows[-page.limit :] if page.newer else rows[: page.limit]
        ids = [row["id"] for row in kept]
        if len(rows) > page.limit:
            return ids, ids[-1], False
        return ids, scanned_to, complete

    async def _details(self, ids: list[UUID]) -> list[LogDetail]:
        """In the order of *ids*; those that are gone meanwhile are left out."""
        async with self._database.reading(
            Share.SEARCHES, timeout_s=WAITS_S[Share.SEARCHES]
        ) as connection:
            rows = await connection.fetch(
                details_of_many(),
                ids,
                list({timestamp_of(id) for id in ids}),
            )
        found = {row["id"]: row for row in rows}
        return [detail_of(found[id]) for id in ids if id in found]

    def _share_ms(self, share: float) -> int:
        return int(self._timeout_ms * share)

    def _until(self, share: float) -> float:
        return time.monotonic() + self._timeout_ms * share / 1000

    async def _narrowed(self, filter: LogFilter, share: Share) -> LogFilter:
        async with self._database.reading(share, timeout_s=WAITS_S[share]) as held:
            return await narrowed(held, filter, self._share_ms(READING_SHARE))

    async def _rows(
        self,
        filter: LogFilter,
        page: Page,
        where: Candidates | None,
        deadline: float,
        share: Share,
    ) -> tuple[list[asyncpg.Record], UUID | None, bool]:
        """A page and one row more; how far was searched, and whether that was all."""
        if where is not None:
            return await self._blocks.page(filter, page, where, share, deadline)
        async with self._database.reading(share, timeout_s=WAITS_S[share]) as held:
            # In the block: who catches it there has the connection still.
            try:
                return await self._directly(held, filter, page), None, True
            except asyncpg.QueryCanceledError:
                pass
        return await in_windows(self._database, filter, page, deadline)

    async def among(self, ids: Sequence[UUID], filter: LogFilter) -> list[LogItem]:
        """Those of *ids* that *filter* finds, in the order of *ids*.

        Raises Unavailable where that takes too long.
        """
        made = conditions.of(filter)
        made.add("l.id = ANY({}::uuid[])", list(ids))
        made.add(
            "l.ts = ANY({}::timestamptz[])", list({timestamp_of(id) for id in ids})
        )
        sql = f"SELECT {ITEM_COLUMNS} {FROM} {made.joins} WHERE {made.where}"
        async with self._database.reading(Share.LISTS) as connection:
            try:
                rows = await within(connection, self._timeout_ms, sql, made.arguments)
            except asyncpg.QueryCanceledError:
                raise TooSlow("the filter takes too long", retry_after_s=1) from None
        found = {row["id"]: item_of(row) for row in rows}
        return [found[id] for id in ids if id in found]

    async def _directly(
        self, connection: asyncpg.Connection, filter: LogFilter, page: Page
    ) -> list[asyncpg.Record]:
        """The page and one row more, newest first. Raises QueryCanceledError."""
        until = self._until(DIRECT_SHARE)
        rows: list[asyncpg.Record] = []
        offset = page.offset
        for days in await days_for(connection, filter, page, _left_ms(until)):
            wanted = replace(page, limit=page.limit - len(rows), offset=offset)
            sql, arguments = listing(filter, wanted, days)
            found = await within(connection, _left_ms(until), sql, arguments)
            rows += found
            if len(rows) > page.limit:
                break
            if found:
                offset = 0
            elif offset:
                sql, arguments = counting(filter, offset, days)
                [passed] = await within(connection, _left_ms(until), sql, arguments)
                offset -= passed["count"]
        return rows[::-1] if page.newer else rows

    async def _total(
        self,
        filter: LogFilter,
        page: Page,
        where: Candidates | None,
        found: int,
        complete: bool,
    ) -> tuple[int | None, int]:
        """The exact total, or None and what there is at least."""
        at_least = page.offset + min(found, page.limit) if found else 0
        if not complete:
            # To count is to search: it would not get further.
            return None, at_least
        if page.cursor is None and found <= page.limit and (found or not page.offset):
            return _capped(at_least)
        if where is None or asked_by(filter).table is not None:
            count, is_all = await counted(
                self._database,
                filter,
                rollups_ms=self._share_ms(ROLLUP_SHARE),
                most_ms=self._share_ms(COUNT_SHARE),
            )
        else:
            until = self._until(COUNT_SHARE)
            count, is_all = await self._blocks.count(filter, where, Share.LISTS, until)
        if not is_all:
            return None, max(at_least, min(count, EXACT_TOTAL))
        # Some may have come, or gone, between the two.
        return _capped(max(count, page.offset + found if found else 0))


def _capped(count: int) -> tuple[int | None, int]:
    return (None, EXACT_TOTAL) if count > EXACT_TOTAL else (count, count)


def _left_ms(until: float) -> int:
    return int((until - time.monotonic()) * 1000)
