"""What is said of a start that cannot be, in one line, with the exit code that fits."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from appliance.data.directory import DataDirectory
from appliance.data.routes import Routes
from tests.support.ports import free_port
from tests.support.serving import COMMAND, Served, refusal


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "postgresql://h:port/x", "DATABASE_URL"),
        ("DATABASE_URL", "postgresql://[::1", "DATABASE_URL"),
        ("DATABASE_URL", "postgresql://me:hush/hush@h/x", "percent-encoded"),
        ("DATABASE_URL", "postgresql://h/x?sslmode=nonsense", "sslmode"),
        ("APIMONITOR_ALLOWED_HOSTS", "a.example,http://b", "'http://b' is no host"),
        ("APIMONITOR_SENSITIVE_HEADERS", "X-A,ä", "'ä' is no name of a header"),
    ],
)
async def test_a_setting_that_could_not_work_is_one_line(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    code, line = await refusal(tmp_path / "data", **{name: value})
    assert code == 78, line
    assert said in line
    assert "hush" not in line
    assert line.count("\n") == 1


async def test_an_address_of_another_machine_names_its_setting(tmp_path: Path) -> None:
    for address in ("192.0.2.1", "nowhere.invalid"):
        code, line = await refusal(tmp_path / "data", APIMONITOR_PROXY_HOST=address)
        assert code == 73
        assert line.endswith("set PROXY_HOST to another one\n")


@pytest.mark.parametrize(
    "name",
    ["appliance.lock", "installation", "routes.json", "secret.key", "spool", "tickets"],
)
async def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "data" / name
    path.parent.mkdir()
    if name in ("spool", "tickets"):
        path.touch()
    else:
        path.mkdir()
    code, line = await refusal(tmp_path / "data")
    assert code == 73, line
    assert f"DATA_DIR {tmp_path / 'data'} cannot be used: {name}: " in line
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "INSERT INTO apimonitor.schema_migrations VALUES (999, 'x', '')",
            "the database is newer than this program",
        ),
        (
            "UPDATE apimonitor.schema_migrations SET checksum = ''",
            "0001_base.sql was changed after it was applied",
        ),
    ],
)
async def test_a_database_of_another_version_is_refused(
    database_url: str, tmp_path: Path, statement: str, said: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(statement)
    await connection.close()
    code, line = await refusal(tmp_path / "data", APIMONITOR_DATABASE_URL=database_url)
    assert code == 69, line
    assert f"PostgreSQL cannot be used: {said}" in line.splitlines()[-1]
    assert "Traceback" not in line


async def test_a_command_says_why_postgresql_is_away(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        **Served(tmp_path / "data").environment,
        "DATABASE_URL": f"postgresql://me:hush@127.0.0.1:{port}/x",
    }
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "migrate",
        env=environment,
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 69
    assert said.startswith(b"apimonitor: PostgreSQL is away: ")
    assert str(port).encode() in said
    assert b"hush" not in said


@pytest.mark.parametrize("held", ["", "abc", "0123456789abcdef", "\u00e9"])
def test_a_damaged_name_of_the_installation_is_made_anew(
    tmp_path: Path, held: str
) -> None:
    (tmp_path / "installation").write_text(held)
    name = DataDirectory(tmp_path).pseudonym()
    assert re.fullmatch("apimonitor-[0-9a-f]{12}", name)
    assert DataDirectory(tmp_path).pseudonym() == name


@pytest.mark.parametrize(
    "held", ["", "[]", "null", '{"version": "x", "services": []}', '{"services": [5]}']
)
def test_a_damaged_routing_table_is_an_empty_one(tmp_path: Path, held: str) -> None:
    path = tmp_path / "routes.json"
    path.write_text(held)
    assert Routes(path).table().services == ()
    assert Routes(path).table().version == 0
