"""Nothing found: which part of a query left out everything."""

import time
from collections.abc import Iterable, Sequence

import asyncpg

from monitor.logs.asked import parts_of
from monitor.logs.filter import LogFilter
from monitor.logs.log import QueryPart
from monitor.search.tree import And, Node, Query
from monitor.storage.blocks.candidates import candidates
from monitor.storage.blocks.places import Candidates
from monitor.storage.blocks.walk import Walk
from monitor.storage.logs.search import capped
from monitor.storage.search import conditions
from monitor.storage.search.asked import asked_of_parts
from monitor.storage.search.bounded import bounded, within
from monitor.storage.search.days import Days, days_of, in_order
from monitor.storage.search.rolled_up import count_of

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
    # Of two parts, each is the other one's rest.
    known: dict[tuple[Node, ...], int | None] = {}
    for place, part in enumerate(parts):
        left_ms = int((deadline - time.monotonic()) * 1000)
        share_ms = left_ms // (2 * (len(parts) - place))
        others = tuple(other for other in asked if other is not part)
        for some in ((part,), others):
            if some not in known:
                known[some] = await _count(connection, there, some, share_ms)
        found.append(_shown(query, part, known[(part,)], known[others]))
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
    until = time.monotonic() + timeout_ms / 1000
    asked = asked_of_parts(parts)
    known = await count_of(connection, asked, timeout_ms=_left_ms(until))
    if known is not None:
        return min(known, MOST_COUNTED + 1)
    try:
        where = await candidates(connection, parts, _left_ms(until))
        if where is not None:
            return await _in_blocks(connection, parts, where, until)
        return await _by_days(connection, in_order(there, *asked.bounds), parts, until)
    except asyncpg.QueryCanceledError:
        return None


async def _in_blocks(
    connection: asyncpg.Connection,
    parts: Sequence[Node],
    where: Candidates,
    until: float,
) -> int:
    """Raises asyncpg.QueryCanceledError."""
    walk = Walk(LogFilter(query=Query("", And(tuple(parts)))), where)
    count = 0
    while count <= MOST_COUNTED and not walk.is_over:
        made = await walk.step(connection, _left_ms(until))
        sql, arguments = capped(made, MOST_COUNTED + 1 - count)
        [row] = await within(
            connection, _left_ms(until), sql, arguments, reads_many=True
        )
        count += row["count"]
        walk.done()
    return count


async def _by_days(
    connection: asyncpg.Connection,
    days: Iterable[Days],
    parts: Sequence[Node],
    until: float,
) -> int:
    """Raises asyncpg.QueryCanceledError."""
    count = 0
    for each in days:
        made = conditions.of_all(tuple(parts))
        each.bound(made)
        sql, arguments = capped(made, MOST_COUNTED + 1 - count)
        [row] = await within(connection, _left_ms(until), sql, arguments)
        count += row["count"]
        if count > MOST_COUNTED:
            break
    return count


def _left_ms(until: float) -> int:
    return int((until - time.monotonic()) * 1000)
