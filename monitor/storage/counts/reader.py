"""The reader of counts: facets and timelines of what a filter finds.

Rollups answer what they know; all else is counted along the newest logs, and it is said
how far that led.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, Self
from uuid import UUID

import asyncpg

from monitor.errors import Unavailable
from monitor.logs.facets import Covered, FacetName, Facets, Timeline
from monitor.logs.filter import LogFilter
from monitor.storage.counts import timeline, values
from monitor.storage.counts.blocks import in_blocks
from monitor.storage.counts.values import ROLLED_UP, Tally
from monitor.storage.counts.walk import Deadline, Walk, exactly, nothing
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.logs.narrowing import narrowed
from monitor.storage.rollups.window import Window
from monitor.storage.search import regexes
from monitor.storage.search.asked import Asked, asked_by
from monitor.storage.search.rolled_up import from_rollups
from monitor.storage.search.where import Conditions

# Of the time that is left: what reading the query may take, and what rollups may.
READING_SHARE = 0.3
ROLLUP_SHARE = 0.6


class Takes(Protocol):
    """What counted rows add up in."""

    def take(self, rows: Sequence[asyncpg.Record]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """*is_read*: that it could be told in time what is asked."""

    connection: asyncpg.Connection
    filter: LogFilter
    asked: Asked
    deadline: Deadline
    is_read: bool

    @property
    def settled(self) -> Covered | None:
        """What is covered where nothing is to be counted."""
        if not self.is_read:
            return nothing(self.asked)
        return exactly(self.asked, 0) if self.asked.is_nothing else None

    async def rolled_up(
        self,
        table: str | None,
        counting: Callable[[Window], str],
        tally: Takes,
        *,
        every: timedelta | None = None,
    ) -> Covered | None:
        """None where rollups do not know it, or not in time."""
        if table is None:
            return None
        left_ms = self.deadline.left_ms(ROLLUP_SHARE)
        rows = await from_rollups(
            self.connection,
            self.asked,
            table,
            counting,
            every=every,
            timeout_ms=left_ms,
        )
        if rows is None:
            return None
        tally.take(rows)
        return exactly(self.asked, None)

    async def ends(self) -> tuple[datetime, datetime] | None:
        return await timeline.ends_of(self.connection, self.asked, self.deadline)


class CountReader:
    """Takes *timeout_ms* at most once it has a connection, and then says how far it
    got; *most_logs* are looked at one by one.
    """

    def __init__(self, database: Database, *, timeout_ms: int, most_logs: int) -> None:
        self._database = database
        self._timeout_ms = timeout_ms
        self._most_logs = most_logs

    def within(self, timeout_ms: int) -> Self:
        return type(self)(
            self._database, timeout_ms=timeout_ms, most_logs=self._most_logs
        )

    async def facets(self, filter: LogFilter) -> Facets:
        async with self._reading(filter) as reading:
            tally = Tally()
            if reading.settled:
                return _facets(tally, reading.settled, tally, reading.settled)
            table = reading.asked.table and "endpoint_rollups"
            covered = await reading.rolled_up(table, values.of_rollups, tally)
            # What rollups have not told.
            left = [name for name in FacetName if not covered or name not in ROLLED_UP]
            rest = Tally() if covered else tally
            walked = await self._walked(reading, partial(values.of_logs, left), rest)
            found = _facets(tally, covered or walked, rest, walked)
            return await _named(reading.connection, found)

    async def timeline(self, filter: LogFilter, width: timedelta | None) -> Timeline:
        """Raises InvalidInput where *width* would make too many buckets."""
        async with self._reading(filter) as reading:
            asked, ends, covered = reading.asked, None, reading.settled
            if covered is None:
                try:
                    ends = await reading.ends()
                except asyncpg.QueryCanceledError:
                    covered = nothing(asked)
            if ends is None:
                return timeline.empty(width, covered or exactly(asked, 0))
            made = timeline.Buckets.between(ends, width, asked.shortest)
            table = None if made.width % asked.shortest else asked.table
            covered = await reading.rolled_up(
                table, made.of_rollups, made, every=made.width
            )
            if covered is None:
                covered = await self._walked(reading, made.of_logs, made)
            return made.timeline(covered)

    async def _walked(
        self, reading: Reading, counting: Callable[[Conditions, str], str], tally: Takes
    ) -> Covered:
        if not reading.asked.is_indexed:
            covered = await in_blocks(
                reading.connection,
                reading.filter,
                reading.asked,
                counting,
                tally.take,
                self._most_logs,
                reading.deadline,
            )
            if covered is not None:
                return covered
        walk = Walk(reading.asked, counting, tally.take, self._most_logs)
        return await walk.run(reading.connection, reading.deadline)

    @asynccontextmanager
    async def _reading(self, filter: LogFilter) -> AsyncIterator[Reading]:
        """Raises InvalidInput."""
        held_s = 2 * self._timeout_ms / 1000 + 5
        async with self._database.reading(Share.LISTS, held_s=held_s) as connection:
            deadline, is_read = Deadline(self._timeout_ms), True
            share_ms = deadline.left_ms(READING_SHARE)
            try:
                if filter.query is not None:
                    await regexes.check(connection, filter.query, share_ms)
                filter = await narrowed(connection, filter, share_ms)
            except Unavailable:
                is_read = False
            yield Reading(
                connection=connection,
                filter=filter,
                asked=asked_by(filter),
                deadline=deadline,
                is_read=is_read,
            )


def _facets(tally: Tally, covered: Covered, rest: Tally, walked: Covered) -> Facets:
    """*rest*, as far as was *walked*: of what rollups do not know."""
    each = tuple(
        tally.facet(name, covered) if name in ROLLED_UP else rest.facet(name, walked)
        for name in FacetName
    )
    return Facets(counted=tally.counted, covered=covered, each=each)


async def _named(connection: asyncpg.Connection, found: Facets) -> Facets:
    """With the names of services in the place of their ids."""
    services, *others = found.each
    rows = await connection.fetch(
        "SELECT id, name FROM services WHERE id = ANY($1)",
        [UUID(one.value) for one in services.values],
    )
    names = {str(row["id"]): row["name"] for row in rows}
    values = tuple(
        replace(one, value=names.get(one.value, one.value)) for one in services.values
    )
    return replace(found, each=(replace(services, values=values), *others))
