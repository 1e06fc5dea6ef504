"""`apimonitor backup` and `restore`: everything comes back, or nothing changes."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from monitor.storage.server.server import Server
from tests.support.patience import PATIENCE_S
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

COMMAND = str(Path(sys.executable).parent / "apimonitor")
DEBIAN = Path("/usr/lib/postgresql/15/bin")
Contents = dict[str, str]


async def run(directory: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """The exit code, and what was said."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *arguments,
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "APIMONITOR_DATA_DIR": str(directory / "data"),
            **{f"APIMONITOR_{name}": value for name, value in settings.items()},
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE_S):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def contents(dsn: str) -> Contents:
    """Every table and partition of ours with its bounds, and a digest of its rows."""
    connection = await asyncpg.connect(
        dsn, server_settings={"search_path": "apimonitor"}
    )
    try:
        tables = await connection.fetch(
            """
            SELECT c.relname, coalesce(pg_get_expr(c.relpartbound, c.oid), '') AS bound
              FROM pg_class AS c
             WHERE c.relnamespace = 'apimonitor'::regnamespace
               AND c.relkind IN ('r', 'p')
            """
        )
        found = {}
        for table, bound in tables:
            digest = await connection.fetchval(
                f"""
                SELECT concat(count(*), ' ',
                              md5(string_agg(t::text, '|' ORDER BY t::text)))
                  FROM {table} AS t
                """
            )
            found[f"{table} {bound}"] = str(digest)
        return found
    finally:
        await connection.close()


async def execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def fill(dsn: str, directory: Path) -> None:
    async with (
        appliance_on(dsn, directory) as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client, base_url="http://127.0.0.1:1", hosts=["a.b"])
        key = bearer((await make_key(client, service["id"]))["raw_key"])
        now = datetime.now(UTC)
        rows = [
            {
                **LOG,
                "request_body": "é" * n,
                "tags": ["t"],
                "timestamp": (now - timedelta(days=n % 3)).isoformat(),
            }
            for n in range(50)
        ]
        pushed = await client.post("/v1/logs/batch", json=rows, headers=key)
        id = pushed.json()["ids"][0]
        await client.patch(f"/v1/logs/{id}", json={"pinned": True, "note": "n\u00e9"})


@pytest_asyncio.fixture
async def filled(database_url: str, tmp_path: Path) -> AsyncIterator[Contents]:
    await fill(database_url, tmp_path)
    yield await contents(database_url)


async def test_all_rows_and_partitions_come_back(
    database_url: str, filled: Contents, tmp_path: Path
) -> None:
    assert sum(not digest.startswith("0 ") for digest in filled.values()) > 10
    at = {"DATABASE_URL": database_url}
    code, said = await run(tmp_path, "backup", "one.dump", **at)
    assert (code, said[:15]) == (0, "wrote one.dump,")
    assert (tmp_path / "one.dump").stat().st_mode & 0o777 == 0o600
    await execute(database_url, "DROP SCHEMA apimonitor CASCADE")
    code, said = await run(tmp_path, "restore", "one.dump", **at)
    assert (code, said) == (0, "restored one.dump\n")
    assert await contents(database_url) == filled
    # And it is one that an appliance goes on with.
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        assert (await client.get("/v1/logs?pinned=true")).json()["total"] == 1


async def test_what_is_there_is_replaced_only_when_told(
    database_url: str, filled: Contents, tmp_path: Path
) -> None:
    at = {"DATABASE_URL": database_url}
    assert (await run(tmp_path, "backup", "one.dump", **at))[0] == 0
    await execute(database_url, "UPDATE apimonitor.logs SET note = 'later'")
    later = await contents(database_url)
    code, said = await run(tmp_path, "restore", "one.dump", **at)
    assert code == 73
    assert "--replace" in said
    assert said.count("\n") == 1
    assert await contents(database_url) == later
    code, said = await run(tmp_path, "restore", "--replace", "one.dump", **at)
    assert (code, said) == (0, "restored one.dump\n")
    assert await contents(database_url) == filled


async def test_a_restore_that_fails_changes_nothing(
    database_url: str, filled: Contents, tmp_path: Path
) -> None:
    at = {"DATABASE_URL": database_url}
    assert (await run(tmp_path, "backup", "one.dump", **at))[0] == 0
    whole = (tmp_path / "one.dump").read_bytes()
    (tmp_path / "torn.dump").write_bytes(whole[: len(whole) - 2_000])
    code, said = await run(tmp_path, "restore", "--replace", "torn.dump", **at)
    assert code in (65, 69)
    assert said.count("\n") == 1
    assert await contents(database_url) == filled
    # A restore that was killed left the schema aside: the next one puts it back first.
    await execute(database_url, "ALTER SCHEMA apimonitor RENAME TO apimonitor_replaced")
    code, said = await run(tmp_path, "restore", "one.dump", **at)
    assert code == 73
    assert await contents(database_url) == filled


async def test_not_beside_a_running_appliance_but_a_backup_is(
    database_url: str, filled: Contents, tmp_path: Path
) -> None:
    at = {"DATABASE_URL": database_url}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with appliance_on(database_url, tmp_path, BODY_PACKING_RATE="0"):
        assert (await run(tmp_path, "backup", "one.dump", **at))[0] == 0
        for folder in (tmp_path, elsewhere):
            dump = str(tmp_path / "one.dump")
            code, said = await run(folder, "restore", "--replace", dump, **at)
            assert code == 75, said
            assert "appliance uses" in said
    # It may have made the partitions of coming days meanwhile.
    now = await contents(database_url)
    assert {name: now[name] for name in filled} == filled


async def test_what_is_no_backup_is_said_so(database_url: str, tmp_path: Path) -> None:
    at = {"DATABASE_URL": database_url}
    (tmp_path / "letter").write_text("dear")
    assert (await run(tmp_path, "restore", "letter", **at))[0] == 65
    assert (await run(tmp_path, "restore", "absent", **at))[0] == 66
    assert (await run(tmp_path, "backup", "letter", **at))[0] == 73
    assert (await run(tmp_path, "backup", "no/where", **at))[0] == 73
    away = "postgresql://nobody:s3cret@127.0.0.1:1/nothing"
    code, said = await run(tmp_path, "backup", "new", DATABASE_URL=away)
    assert code == 69
    assert "s3cret" not in said
    assert sorted(os.listdir(tmp_path)) == ["data", "letter"]


async def test_the_way_out_of_another_major_version_works(tmp_path: Path) -> None:
    """The commands that the refusal names, with Debian's PostgreSQL 15."""
    if not (DEBIAN / "postgres").exists():
        pytest.skip("no other PostgreSQL: apt-get install postgresql-15")
    old = Server(tmp_path / "data" / "postgres", bin_dir=DEBIAN)
    await asyncio.to_thread(old.start)
    await fill(old.dsn(), tmp_path)
    before = await contents(old.dsn())
    await asyncio.to_thread(old.stop)
    code, said = await run(tmp_path, "migrate")
    assert code == 73
    assert "APIMONITOR_PG_BIN=/usr/lib/postgresql/15/bin apimonitor backup" in said
    assert said.count("\n") == 1
    code, said = await run(tmp_path, "backup", "old.dump", PG_BIN=str(DEBIAN))
    assert code == 0, said
    data = tmp_path / "data" / "postgres" / "pgdata"
    shutil.move(data, data.with_name("pgdata.15"))
    code, said = await run(tmp_path, "restore", "old.dump")
    assert code == 0, said
    new = Server(tmp_path / "data" / "postgres")
    await asyncio.to_thread(new.start)
    try:
        assert await contents(new.dsn()) == before
    finally:
        await asyncio.to_thread(new.stop)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:se%20cret@127.0.0.1/x?sslmode=disable",
        "postgresql://u@127.0.0.1/x?password=se%20cret&sslmode=disable",
        "postgresql://u@127.0.0.1/x?sslmode=disable&password=se%20cret",
    ],
)
async def test_the_password_is_not_among_the_arguments(
    url: str, tmp_path: Path
) -> None:
    """Anyone on the machine may read those."""
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$*" >{tmp_path}/arguments\n'
        f'echo "$PGPASSWORD" >{tmp_path}/password\nexit 1\n'
    )
    program.chmod(0o700)
    settings = {"DATABASE_URL": url, "PG_BIN": str(program.parent)}
    assert (await run(tmp_path, "backup", "b", **settings))[0] != 0
    assert (tmp_path / "password").read_text() == "se cret\n"
    arguments = (tmp_path / "arguments").read_text()
    assert "cret" not in arguments
    assert "postgresql://u@127.0.0.1/x?sslmode=disable" in arguments


async def test_what_lies_where_a_backup_is_written_is_not_followed(
    filled: Contents, database_url: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text("theirs")
    other.chmod(0o644)
    (tmp_path / "b.part").symlink_to(other)
    assert (await run(tmp_path, "backup", "b", DATABASE_URL=database_url))[0] == 0
    assert other.read_text() == "theirs"
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0
