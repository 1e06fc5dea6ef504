"""Counting in blocks: where what is asked for may be, newest first, in time."""

from collections.abc import Callable, Sequence

import asyncpg

from monitor.logs.asked import parts_of
from monitor.logs.facets import Covered
from monitor.logs.filter import LogFilter
from monitor.storage.blocks.candidates import candidates
from monitor.storage.blocks.walk import Walk
from monitor.storage.counts.walk import STEP_SHARE, Deadline, exactly, found, nothing
from monitor.storage.search.asked import Asked
from monitor.storage.search.bounded import within
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import timestamp_of

# Of the time that is left, what telling the blocks may take.
TELLING_SHARE = 0.4


async def in_blocks(
    connection: asyncpg.Connection,
    filter: LogFilter,
    asked: Asked,
    counting: Callable[[Conditions, str], str],
    take: Callable[[Sequence[asyncpg.Record]], None],
    most_logs: int,
    deadline: Deadline,
) -> Covered | None:
    """None where there are no blocks that tell, or not in time.

    *filter*: what is *asked*; *most_logs*: that are found.
    """
    try:
        telling_ms = deadline.left_ms(TELLING_SHARE)
        where = await candidates(connection, parts_of(filter), telling_ms)
    except asyncpg.QueryCanceledError:
        return None
    if where is None or not where.chunks:
        return None
    walk, logs = Walk(filter, where), 0
    while not walk.is_over and logs < most_logs and deadline.leaves_a_step:
        left_ms = deadline.left_ms(STEP_SHARE)
        try:
            made = await walk.step(connection, left_ms)
            left_ms = deadline.left_ms(STEP_SHARE)
            sql = counting(made, "")
            rows = await within(
                connection, left_ms, sql, made.arguments, reads_many=True
            )
        except asyncpg.QueryCanceledError:
            walk.shrink()
            continue
        take(rows)
        logs += found(rows)
        walk.done()
    if walk.is_over:
        return exactly(asked, logs)
    if walk.edge is None:
        return nothing(asked)
    _, until = asked.bounds
    since = timestamp_of(walk.edge)
    return Covered(is_exact=False, since=since, until=until, logs=logs)
