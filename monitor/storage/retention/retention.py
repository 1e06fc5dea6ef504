"""Retention: logs and bodies go that are past their time, or beyond the bytes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime

import asyncpg

from monitor.counters import Counters
from monitor.storage.clearing import unused_sets
from monitor.storage.clearing.clearing import STEP_ROWS, Keys, remove_logs
from monitor.storage.database.partitions import (
    BODIES,
    LOOSE,
    PARTITIONED,
    Partitions,
    day_of,
    days_of,
)
from monitor.storage.database.pool import Database
from monitor.storage.database.steps import alone, step
from monitor.storage.retention import arrivals, kept_days
from monitor.storage.retention.clear_bodies import BodyClearing
from monitor.storage.retention.clear_replays import clear_events, clear_replays
from monitor.storage.retention.terms import Policy, Term, Terms, terms_at
from monitor.traffic.ids import lowest_at
from monitor.trouble import Trouble

logger = logging.getLogger(__name__)

LOCK = "SELECT pg_try_advisory_lock(hashtext('apimonitor.retention'))"
# What a step may meet that the next sweep may not: it took too long, another one
# locked the same rows, a partition came between.
REFUSED = (
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidObjectDefinitionError,
)
# A day whose tables are in use each time waits for the next sweep.
DROP_TRIES = 5
DROP_PAUSE_S = 0.5


class Retention:
    """Whole days go by dropping their partitions, what is left in small steps.

    One process at a time; pinned logs stay with their bodies.
    """

    def __init__(
        self,
        database: Database,
        *,
        policy: Policy,
        partitions: Partitions,
        counters: Counters,
    ) -> None:
        self._database = database
        self._policy = policy
        self._partitions = partitions
        self._counters = counters
        self._bodies = BodyClearing(counters)
        self._failing = Trouble("a sweep failed", "sweeps work again", logger=logger)
        self._staying = Trouble("a day stays past its time", "none does", logger=logger)
        self._exceeding = Trouble(
            "logs exceed RETENTION_BYTES", "they no longer do", logger=logger
        )

    async def sweep(self, now: datetime) -> bool:
        """Remove all that is to go at *now*; False where another process does.

        Raises Unavailable where PostgreSQL is away; the next sweep goes on.
        """
        async with alone(self._database, LOCK) as connection:
            if connection is None:
                return False
            try:
                await self._sweep(connection, now)
                self._failing.passed()
            except REFUSED as error:
                self._failing.met(type(error).__name__)
        return True

    async def _sweep(self, connection: asyncpg.Connection, now: datetime) -> None:
        terms = await terms_at(connection, self._policy, now)
        await self._drop_past(connection, terms.logs, PARTITIONED)
        await self._drop_past(
            connection, terms.bodies, BODIES, arrived_since=terms.bodies
        )
        for term in terms.each:
            await self._clear_logs(connection, term, terms)
        await arrivals.clear(connection, terms.logs)
        for table in LOOSE:
            await self._bodies.clear_attic(connection, table, terms)
        await self._bodies.clear(connection, terms, now)
        for term in terms.each:
            self._count("replays", await clear_replays(connection, term))
        for term in (*terms.each, terms.of_all):
            self._count("alert_events", await clear_events(connection, term))
        await self._hold_bytes(connection, day_of(now))
        await unused_sets.sweep_all(connection)

    async def _drop_past(
        self,
        connection: asyncpg.Connection,
        moment: datetime,
        tables: Sequence[str],
        *,
        arrived_since: datetime | None = None,
    ) -> None:
        """The days that ended before *moment*."""
        for day in await _days(connection, tables):
            if day >= day_of(moment):
                return
            if not await self._drop(
                connection, day, tables, arrived_since=arrived_since
            ):
                return

    async def _drop(
        self,
        connection: asyncpg.Connection,
        day: date,
        tables: Sequence[str],
        *,
        arrived_since: datetime | None = None,
    ) -> bool:
        """False where *day* has to wait; days after it wait for it."""
        # What tells what is pinned goes last.
        ordered = tables[::-1]
        for attempt in range(DROP_TRIES):
            try:
                dropped = await kept_days.drop_day(
                    connection, day, ordered, arrived_since=arrived_since
                )
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                await asyncio.sleep(DROP_PAUSE_S * (attempt + 1))
                continue
            except asyncpg.QueryCanceledError:
                self._staying.met(f"{day} takes too long")
                return False
            break
        else:
            self._staying.met(f"{day} is in use")
            return False
        self._staying.passed()
        self._partitions.forget()
        for table, gone in dropped.items():
            self._count(table, gone.rows)
            self._counters.retention_bytes.inc(gone.size)
        logger.info("a day is gone", extra={"day": str(day), "tables": list(dropped)})
        return True

    async def _clear_logs(
        self, connection: asyncpg.Connection, term: Term, terms: Terms
    ) -> None:
        """Logs of a service that others outlive, and what came late of any."""
        until = term.logs
        if until <= terms.logs:
            until = min(until, await kept_days.ends(connection, "logs"))
        await self._clear(
            connection,
            lambda: connection.fetch(
                """
                SELECT bucket, ts, id
                  FROM logs
                 WHERE service_id = $1
                   AND id < $2
                   AND ts < $3
                   AND NOT pinned
                 ORDER BY id
                 LIMIT $4
                """,
                term.service_id,
                lowest_at(until),
                until,
                STEP_ROWS,
            ),
        )

    async def _clear(
        self,
        connection: asyncpg.Connection,
        find: Callable[[], Awaitable[Keys]],
    ) -> None:
        """Remove the logs that *find* gives, until it gives none."""
        while True:
            async with step(connection):
                keys = await find()
                gone = await remove_logs(connection, keys, pinned=False)
            self._count("logs", len(gone))
            if len(keys) < STEP_ROWS:
                return

    async def _hold_bytes(self, connection: asyncpg.Connection, today: date) -> None:
        """What came late goes first, then the oldest days; today stays."""
        limit = self._policy.limit_bytes
        if limit is None:
            return
        if await kept_days.size_of_all(connection) > limit:
            await self._clear(
                connection,
                lambda: connection.fetch(
                    "SELECT bucket, ts, id FROM logs_attic WHERE NOT pinned LIMIT $1",
                    STEP_ROWS,
                ),
            )
            await self._drop_oldest(connection, today, limit)
        if await kept_days.size_of_all(connection) > limit:
            self._exceeding.met("there is no earlier day")
        else:
            self._exceeding.passed()

    async def _drop_oldest(
        self, connection: asyncpg.Connection, today: date, limit: int
    ) -> None:
        """Day by day, until the rest is within *limit*, or may not go."""
        for day in await _days(connection, PARTITIONED):
            if await kept_days.size_of_all(connection) <= limit:
                return
            if day >= today or not await self._drop(connection, day, PARTITIONED):
                return

    def _count(self, table: str, rows: int) -> None:
        self._counters.retention_rows.labels(table).inc(rows)


async def _days(connection: asyncpg.Connection, tables: Iterable[str]) -> list[date]:
    found: set[date] = set()
    for table in tables:
        found.update(await days_of(connection, table))
    return sorted(found)
