"""Which logs a filter finds, and what one of them holds."""

import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg

from monitor.errors import Unavailable
from monitor.filters import EXACT_TOTAL, LogFilter, Page, encode_cursor
from monitor.ids import bucket_of, is_log_id, timestamp_of
from monitor.resources import LogDetail, LogItem, LogPage
from monitor.storage import conditions
from monitor.storage.log_columns import (
    BODIES,
    DETAILS,
    FROM,
    ITEM_COLUMNS,
    detail_of,
    item_of,
)
from monitor.storage.log_search import begin_after, in_windows, order, within
from monitor.storage.pool import Database

# Details held at once by an export.
EXPORT_ROWS = 50
# Of the time for a search: what the direct way may take, and what counting may.
DIRECT_SHARE = 0.4
COUNT_SHARE = 0.2


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

    async def page(self, filter: LogFilter, page: Page) -> LogPage:
        """One page; see LogPage for what is exact, and what is said if it is not."""
        deadline = time.monotonic() + self._timeout_ms / 1000
        async with self._database.connection() as connection:
            rows, scanned_to, complete = await self._rows(
                connection, filter, page, deadline
            )
            total, at_least = await self._count(connection, filter, page, len(rows))
        has_more = len(rows) > page.limit
        rows = rows[-page.limit :] if page.newer else rows[: page.limit]
        items = tuple(item_of(row) for row in rows)
        return LogPage(
            items=items,
            total=total,
            total_at_least=at_least,
            limit=page.limit,
            offset=page.offset,
            next_cursor=_next(items, scanned_to, has_more or page.newer, complete),
            complete=complete,
        )

    async def get(self, id: UUID) -> LogDetail | None:
        """All of one log; None where there is none of that id."""
        if not is_log_id(id):
            return None
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                f"{DETAILS} WHERE l.bucket = $1 AND l.ts = $2 AND l.id = $3",
                bucket_of(id),
                timestamp_of(id),
                id,
            )
        return None if row is None else detail_of(row)

    async def all(
        self, filter: LogFilter, *, cursor: UUID | None, limit: int | None
    ) -> AsyncIterator[LogDetail]:
        """Every log that *filter* finds, newest first, a few held at a time.

        Begins after *cursor*, ends after *limit*. Raises Unavailable.
        """
        left = limit
        while left is None or left > 0:
            size = EXPORT_ROWS if left is None else min(EXPORT_ROWS, left)
            items, cursor = await self._step(filter, Page(limit=size, cursor=cursor))
            for detail in await self._details([item.id for item in items]):
                yield detail
            if cursor is None:
                return
            left = None if left is None else left - len(items)

    async def _step(
        self, filter: LogFilter, page: Page
    ) -> tuple[tuple[LogItem, ...], UUID | None]:
        """A page without its total, and where to go on, if anywhere."""
        deadline = time.monotonic() + self._timeout_ms / 1000
        async with self._database.connection() as connection:
            rows, scanned_to, complete = await self._rows(
                connection, filter, page, deadline
            )
        items = tuple(item_of(row) for row in rows[: page.limit])
        if len(rows) > page.limit:
            return items, items[-1].id
        return items, None if complete else scanned_to

    async def _details(self, ids: list[UUID]) -> list[LogDetail]:
        """In the order of *ids*; those that are gone meanwhile are left out."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"""
                {DETAILS}
                 WHERE l.id = ANY($1::uuid[])
                   AND l.ts = ANY($2::timestamptz[])
                """,
                ids,
                list({timestamp_of(id) for id in ids}),
            )
        found = {row["id"]: row for row in rows}
        return [detail_of(found[id]) for id in ids if id in found]

    async def _rows(
        self,
        connection: asyncpg.Connection,
        filter: LogFilter,
        page: Page,
        deadline: float,
    ) -> tuple[list[asyncpg.Record], UUID | None, bool]:
        """A page and one row more; how far was searched, and whether that was all."""
        try:
            return await self._directly(connection, filter, page), None, True
        except asyncpg.QueryCanceledError:
            return await in_windows(connection, filter, page, deadline)

    async def among(self, ids: Sequence[UUID], filter: LogFilter) -> list[LogItem]:
        """Those of *ids* that *filter* finds, in the order of *ids*.

        Raises Unavailable where that takes too long.
        """
        made = conditions.of(filter)
        made.add("l.id = ANY({}::uuid[])", list(ids))
        made.add(
            "l.ts = ANY({}::timestamptz[])", list({timestamp_of(id) for id in ids})
        )
        bodies = BODIES if conditions.needs_bodies(filter) else ""
        sql = f"SELECT {ITEM_COLUMNS} {FROM} {bodies} WHERE {made.where}"
        async with self._database.connection() as connection:
            try:
                rows = await within(connection, self._timeout_ms, sql, made.arguments)
            except asyncpg.QueryCanceledError:
                raise Unavailable(
                    "the filter takes too long", retry_after_s=1
                ) from None
        found = {row["id"]: item_of(row) for row in rows}
        return [found[id] for id in ids if id in found]

    async def _directly(
        self, connection: asyncpg.Connection, filter: LogFilter, page: Page
    ) -> list[asyncpg.Record]:
        """The page and one row more, newest first."""
        made = conditions.of(filter)
        begin_after(made, page, page.cursor)
        bodies = BODIES if conditions.needs_bodies(filter) else ""
        sql = f"""
            SELECT {ITEM_COLUMNS}
              {FROM} {bodies}
             WHERE {made.where}
             ORDER BY l.id {order(page)}
             LIMIT {page.limit + 1} OFFSET {page.offset}
            """
        share_ms = int(self._timeout_ms * DIRECT_SHARE)
        rows = await within(connection, share_ms, sql, made.arguments)
        return rows[::-1] if page.newer else rows

    async def _count(
        self,
        connection: asyncpg.Connection,
        filter: LogFilter,
        page: Page,
        found: int,
    ) -> tuple[int | None, int]:
        """The exact total, or None and what there is at least."""
        made = conditions.of(filter)
        bodies = BODIES if conditions.needs_bodies(filter) else ""
        sql = f"""
            SELECT count(*)
              FROM (SELECT 1
                      {FROM} {bodies}
                     WHERE {made.where}
                     LIMIT {EXACT_TOTAL + 1}) AS capped
            """
        share_ms = int(self._timeout_ms * COUNT_SHARE)
        try:
            rows = await within(connection, share_ms, sql, made.arguments)
        except asyncpg.QueryCanceledError:
            return None, page.offset + min(found, page.limit)
        total: int = rows[0]["count"]
        return (None, EXACT_TOTAL) if total > EXACT_TOTAL else (total, total)


def _next(
    items: Sequence[LogItem], scanned_to: UUID | None, has_more: bool, complete: bool
) -> str | None:
    if not complete and scanned_to is not None:
        return encode_cursor(scanned_to)
    return encode_cursor(items[-1].id) if has_more and items else None
