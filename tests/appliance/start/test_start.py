"""Starts that meet others, and starts after a crash."""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from monitor.record.codec import encode
from monitor.spool.writer import Spool
from monitor.storage.database.migrate import read
from monitor.storage.server.server import Server
from monitor.traffic.exchange import Body, Exchange, Source
from monitor.traffic.ids import LogIds
from tests.support.databases import MIGRATIONS, TEST_OPTIONS
from tests.support.patience import PATIENCE_S
from tests.support.running import appliance_on, client_at, client_of, register

COMMAND = str(Path(sys.executable).parent / "apimonitor")


async def test_three_appliances_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "pg", options=TEST_OPTIONS)
    await asyncio.to_thread(server.start)
    started: list[asyncio.subprocess.Process] = []
    try:
        for number in range(3):
            started.append(
                await asyncio.create_subprocess_exec(
                    COMMAND,
                    "serve",
                    cwd=tmp_path,
                    env={
                        "PATH": os.environ["PATH"],
                        "APIMONITOR_DATABASE_URL": server.dsn(),
                        "APIMONITOR_DATA_DIR": str(tmp_path / f"data-{number}"),
                        "APIMONITOR_PORT": "0",
                        "APIMONITOR_PROXY_PORT": "0",
                    },
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                )
            )
        urls = await asyncio.gather(*(address(process) for process in started))
        async with client_at() as client:
            for url in urls:
                assert (await client.get(f"{url}/readyz")).status_code == 200
                assert (await client.get(f"{url}/v1/logs")).json()["total"] == 0
    finally:
        said = await asyncio.gather(*(stop(process) for process in started))
    try:
        connection = await asyncpg.connect(server.dsn())
        applied = await connection.fetch(
            "SELECT name FROM apimonitor.schema_migrations ORDER BY version"
        )
        await connection.close()
    finally:
        await asyncio.to_thread(server.stop)
    names = [migration.name for migration in read(MIGRATIONS)]
    assert [row["name"] for row in applied] == names
    for name in names:
        assert sum(f'"{name}"' in one for one in said) == 1


async def address(process: asyncio.subprocess.Process) -> str:
    """Where the app is, once it says that it is ready."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        while line := (await process.stdout.readline()).decode():
            if "pages and /v1" in line:
                return line.split()[-1].rstrip("/")
    raise AssertionError("it did not start")


async def stop(process: asyncio.subprocess.Process) -> str:
    """What it said."""
    if process.returncode is None:
        process.terminate()
    async with asyncio.timeout(PATIENCE_S):
        _, said = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def test_a_start_with_a_full_spool_serves_while_it_drains(
    database_url: str, tmp_path: Path
) -> None:
    """As kill -9 leaves it: segments of a writer that is gone."""
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client)
    count = 15_000
    fill(tmp_path / "data" / "spool", UUID(service["id"]), count)
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        # Ready, and much is still to come.
        assert (await client.get("/readyz")).status_code == 200
        assert await stored(database_url) < count
        answer = await client.get(f"{appliance.proxy_url}/pay/x")
        assert answer.status_code == 404
        assert (await client.get("/v1/logs?limit=1")).status_code == 200
        for _ in range(600):
            if await stored(database_url) == count:
                break
            await asyncio.sleep(0.1)
        else:
            pytest.fail("it was not drained")


def fill(directory: Path, service_id: UUID, count: int) -> None:
    ids = LogIds()
    spool = Spool(directory, limit_bytes=1 << 30, segment_bytes=1 << 20)
    for _ in range(count):
        made = Exchange(
            id=ids.new(),
            service_id=service_id,
            source=Source.PROXY,
            method="GET",
            url="http://x/a",
            path="/a",
            response_body=Body(kept=b"b" * 500, size=500),
        )
        spool.append(encode(made))
    spool.close()


async def stored(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM apimonitor.logs")
        return count
    finally:
        await connection.close()
