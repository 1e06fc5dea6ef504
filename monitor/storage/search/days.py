"""Days: which of the logs a search reads first, and which after them.

A day is a partition. A statement without a bound of time opens all of them, and where
it finds little reads all; so it is asked of a few, the newest first, and of more only
where these do not have what is wanted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg

from monitor.storage.search.where import Conditions

# What a statement may open at first, without indexes; each next one twice as much. A
# day more is always taken: so many logs are one statement's anyway.
FIRST_BYTES: Final = 32 * 1024 * 1024
GROWS_BY: Final = 2


@dataclass(frozen=True, slots=True)
class Days:
    """From *since* on, before *until*; None: as far as there are any."""

    since: datetime | None = None
    until: datetime | None = None

    def bound(self, made: Conditions) -> None:
        made.bound(">= {}", self.since)
        made.bound("< {}", self.until)

    def overlaps(self, since: datetime | None, until: datetime | None) -> bool:
        """Whether any of it is from *since* on, and not behind *until*."""
        is_before = since and self.until and self.until <= since
        is_behind = until and self.since and self.since > until
        return not (is_before or is_behind)


ALWAYS: Final = Days()


async def days_of(connection: asyncpg.Connection) -> Sequence[Days]:
    """All there are, newest first: one where there are few logs."""
    rows = await connection.fetch(
        """
        SELECT right(c.relname, 8) AS day,
               -- Null of one that is being dropped.
               coalesce(pg_relation_size(c.oid), 0) AS size
          FROM pg_inherits AS i
          JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'apimonitor.logs'::regclass
           AND c.relname ~ '_[0-9]{8}$'
         ORDER BY 1 DESC
        """
    )
    return spans_of((_day(row["day"]), row["size"]) for row in rows)


async def since_of(
    connection: asyncpg.Connection, service_id: UUID, most: int, *, until: datetime
) -> datetime | None:
    """The begin of a day, from which on a service has *most* logs up to *until*, or
    all that it has. None where these are of all days.
    """
    count = 0
    for days in in_order(await days_of(connection), None, until):
        made = Conditions()
        made.add("service_id = {}", service_id)
        made.add("ts <= {}", until)
        made.add("ts >= {}", days.since)
        made.add("ts < {}", days.until)
        count += await connection.fetchval(
            f"""
            SELECT count(*)
              FROM (SELECT 1
                      FROM logs
                     WHERE {made.where}
                     LIMIT {most - count}) AS capped
            """,
            *made.arguments,
        )
        if count >= most:
            return days.since
    return None


def spans_of(sizes: Iterable[tuple[datetime, int]]) -> Sequence[Days]:
    """*sizes* of days, newest first; what is older than all of them is in the last."""
    return tuple(_spans_of(sizes)) or (ALWAYS,)


def _spans_of(sizes: Iterable[tuple[datetime, int]]) -> Iterator[Days]:
    until, taken, room = None, 0, FIRST_BYTES
    since: datetime | None = None
    for day, size in sizes:
        if since is not None and taken + size > room:
            yield Days(since, until)
            until, taken, room = since, 0, room * GROWS_BY
        since, taken = day, taken + size
    yield Days(None, until)


def in_order(
    days: Sequence[Days],
    since: datetime | None,
    until: datetime | None,
    *,
    ascends: bool = False,
) -> Sequence[Days]:
    """Those that have any of it, as they are to be searched."""
    some = [each for each in days if each.overlaps(since, until)]
    return some[::-1] if ascends else some


def _day(name: str) -> datetime:
    return datetime.strptime(name, "%Y%m%d").replace(tzinfo=UTC)
