"""Upkeep that the database needs, apart from reading and writing logs."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import asyncpg

from monitor.errors import Unusable
from monitor.storage.database.migrate import MigrationError, migrate
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import NO_DEADLINE, Database

OLDEST = 15


async def migrate_database(database: Database, folder: Path) -> list[str]:
    """Apply what is pending; the names of what was applied.

    Raises Unavailable, and Unusable where PostgreSQL or what it holds does not fit.
    """
    try:
        async with database.connection(
            timeout_s=5, held_s=NO_DEADLINE, as_it_is=True
        ) as connection:
            version = connection.get_server_version().major
            if version < OLDEST:
                raise Unusable(f"PostgreSQL {version} is older than {OLDEST}")
            applied = await migrate(connection, folder)
    except (MigrationError, asyncpg.PostgresError) as error:
        raise Unusable(str(error)) from error
    database.awaits_migration = False
    return applied


async def make_partitions(
    database: Database, partitions: Partitions, days: Iterable[date]
) -> None:
    async with database.connection(timeout_s=5, held_s=NO_DEADLINE) as connection:
        await partitions.ensure(connection, days)
