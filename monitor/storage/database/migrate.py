"""Migrations: which are applied, and how the others are."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from monitor.errors import Unusable
from monitor.storage.database.pool import NO_DEADLINE, Database

# What its SQL needs of PostgreSQL.
OLDEST = 15
LOCK = int.from_bytes(b"apimon", "big")
LOCK_POLL_S = 0.1
# A statement that cannot run in a transaction says so in its file's first line.
NO_TRANSACTION = re.compile(r"\s*--\s*migrate:\s*no-transaction")


class MigrationError(Exception):
    """The files and the database do not fit together."""


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> bytes:
        return hashlib.sha256(self.sql.encode()).digest()


async def migrate(connection: asyncpg.Connection, folder: Path) -> list[str]:
    """Apply what is pending, in order, one process at a time; what was applied."""
    migrations = await asyncio.to_thread(read, folder)
    await _lock(connection)
    try:
        if not await _has_book(connection):
            await _make_book(connection)
        missing = _missing(migrations, await _applied(connection))
        for migration in missing:
            await _apply(connection, migration)
        return [migration.name for migration in missing]
    finally:
        # A lost connection has lost its lock, and its error is the one to see.
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def pending(connection: asyncpg.Connection, folder: Path) -> list[str]:
    """What *migrate* would apply. Changes nothing."""
    migrations = await asyncio.to_thread(read, folder)
    applied = await _applied(connection) if await _has_book(connection) else {}
    return [migration.name for migration in _missing(migrations, applied)]


def read(folder: Path) -> list[Migration]:
    """All migrations of *folder*, which are numbered 1, 2, 3, …"""
    found = []
    for path in sorted(folder.glob("*.sql")):
        number = path.name.split("_", 1)[0]
        if not number.isdigit():
            raise MigrationError(f"{path.name} has no number")
        sql = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        found.append(Migration(int(number), path.name, sql))
    for expected, migration in enumerate(found, start=1):
        if migration.version != expected:
            raise MigrationError(f"{migration.name} should be number {expected}")
    return found


async def _lock(connection: asyncpg.Connection) -> None:
    # Polled: a blocked pg_advisory_lock() holds a snapshot that a CREATE INDEX
    # CONCURRENTLY of the lock's holder would wait for: a deadlock.
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
        await asyncio.sleep(LOCK_POLL_S)


async def _has_book(connection: asyncpg.Connection) -> bool:
    # Asked, because CREATE SCHEMA IF NOT EXISTS wants its right even where it exists.
    found = await connection.fetchval(
        "SELECT to_regclass('apimonitor.schema_migrations')"
    )
    return found is not None


async def _make_book(connection: asyncpg.Connection) -> None:
    await connection.execute(
        """
        CREATE SCHEMA IF NOT EXISTS apimonitor;
        CREATE TABLE IF NOT EXISTS apimonitor.schema_migrations (
            version    integer PRIMARY KEY,
            name       text NOT NULL,
            checksum   bytea NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )


async def _applied(connection: asyncpg.Connection) -> dict[int, bytes]:
    rows = await connection.fetch(
        "SELECT version, checksum FROM apimonitor.schema_migrations"
    )
    return {row["version"]: row["checksum"] for row in rows}


def _missing(migrations: list[Migration], applied: dict[int, bytes]) -> list[Migration]:
    unknown = sorted(set(applied) - {migration.version for migration in migrations})
    if unknown:
        raise MigrationError(
            f"the database is newer than this program: it has migration {unknown[-1]}"
        )
    for migration in migrations:
        held = applied.get(migration.version)
        if held is not None and held != migration.checksum:
            raise MigrationError(f"{migration.name} was changed after it was applied")
    return [migration for migration in migrations if migration.version not in applied]


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    if NO_TRANSACTION.match(migration.sql):
        await _apply_apart(connection, migration)
        return
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '10s'")
        await connection.execute("SET LOCAL search_path TO apimonitor")
        await connection.execute(migration.sql)
        await _note(connection, migration)


async def _apply_apart(connection: asyncpg.Connection, migration: Migration) -> None:
    """Statement by statement, each ending a line; repeated whole after a failure."""
    await connection.execute("SET search_path TO apimonitor")
    try:
        for statement in re.split(r";\s*\n", migration.sql):
            if statement.strip():
                await connection.execute(statement)
    finally:
        if not connection.is_closed():
            await connection.execute("RESET search_path")
    await _note(connection, migration)


async def _note(connection: asyncpg.Connection, migration: Migration) -> None:
    await connection.execute(
        """
        INSERT INTO apimonitor.schema_migrations (version, name, checksum)
        VALUES ($1, $2, $3)
        """,
        migration.version,
        migration.name,
        migration.checksum,
    )


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
