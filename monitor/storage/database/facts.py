"""Facts that PostgreSQL says of itself: its version, and how large the logs are."""

from collections import defaultdict
from dataclasses import dataclass

import asyncpg

from monitor.storage.database.partitions import PARTITIONED
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share


@dataclass(frozen=True, slots=True)
class Day:
    """The partitions of one day, `20261125`, in bytes with their indexes.

    `attic` holds what is kept of days that are gone.
    """

    name: str
    logs: int
    details: int
    bodies: int
    packed: int
    messages: int

    @property
    def total(self) -> int:
        return self.logs + self.details + self.bodies + self.packed + self.messages


@dataclass(frozen=True, slots=True)
class Facts:
    version: str
    database_bytes: int
    connections: int
    most_connections: int
    days: tuple[Day, ...]


async def facts(database: Database, *, timeout_s: float) -> Facts:
    """Raises Unavailable."""
    async with database.reading(
        Share.LOOKUPS, timeout_s=timeout_s, held_s=timeout_s
    ) as connection:
        row = await connection.fetchrow(
            """
            SELECT current_setting('server_version') AS version,
                   pg_database_size(current_database()) AS size,
                   (SELECT count(*) FROM pg_stat_activity
                     WHERE backend_type = 'client backend') AS connections,
                   current_setting('max_connections')::int AS most
            """
        )
        sizes = await days(connection)
    assert row is not None
    return Facts(
        version=row["version"],
        database_bytes=row["size"],
        connections=row["connections"],
        most_connections=row["most"],
        days=sizes,
    )


async def days(connection: asyncpg.Connection) -> tuple[Day, ...]:
    """What each day takes, the newest first."""
    sizes = await connection.fetch(
        """
        SELECT parent.relname AS parent, child.relname AS child,
               coalesce(pg_total_relation_size(child.oid), 0) AS size
          FROM pg_inherits AS i
          JOIN pg_class AS parent ON parent.oid = i.inhparent
          JOIN pg_class AS child ON child.oid = i.inhrelid
          JOIN pg_namespace AS n ON n.oid = parent.relnamespace
         WHERE n.nspname = 'apimonitor'
           AND parent.relname = ANY($1)
           AND parent.relkind = 'p'
        """,
        PARTITIONED,
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in sizes:
        found[row["child"].rpartition("_")[2]][row["parent"]] = row["size"]
    return tuple(
        Day(
            name,
            logs=of.get("logs", 0),
            details=of.get("log_details", 0) + of.get("header_sets", 0),
            bodies=of.get("log_bodies", 0),
            packed=of.get("body_packs", 0),
            messages=of.get("log_messages", 0),
        )
        for name, of in sorted(found.items(), reverse=True)
    )
