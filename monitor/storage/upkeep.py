"""What the database needs done to it, apart from reading and writing logs."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from monitor.storage.migrate import migrate
from monitor.storage.partitions import Partitions
from monitor.storage.pool import Database


async def migrate_database(database: Database, folder: Path) -> list[str]:
    """Apply what is pending; the names of what was applied."""
    async with database.connection(timeout_s=5) as connection:
        return await migrate(connection, folder)


async def make_partitions(
    database: Database, partitions: Partitions, days: Iterable[date]
) -> None:
    async with database.connection(timeout_s=5) as connection:
        await partitions.ensure(connection, days)
