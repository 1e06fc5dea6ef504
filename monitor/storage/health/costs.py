"""Costs of the appliance, measured now and then; whoever asks gets what they were."""

import asyncio
import dataclasses
import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import asyncpg

from monitor.costs.growth import DAY, KeptFor
from monitor.costs.measures import Cost, Sizes
from monitor.errors import MonitorError
from monitor.files.disk import measure
from monitor.storage.database.facts import Day, days
from monitor.storage.database.pool import FAILED, Database
from monitor.storage.database.shares import Share
from monitor.storage.health.stored_days import StoredDays
from monitor.storage.retention import kept_days
from monitor.storage.retention.terms import Policy, terms_at

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0
# Until PostgreSQL has answered once.
ASK_EVERY_S = 1.0
# What a day adds is that of the last ones, today included.
OVER_DAYS = 7
# Of each statement: it may meet a table that is being dropped.
STATEMENT_TIMEOUT_MS = 5_000


class Costs:
    """*cost* is what was measured last, a minute ago at most where nothing hangs."""

    def __init__(
        self,
        database: Database,
        *,
        directory: Path,
        policy: Policy,
        is_embedded: bool,
        most_files: int,
    ) -> None:
        self._database = database
        self._directory = directory
        self._policy = policy
        self._most_files = most_files
        self._stored_days = StoredDays()
        self.cost = Cost(is_embedded=is_embedded, limit_bytes=policy.limit_bytes)

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.look()
            await self.ask(datetime.now(UTC))
            slept_s = 0.0
            while slept_s < LOOK_EVERY_S:
                await asyncio.sleep(ASK_EVERY_S)
                slept_s += ASK_EVERY_S
                if self.cost.sizes is None:
                    await self.ask(datetime.now(UTC))

    async def look(self) -> None:
        """Go over the directory, beside the loop."""
        disk = await asyncio.to_thread(
            measure, self._directory, most_files=self._most_files
        )
        cut = self.cost.cut + (not disk.is_whole)
        self.cost = dataclasses.replace(self.cost, disk=disk, cut=cut)

    async def ask(self, now: datetime) -> None:
        """What PostgreSQL says; what it said before stays where it does not answer."""
        try:
            async with self._database.reading(Share.LISTS) as connection:
                sizes = await self._sizes(connection, now)
        except (MonitorError, *FAILED) as error:
            logger.debug("not measured", extra={"reason": type(error).__name__})
            return
        self.cost = dataclasses.replace(self.cost, sizes=sizes)

    async def _sizes(self, connection: asyncpg.Connection, now: datetime) -> Sizes:
        async with connection.transaction(readonly=True):
            await connection.execute(
                f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}"
            )
            row = await connection.fetchrow(
                """
                SELECT pg_database_size(current_database()) AS database,
                       (SELECT min(applied_at) FROM schema_migrations) AS installed,
                       has_function_privilege('pg_ls_waldir()', 'execute') AS may_ask,
                       (SELECT sum(pg_total_relation_size(c.oid))::bigint
                          FROM pg_class AS c
                         WHERE c.relnamespace = 'apimonitor'::regnamespace
                           AND c.relkind IN ('r', 'm')) AS schema
                """
            )
            assert row is not None
            wal = None
            if row["may_ask"] and not self.cost.is_embedded:
                wal = await connection.fetchval(
                    "SELECT sum(size)::bigint FROM pg_ls_waldir()"
                )
            sizes = await days(connection)
            kept = await self._kept(connection, row["installed"], now, sizes)
            shared = await self._stored_days.of(connection, sizes)
        return Sizes(
            at=now,
            schema=row["schema"] or 0,
            database=row["database"],
            wal=wal,
            logs=kept[0],
            bodies=kept[1],
            days=shared,
        )

    async def _kept(
        self,
        connection: asyncpg.Connection,
        installed: datetime,
        now: datetime,
        sizes: Sequence[Day],
    ) -> tuple[KeptFor, KeptFor]:
        """Of logs and of bodies: a day of either is there until it is dropped."""
        terms = await terms_at(connection, self._policy, now)
        first = max(installed, _begin(now.date() - timedelta(days=OVER_DAYS - 1)))
        return (
            _kept(
                {day.name: day.logs + day.details for day in sizes},
                since=max(first, await kept_days.ends(connection, "logs")),
                now=now,
                past=terms.logs,
            ),
            _kept(
                {day.name: day.bodies + day.packed + day.messages for day in sizes},
                since=max(first, await kept_days.ends(connection, "log_bodies")),
                now=now,
                past=terms.bodies,
            ),
        )


def _kept(
    sizes: dict[str, int], *, since: datetime, now: datetime, past: datetime
) -> KeptFor:
    first, last = since.date(), now.date()
    counted = (first + DAY * n for n in range((last - first).days + 1))
    return KeptFor(
        # What is pinned for good is no room that comes back.
        held=sum(size for name, size in sizes.items() if name.isdigit()),
        came=sum(sizes.get(f"{day:%Y%m%d}", 0) for day in counted),
        since=since,
        until=max(now, since),
        # A day goes once all of it is past.
        days=(now - past).days + 1,
    )


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
