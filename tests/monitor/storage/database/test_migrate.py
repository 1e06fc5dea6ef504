"""Migrations are applied once, in order, by whoever comes first."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from monitor.storage.database.migrate import MigrationError, migrate, pending


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE one (n int);")
    (tmp_path / "0002_second.sql").write_text(
        "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS one_n\n"
        "    ON one (n);\nINSERT INTO one VALUES (1);\n"
    )
    return tmp_path


@pytest_asyncio.fixture
async def connection(empty_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    made = await asyncpg.connect(empty_dsn)
    yield made
    await made.close()


async def test_all_are_applied_once(
    connection: asyncpg.Connection, folder: Path
) -> None:
    assert await migrate(connection, folder) == ["0001_first.sql", "0002_second.sql"]
    assert await migrate(connection, folder) == []
    assert await connection.fetchval("SELECT count(*) FROM apimonitor.one") == 1


async def test_many_at_once_apply_each_once(empty_dsn: str, folder: Path) -> None:
    async def one() -> list[str]:
        made = await asyncpg.connect(empty_dsn)
        try:
            return await migrate(made, folder)
        finally:
            await made.close()

    applied = await asyncio.gather(*(one() for _ in range(5)))
    names = [name for one_s in applied for name in one_s]
    assert sorted(names) == ["0001_first.sql", "0002_second.sql"]


async def test_a_failed_one_leaves_nothing(
    connection: asyncpg.Connection, folder: Path
) -> None:
    (folder / "0003_bad.sql").write_text("CREATE TABLE two (n int); SELECT nonsense;")
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(connection, folder)
    assert await connection.fetchval("SELECT to_regclass('apimonitor.two')") is None
    assert await connection.fetchval("SELECT pg_try_advisory_lock(1)")


async def test_a_changed_file_is_refused(
    connection: asyncpg.Connection, folder: Path
) -> None:
    await migrate(connection, folder)
    (folder / "0001_first.sql").write_text("CREATE TABLE other (n int);")
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed"):
        await migrate(connection, folder)


async def test_a_newer_database_is_refused(
    connection: asyncpg.Connection, folder: Path
) -> None:
    await migrate(connection, folder)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(MigrationError, match="newer than this program"):
        await migrate(connection, folder)


async def test_a_gap_in_the_numbers_is_refused(
    connection: asyncpg.Connection, folder: Path
) -> None:
    (folder / "0004_gap.sql").write_text("SELECT 1;")
    with pytest.raises(MigrationError, match="should be number 3"):
        await migrate(connection, folder)


async def test_what_is_pending_is_told_and_nothing_changes(
    connection: asyncpg.Connection, folder: Path
) -> None:
    assert await pending(connection, folder) == ["0001_first.sql", "0002_second.sql"]
    assert await connection.fetchval("SELECT to_regnamespace('apimonitor')") is None
    await migrate(connection, folder)
    (folder / "0003_third.sql").write_text("SELECT 1;")
    assert await pending(connection, folder) == ["0003_third.sql"]


async def test_the_search_path_stays_the_connections_own(
    connection: asyncpg.Connection, folder: Path
) -> None:
    before = await connection.fetchval("SHOW search_path")
    await migrate(connection, folder)
    assert await connection.fetchval("SHOW search_path") == before


async def test_a_lost_connection_is_what_is_raised(
    connection: asyncpg.Connection, folder: Path
) -> None:
    (folder / "0003_away.sql").write_text(
        "-- migrate: no-transaction\nSELECT pg_terminate_backend(pg_backend_pid());"
    )
    with pytest.raises(asyncpg.PostgresError):
        await migrate(connection, folder)


async def test_a_role_without_create_uses_the_schema_it_was_given(
    connection: asyncpg.Connection, folder: Path
) -> None:
    role = f"plain_{uuid4().hex}"
    await migrate(connection, folder)
    await connection.execute(
        f"CREATE ROLE {role};"
        f"GRANT USAGE, CREATE ON SCHEMA apimonitor TO {role};"
        f"GRANT ALL ON ALL TABLES IN SCHEMA apimonitor TO {role}"
    )
    (folder / "0003_third.sql").write_text("CREATE TABLE three (n int);")
    await connection.execute(f"SET ROLE {role}")
    assert await migrate(connection, folder) == ["0003_third.sql"]
    await connection.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")
