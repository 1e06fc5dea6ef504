"""Nothing found: which part of a query left out everything."""

import time
from collections.abc import Sequence

import asyncpg

from monitor.logs.asked import parts_of
from monitor.logs.filter import LogFilter
from monitor.logs.log import QueryPart
from monitor.search.tree import Node, Query
from monitor.storage.logs.search import capped
from monitor.storage.search import conditions
from monitor.storage.search.asked import asked_of_parts
from monitor.storage.search.bounded import bounded, within
from monitor.storage.search.days import Days, days_of, in_order

MOST_PARTS = 8
MOST_COUNTED = 1_000


async def parts_of_nothing(
    connection: asyncpg.Connection, filter: LogFilter, timeout_ms: int
) -> tuple[QueryPart, ...]:
    """What each part of the query finds alone, and what the filter finds without it.

    None where all is one part. All of it takes *timeout_ms* at most.
    """
    query, asked = filter.query, parts_of(filter)
    if query is None or len(asked) < 2 or timeout_ms <= 0:
        return ()
    deadline = time.monotonic() + timeout_ms / 1000
    try:
        async with bounded(connection, timeout_ms):
            there = await days_of(connection)
    except asyncpg.QueryCanceledError:
        return ()
    parts = query.parts[:MOST_PARTS]
    found = []
    for place, part in enumerate(parts):
        left_ms = int((deadline - time.monotonic()) * 1000)
        share_ms = left_ms // (2 * (len(parts) - place))
        others = tuple(other for other in asked if other is not part)
        alone = await _count(connection, there, (part,), share_ms)
        without = await _count(connection, there, others, share_ms)
        found.append(_shown(query, part, alone, without))
    return tuple(found)


def _shown(
    query: Query, part: Node, alone: int | None, without: int | None
) -> QueryPart:
    return QueryPart(
        text=query.written(part),
        offset=part.span.offset,
        length=part.span.length,
        alone=alone,
        without=without,
    )


async def _count(
    connection: asyncpg.Connection,
    there: Sequence[Days],
    parts: Sequence[Node],
    timeout_ms: int,
) -> int | None:
    """MOST_COUNTED and one where there are more; None where it takes too long."""
    until, count = time.monotonic() + timeout_ms / 1000, 0
    for days in in_order(there, *asked_of_parts(parts).bounds):
        left_ms = int((until - time.monotonic()) * 1000)
        if left_ms <= 0:
            return None
        made = conditions.of_all(tuple(parts))
        days.bound(made)
        sql, arguments = capped(made, MOST_COUNTED + 1 - count)
        try:
            [row] = await within(connection, left_ms, sql, arguments)
        except asyncpg.QueryCanceledError:
            return None
        count += row["count"]
        if count > MOST_COUNTED:
            break
    return count
