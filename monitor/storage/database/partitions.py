"""Partitions of the logs: for which days there is one."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import asyncpg

from monitor.record.header_sets import HeaderSets
from monitor.storage.database.compression import AUTO, Compression, compress
from monitor.storage.database.pool import NO_DEADLINE, Database

# In the order in which a batch is stored.
MADE = ("header_sets", "logs", "log_bodies", "body_packs", "log_messages")
# Of days from before headers were sets there are details, too.
PARTITIONED = (*MADE[:2], "log_details", *MADE[2:])
# What body retention is about; and of that, what has a row a body.
BODIES = ("log_bodies", "body_packs", "log_messages")
LOOSE = ("log_bodies", "log_messages")
BEGIN_OF_DAY = "date_bin('1 day', {}::timestamptz, '2000-01-01 00:00+00')"
DAYS_OF = f"""
    ARRAY(SELECT {BEGIN_OF_DAY.format("own.ts")}
            FROM unnest({{}}::timestamptz[]) AS own (ts))
"""
# The same number in every process: who makes or drops partitions, one at a time.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('apimonitor.partitions'))"
AHEAD = timedelta(days=2)


def day_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def days_ahead(today: date) -> list[date]:
    """Yesterday (exchanges that began before midnight) to two days ahead."""
    first = today - timedelta(days=1)
    return [first + timedelta(days=n) for n in range(AHEAD.days + 2)]


class Partitions:
    """Makes what is missing, and remembers what is there.

    *compression* is of those that are made from now on. *sets* are what is in them of
    headers.
    """

    def __init__(self, *, compression: Compression = AUTO) -> None:
        self.sets = HeaderSets()
        self._compression = compression
        self._known: set[date] = set()

    def forget(self) -> None:
        """Ask PostgreSQL again: a partition may have been dropped."""
        self._known.clear()

    async def ensure(
        self, connection: asyncpg.Connection, days: Iterable[date]
    ) -> None:
        """Make the partitions of *days*; outside a transaction of the caller's.

        A table is made beside and attached, which takes no lock that readers or
        writers of the other days would wait for.
        """
        for day in sorted(set(days) - self._known):
            async with connection.transaction():
                await connection.execute(LOCK)
                for table in MADE:
                    await _attach(connection, table, day, self._compression)
            self._known.add(day)


async def attached(connection: asyncpg.Connection, name: str) -> bool:
    """Whether there is such a partition."""
    found = await connection.fetchval(
        """
        SELECT true
          FROM pg_inherits AS i
          JOIN pg_class AS c ON c.oid = i.inhrelid
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname = 'apimonitor'
           AND c.relname = $1
        """,
        name,
    )
    return bool(found)


async def _attach(
    connection: asyncpg.Connection, table: str, day: date, compression: Compression
) -> None:
    name = f"{table}_{day:%Y%m%d}"
    if await attached(connection, name):
        return
    before = await connection.fetchval(
        "SELECT before FROM attics WHERE name = $1", table
    )
    if day < before:
        # The day was dropped; its attic takes what comes late.
        return
    following = day + timedelta(days=1)
    await connection.execute(
        f"""
        CREATE TABLE IF NOT EXISTS apimonitor.{name}
               (LIKE apimonitor.{table} INCLUDING ALL)
        """
    )
    await compress(connection, name, table, compression)
    await connection.execute(
        f"""
        ALTER TABLE apimonitor.{table} ATTACH PARTITION apimonitor.{name}
              FOR VALUES FROM ('{day} 00:00+00') TO ('{following} 00:00+00');
        """
    )


async def days_of(connection: asyncpg.Connection, table: str) -> list[date]:
    """Which days *table* has a partition for, oldest first."""
    names = await connection.fetch(
        """
        SELECT c.relname
          FROM pg_inherits AS i
          JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = $1::text::regclass
           AND c.relname ~ '_[0-9]{8}$'
         ORDER BY right(c.relname, 8)
        """,
        f"apimonitor.{table}",
    )
    return [
        datetime.strptime(row["relname"][-8:], "%Y%m%d").replace(tzinfo=UTC).date()
        for row in names
    ]


async def make_partitions(
    database: Database, partitions: Partitions, days: Iterable[date]
) -> None:
    async with database.connection(timeout_s=5, held_s=NO_DEADLINE) as connection:
        await partitions.ensure(connection, days)
