"""A timeline: when the logs were that are asked for, in buckets of one width."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg

from monitor.logs.facets import Bucket, Counted, Covered, Timeline, width_of
from monitor.logs.metrics import WIDTHS, floor
from monitor.storage.counts.walk import Deadline
from monitor.storage.logs.columns import FROM
from monitor.storage.rollups.coverage import ALWAYS
from monitor.storage.rollups.window import COUNTS, Window
from monitor.storage.search.asked import MILLISECOND, Asked
from monitor.storage.search.bounded import bounded, within
from monitor.storage.search.days import days_of, in_order
from monitor.storage.search.where import Conditions

# No id is of a later moment.
LAST = datetime(3000, 1, 1, tzinfo=UTC)
END_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Buckets:
    """Of *width*, from the one that holds *first* to the one that holds *last*."""

    first: datetime
    last: datetime
    width: timedelta
    found: dict[datetime, Counted] = field(default_factory=dict)

    @classmethod
    def between(
        cls,
        ends: tuple[datetime, datetime],
        given: timedelta | None,
        shortest: timedelta,
    ) -> "Buckets":
        """Raises InvalidInput where *given* would make too many."""
        first, last = ends
        return cls(first, last, width_of(first, last, given, shortest))

    def of_logs(self, made: Conditions, limit: str) -> str:
        width = made.place(self.width)
        origin = made.place(floor(self.first, self.width))
        return f"""
            SELECT date_bin({width}, ts, {origin}) AS start,
                   count(*) AS requests, count(*) FILTER (WHERE is_error) AS errors
              FROM (SELECT l.ts, l.is_error
                      {FROM} {made.joins}
                     WHERE {made.where}
                     {limit}) AS seen
             GROUP BY start
            """

    def of_rollups(self, window: Window) -> str:
        width = window.place(self.width)
        origin = window.place(floor(self.first, self.width))
        start = f"date_bin({width}, start, {origin}) AS start"
        return f"""
            SELECT start, {", ".join(COUNTS)}
              FROM ({window.rows([start])}) AS part
             GROUP BY start
            """

    def take(self, rows: Sequence[asyncpg.Record]) -> None:
        for row in rows:
            counted = Counted(row["requests"], row["errors"])
            start = row["start"]
            self.found[start] = self.found.get(start, Counted()) + counted

    def timeline(self, covered: Covered) -> Timeline:
        first = self.first if covered.is_exact else max(self.first, _since(covered))
        start, buckets = floor(first, self.width), list[Bucket]()
        while start <= self.last:
            buckets.append(Bucket(start, self.found.get(start, Counted())))
            start += self.width
        return Timeline(width=self.width, buckets=tuple(buckets), covered=covered)


def _since(covered: Covered) -> datetime:
    return covered.since or ALWAYS


def empty(width: timedelta | None, covered: Covered) -> Timeline:
    return Timeline(width=width or WIDTHS[0], buckets=(), covered=covered)


async def ends_of(
    connection: asyncpg.Connection, asked: Asked, deadline: Deadline
) -> tuple[datetime, datetime] | None:
    """The times its buckets reach from and to: of logs where the window has no bound,
    and to now at least. None where there is nothing.

    Raises asyncpg.QueryCanceledError where that takes too long.
    """
    since, until = asked.bounds
    if since is None:
        since = await _end(connection, asked, "ASC", deadline)
        if since is None:
            return None
    if until is None:
        newest = await _end(connection, asked, "DESC", deadline)
        until = max(datetime.now(UTC), newest or ALWAYS) + MILLISECOND
    last = min(until, LAST) - MILLISECOND
    return (since, last) if since <= last else None


async def _end(
    connection: asyncpg.Connection, asked: Asked, order: str, deadline: Deadline
) -> datetime | None:
    """When the oldest log is of the window, or the newest; of all services, where it
    takes long to tell.
    """
    try:
        return await _first(connection, asked, order, deadline)
    except asyncpg.QueryCanceledError:
        all = Asked(since=asked.since, until=asked.until, parts=())
        return await _first(connection, all, order, deadline)


async def _first(
    connection: asyncpg.Connection, asked: Asked, order: str, deadline: Deadline
) -> datetime | None:
    async with bounded(connection, deadline.left_ms(END_SHARE)):
        there = await days_of(connection)
    for days in in_order(there, *asked.bounds, ascends=order == "ASC"):
        made = asked.window()
        days.bound(made)
        sql = f"""
            SELECT l.ts
              FROM logs AS l
             WHERE {made.where}
             ORDER BY l.id {order}
             LIMIT 1
            """
        left_ms = deadline.left_ms(END_SHARE)
        for row in await within(connection, left_ms, sql, made.arguments):
            first: datetime = row["ts"]
            return first
    return None
