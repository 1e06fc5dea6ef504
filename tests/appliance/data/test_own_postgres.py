"""A PostgreSQL of the user's own, by DATABASE_URL: Debian's server, over TCP."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from monitor.storage.server.server import Server
from tests.support.commands import run
from tests.support.databases import TEST_OPTIONS
from tests.support.serving import refusal, served
from tests.support.upstreams import OK, answering, upstream

# PostgreSQL's own port, on a loopback address that nobody else has.
ADDRESS = f"127.15.{random.randrange(256)}.{random.randrange(1, 255)}"
FORMER = "CREATE TABLE public.logs (n int); INSERT INTO public.logs VALUES (1)"


def binaries() -> list[Path | None]:
    """Of each version that is installed; None where there is none."""
    found = [Path(f"/usr/lib/postgresql/{n}/bin") for n in range(15, 19)]
    return [path for path in found if (path / "initdb").exists()] or [None]


@dataclass
class Own:
    """Two roles of it: one that owns a database, one that may only enter it."""

    url: str
    weak_url: str

    async def execute(self, statements: str) -> None:
        connection = await asyncpg.connect(self.url)
        await connection.execute(statements)
        await connection.close()

    async def names(self, statement: str) -> list[str]:
        connection = await asyncpg.connect(self.url)
        rows = await connection.fetch(statement)
        await connection.close()
        return [str(row[0]) for row in rows]


@pytest_asyncio.fixture(params=binaries(), ids=str)
async def own(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Own]:
    if request.param is None:
        pytest.skip("no PostgreSQL beside the wheel's: apt-get install postgresql-15")
    options = {**TEST_OPTIONS, "listen_addresses": ADDRESS}
    server = Server(tmp_path / "own", bin_dir=request.param, options=options)
    await asyncio.to_thread(server.start)
    (tmp_path / "own" / "pgdata" / "pg_hba.conf").write_text(
        "local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n"
    )
    connection = await asyncpg.connect(server.dsn())
    for statement in (
        "SELECT pg_reload_conf()",
        "CREATE ROLE monitor LOGIN PASSWORD 'p@ss/w:rd'",
        "CREATE ROLE weak LOGIN PASSWORD 'weak'",
        "CREATE DATABASE monitor OWNER monitor",
    ):
        await connection.execute(statement)
    await connection.close()
    yield Own(
        f"postgresql://monitor:p%40ss%2Fw%3Ard@{ADDRESS}/monitor",
        f"postgresql://weak:weak@{ADDRESS}/monitor",
    )
    await asyncio.to_thread(server.stop)


async def test_it_is_used_instead_of_the_embedded_one(own: Own, tmp_path: Path) -> None:
    await own.execute(FORMER)
    data = tmp_path / "data"
    url = own.url.replace("postgresql://", "postgresql+asyncpg://")
    async with upstream(answering(OK)) as port:
        async with served(data, DATABASE_URL=url) as first:
            assert "(your PostgreSQL)" in first.printed
            base_url = f"http://127.0.0.1:{port}"
            await first.call("/v1/services", {"name": "pay", "base_url": base_url})
            assert (await first.through_proxy()).endswith(b"ok")
            assert await first.stop() == 0
        async with served(data, DATABASE_URL=url) as second:
            assert (await second.call("/v1/logs"))["total"] == 1
            assert (await second.call("/health"))["database"] == "ok"
    assert not (data / "postgres").exists()
    others = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    assert await own.names(others) == ["logs"]
    assert await own.names("SELECT n FROM public.logs") == ["1"]


async def test_one_without_the_rights_is_refused_in_one_line(
    own: Own, tmp_path: Path
) -> None:
    code, said = await refusal(tmp_path / "data", DATABASE_URL=own.weak_url)
    assert code == 69
    assert "permission denied for database monitor" in said.splitlines()[-1]
    assert "Traceback" not in said


async def test_a_wrong_password_is_said_not_shown(own: Own, tmp_path: Path) -> None:
    wrong = own.weak_url.replace(":weak@", ":hush@")
    async with served(tmp_path / "data", DATABASE_URL=wrong) as appliance:
        assert "up without PostgreSQL" in appliance.printed
        assert (await appliance.call("/health"))["database"] == "away"
        assert await appliance.stop() == 0


async def test_who_it_is_may_stand_apart_from_the_url(own: Own, tmp_path: Path) -> None:
    """As compose has it: no character of a password has to be encoded."""
    apart = {
        "DATABASE_URL": f"postgresql://{ADDRESS}",
        "PGUSER": "monitor",
        "PGPASSWORD": "p@ss/w:rd",
        "PGDATABASE": "monitor",
    }
    code, printed, said = await run(tmp_path, "migrate", **apart)
    assert (code, said) == (0, "")
    assert printed.startswith(b"applied 0001_")
    code, printed, said = await run(tmp_path, "backup", "-", **apart)
    assert (code, printed[:5], said) == (0, b"PGDMP", "")
