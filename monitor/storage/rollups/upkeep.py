"""Upkeep of rollups: changes are folded, what is older is filled in, the rest goes."""

import logging
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from monitor.counters import Counters
from monitor.record.cells import STEP_S
from monitor.storage.clearing.taken_off import STARTS
from monitor.storage.database.pool import Database
from monitor.storage.database.steps import alone, step
from monitor.storage.rollups import fold
from monitor.storage.rollups.coverage import (
    ALWAYS,
    NEVER,
    complete_from,
    dropped_before,
    filled_from,
)
from monitor.storage.rollups.fold import PATIENCE_S, STEP_TIMEOUT_S
from monitor.storage.rollups.window import CHANGE_ROW, LOG_ROW
from monitor.traffic.ids import lowest_at

logger = logging.getLogger(__name__)

LOCK = "SELECT pg_try_advisory_lock(hashtext('apimonitor.rollups'))"
# So many changes are read as they are by whoever asks; more are folded.
FEW_CHANGES = 2_000
STEP_CHANGES = 20_000
CHANGES = f"""
    SELECT start, service_id, source, {CHANGE_ROW}
      FROM rollup_changes
     WHERE start >= $1
       AND start < $2
    """
LOGS = f"""
    SELECT {STARTS} AS start, l.service_id, l.source, {LOG_ROW}
      FROM logs AS l
     WHERE l.ts >= $1
       AND l.ts < $2
       AND l.id >= $3
       AND l.id < $4
    """


@dataclass(frozen=True, slots=True)
class Limits:
    few_changes: int = FEW_CHANGES
    step_changes: int = STEP_CHANGES


class RollupUpkeep:
    """Each step is a transaction, of one process at a time.

    What a step counts and what it removes it sees in one snapshot: a log that is stored
    or removed meanwhile has its changes behind it, which the step leaves.
    """

    def __init__(
        self, database: Database, *, counters: Counters, limits: Limits = Limits()
    ) -> None:
        self._database = database
        self._counters = counters
        self._limits = limits

    async def step(self) -> bool:
        """Whether there may be more to do now; False where another process is at it."""
        async with alone(self._database, LOCK) as connection:
            if connection is None:
                return False
            await _clear(connection)
            is_more = False
            for kind, work in (("fold", self._fold), ("fill", _fill)):
                if await work(connection):
                    self._counters.rollup_steps.labels(kind).inc()
                    is_more = True
        return is_more

    async def _fold(self, connection: asyncpg.Connection) -> bool:
        """Fold the oldest changes, where there are more than a few."""
        async with _step(connection):
            since = await complete_from(connection)
            count = await _count(connection, since, self._limits.step_changes + 1)
            self._counters.rollup_changes.set(count)
            if count <= self._limits.few_changes:
                return False
            until = NEVER
            if count > self._limits.step_changes:
                until = await _behind(connection, since, self._limits.step_changes)
            starts = await fold.add(connection, CHANGES, since, until)
            await connection.execute(
                "DELETE FROM rollup_changes WHERE start >= $1 AND start < $2",
                since,
                until,
                timeout=PATIENCE_S,
            )
        async with _step(connection):
            await fold.merge(connection, starts)
        return True


def _step(connection: asyncpg.Connection) -> AbstractAsyncContextManager[None]:
    return step(
        connection,
        timeout_ms=STEP_TIMEOUT_S * 1000,
        is_one_snapshot=True,
        is_awaited=False,
    )


async def _count(connection: asyncpg.Connection, since: datetime, most: int) -> int:
    """How many changes there are, up to *most*."""
    count: int = await connection.fetchval(
        """
        SELECT count(*)
          FROM (SELECT 1 FROM rollup_changes WHERE start >= $1 LIMIT $2) AS c
        """,
        since,
        most,
    )
    return count


async def _behind(
    connection: asyncpg.Connection, since: datetime, changes: int
) -> datetime:
    """The end of the step that the oldest *changes* reach into."""
    start: datetime = await connection.fetchval(
        """
        SELECT start
          FROM rollup_changes
         WHERE start >= $1
         ORDER BY start
        OFFSET $2
         LIMIT 1
        """,
        since,
        changes,
    )
    return start + timedelta(seconds=STEP_S)


async def _fill(connection: asyncpg.Connection) -> bool:
    """Count the newest logs of those that came before there were rollups.

    Changes of them say what the count has seen. False where there are none left.
    """
    async with _step(connection):
        until = await filled_from(connection)
        if until == ALWAYS:
            return False
        if until == NEVER:
            logger.info("logs are counted into rollups")
        since = await _hour_of_newest(connection, until)
        logs = (since, until, lowest_at(since), lowest_at(until))
        starts = await fold.add(connection, LOGS, *logs)
        await connection.execute(
            "DELETE FROM rollup_changes WHERE start >= $1 AND start < $2",
            since,
            until,
            timeout=PATIENCE_S,
        )
        await connection.execute("UPDATE rollup_state SET filled_from = $1", since)
    async with _step(connection):
        await fold.merge(connection, starts)
    if since == ALWAYS:
        logger.info("all logs are in rollups")
    return True


async def _hour_of_newest(connection: asyncpg.Connection, until: datetime) -> datetime:
    """ALWAYS where there are no logs before *until*, of days that are there."""
    newest: datetime | None = await connection.fetchval(
        """
        SELECT ts
          FROM logs
         WHERE ts >= $1
           AND ts < $2
           AND id < $3
         ORDER BY id DESC
         LIMIT 1
        """,
        await dropped_before(connection),
        until,
        lowest_at(until),
    )
    if newest is None:
        return ALWAYS
    # What is dated ahead is taken together.
    newest = min(newest, datetime.now(UTC))
    return newest.replace(minute=0, second=0, microsecond=0)


async def _clear(connection: asyncpg.Connection) -> None:
    """Remove what nobody reads: of days that were dropped, and not filled in yet.

    Logs of these are counted by themselves.
    """
    async with _step(connection):
        await connection.execute(
            "DELETE FROM rollup_changes WHERE start < $1",
            await complete_from(connection),
            timeout=PATIENCE_S,
        )
        # A day that is being filled in begins before what is filled in.
        for table in fold.KEYS:
            await connection.execute(
                f"DELETE FROM {table} WHERE width_s = ANY($1) AND start < $2",
                fold.WIDTHS[table],
                await dropped_before(connection),
                timeout=PATIENCE_S,
            )
