"""Counts from rollups, where these know all that is asked."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import asyncpg

from monitor.logs.metrics import Scope
from monitor.storage.rollups.coverage import complete_from
from monitor.storage.rollups.window import Window
from monitor.storage.search.asked import Asked
from monitor.storage.search.bounded import bounded
from monitor.storage.search.clauses import clause
from monitor.storage.search.where import Conditions


async def from_rollups(
    connection: asyncpg.Connection,
    asked: Asked,
    table: str,
    counting: Callable[[Window], str],
    *,
    every: timedelta | None,
    timeout_ms: int,
) -> Sequence[asyncpg.Record] | None:
    """What *counting* makes of the rows of *table* that are asked for, of one snapshot;
    None where that takes longer. *every*: as a Window has it.
    """
    try:
        async with bounded(connection, timeout_ms, isolation="repeatable_read"):
            since, until = asked.bounds
            window = Window(
                Scope(since=since, until=until),
                await complete_from(connection),
                table,
                every=every,
                and_sources=True,
            )
            made = Conditions(window.arguments)
            for part in asked.rolled_up:
                window.narrow(clause(part, made))
            if asked.are_errors is not None:
                window.narrow_to_errors(asked.are_errors)
            sql = counting(window)
            return await connection.fetch(sql, *window.arguments)
    except asyncpg.QueryCanceledError:
        return None


async def count_of(
    connection: asyncpg.Connection, asked: Asked, *, timeout_ms: int
) -> int | None:
    """How many there are; None where rollups do not know it, or not in time."""
    if asked.table is None or asked.is_nothing:
        return None
    rows = await from_rollups(
        connection,
        asked,
        asked.table,
        lambda window: window.counted(()),
        every=None,
        timeout_ms=timeout_ms,
    )
    return None if rows is None else rows[0]["requests"] or 0
