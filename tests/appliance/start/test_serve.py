"""The command: its start, its stop, and what it says when it cannot start."""

import asyncio
import re
import resource
import signal
import socket
from pathlib import Path
from urllib.error import URLError

import asyncpg
import pytest

from monitor.storage.database.migrate import LOCK
from tests.support.databases import MIGRATIONS
from tests.support.ports import free_port
from tests.support.programs import ended
from tests.support.serving import COMMAND, Served, refusal, served
from tests.support.upstreams import OK, answering, upstream


def postgres_is_running(directory: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(directory / "postgres" / "run" / ".s.PGSQL.5432"))
        except OSError:
            return False
        return True


async def wait_until_gone(directory: Path) -> None:
    for _ in range(1_200):
        if not postgres_is_running(directory):
            return
        await asyncio.sleep(0.05)
    pytest.fail("PostgreSQL is still there")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_drains_everything_and_the_next_start_has_it(
    tmp_path: Path, number: int
) -> None:
    data = tmp_path / "data"
    async with upstream(answering(OK)) as port:
        async with served(data) as first:
            assert f"http://127.0.0.1:{first.port}/" in first.printed
            assert f"http://127.0.0.1:{first.proxy_port}/" in first.printed
            assert re.search(r"  build +\d\S+, (compiled|interpreted)\n", first.printed)
            base_url = f"http://127.0.0.1:{port}"
            await first.call("/v1/services", {"name": "pay", "base_url": base_url})
            for _ in range(20):
                assert (await first.through_proxy()).endswith(b"ok")
            assert await first.stop(number) == 0
        assert not postgres_is_running(data)
        assert list((data / "spool").iterdir()) == []
        async with served(data) as second:
            assert (await second.call("/v1/logs"))["total"] == 20
            assert (await second.through_proxy()).endswith(b"ok")


async def test_kill_9_leaves_no_postgres_and_loses_no_answered_exchange(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    async with upstream(answering(OK)) as port:
        async with served(data) as first:
            base_url = f"http://127.0.0.1:{port}"
            await first.call("/v1/services", {"name": "pay", "base_url": base_url})
            for _ in range(50):
                assert (await first.through_proxy()).endswith(b"ok")
            assert first.process is not None
            first.process.kill()
            await first.process.wait()
        await wait_until_gone(data)
        async with served(data) as second:
            for _ in range(1_200):
                if (await second.call("/v1/logs"))["total"] == 50:
                    break
                await asyncio.sleep(0.05)
            assert (await second.call("/v1/logs"))["total"] == 50
            assert await second.stop() == 0


async def test_a_start_without_postgresql_serves_the_proxy(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with upstream(answering(OK)) as port:
        async with served(data) as first:
            base_url = f"http://127.0.0.1:{port}"
            await first.call("/v1/services", {"name": "pay", "base_url": base_url})
            await first.stop()
        second = Served(data)
        away = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
        second.process = await asyncio.create_subprocess_exec(
            COMMAND,
            "serve",
            env={**second.environment, "DATABASE_URL": away},
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            answer = await eventually_through_proxy(second)
            assert answer.endswith(b"ok")
            health = await second.call("/health")
            assert health == {"status": "ok", "database": "away"}
            with pytest.raises(URLError, match="503"):
                await second.call("/readyz")
            with pytest.raises(URLError, match="503"):
                await second.call("/v1/logs")
            assert await second.stop() == 0
            printed, said = await second.process.communicate()
            assert printed.startswith(b"API Monitor is up without PostgreSQL")
            assert b'"PostgreSQL is away","reason":"[Errno' in said
        finally:
            await ended(second.process)
        async with served(data) as third:
            for _ in range(1_200):
                if (await third.call("/v1/logs"))["total"] == 1:
                    break
                await asyncio.sleep(0.05)
            assert (await third.call("/v1/logs"))["total"] == 1


async def test_a_start_on_an_older_database_migrates_it_first(
    tmp_path: Path, database_url: str
) -> None:
    """What the spool kept is recorded after, and what is asked before is 503."""
    data = tmp_path / "data"
    async with upstream(answering(OK)) as port:
        async with served(data, DATABASE_URL=database_url) as first:
            base_url = f"http://127.0.0.1:{port}"
            await first.call("/v1/services", {"name": "pay", "base_url": base_url})
            assert await first.stop() == 0
        away = "postgresql://nobody@127.0.0.1:9/nothing"
        async with served(data, DATABASE_URL=away) as second:
            assert (await second.through_proxy()).endswith(b"ok")
            assert await second.stop() == 0
    connection = await asyncpg.connect(database_url)
    # As the first version left it, with a service and a migration that waits its turn.
    await connection.execute(
        "ALTER TABLE apimonitor.logs RENAME COLUMN path TO older_path"
    )
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
    third = Served(data, DATABASE_URL=database_url)
    starting = asyncio.create_task(third.start())
    try:
        await eventually_through_proxy(third)
        for path in ("/v1/logs", "/v1/services", "/readyz"):
            with pytest.raises(URLError, match="503"):
                await third.eventually_called(path)
        assert third.process is not None
        assert third.process.returncode is None
        await connection.execute(
            "ALTER TABLE apimonitor.logs RENAME COLUMN older_path TO path"
        )
        await connection.close()
        await starting
        for _ in range(1_200):
            if (await third.call("/v1/logs"))["total"] >= 1:
                break
            await asyncio.sleep(0.05)
        assert (await third.call("/v1/logs"))["total"] >= 1
        assert await third.stop() == 0
    finally:
        starting.cancel()
        if third.process is not None:
            await ended(third.process)


async def eventually_through_proxy(appliance: Served) -> bytes:
    for _ in range(1_200):
        try:
            return await appliance.through_proxy()
        except OSError:
            await asyncio.sleep(0.05)
    pytest.fail("the proxy does not listen")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("APIMONITOR_SURPRISE", "1", "APIMONITOR_SURPRISE"),
        ("APIMONITOR_QUERY_TIMEOUT_MS", "soon", "QUERY_TIMEOUT_MS"),
        ("PORT", "99999", "PORT"),
        ("DATABASE_URL", "mysql://x", "DATABASE_URL"),
        ("APIMONITOR_HOST", "0.0.0.0", "ADMIN_PASSWORD"),
        ("APIMONITOR_TRUSTED_PROXIES", "here", "TRUSTED_PROXIES"),
    ],
)
async def test_a_wrong_setting_is_one_line_that_names_it(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    settings = {name: value}
    if name == "PORT":
        settings["APIMONITOR_PORT"] = ""
    code, line = await refusal(tmp_path / "data", **settings)
    assert code == 78
    assert said in line
    assert line.count("\n") == 1


async def test_a_taken_port_is_one_line_that_names_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, line = await refusal(tmp_path / "data", APIMONITOR_PROXY_PORT=port)
    assert code == 75
    taken_port = f"port {port} on 127.0.0.1 is taken"
    assert line == f"apimonitor: {taken_port}; set PROXY_PORT to another one\n"


async def test_a_broken_data_directory_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    code, line = await refusal(tmp_path / "data")
    assert code == 73
    assert "DATA_DIR" in line
    assert line.count("\n") == 1


async def test_a_damaged_database_is_one_line(tmp_path: Path) -> None:
    damaged = tmp_path / "data" / "postgres" / "pgdata"
    damaged.mkdir(parents=True)
    (damaged / "PG_VERSION").write_text("18\n")
    code, line = await refusal(tmp_path / "data")
    assert code == 73
    assert "PostgreSQL" in line
    assert line.count("\n") == 1


async def test_a_second_appliance_on_the_same_data_is_one_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with served(data):
        code, line = await refusal(data)
    assert code == 75
    assert "another appliance uses DATA_DIR" in line


async def test_the_other_commands(tmp_path: Path) -> None:
    environment = Served(tmp_path / "data").environment

    async def run(*arguments: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            *arguments,
            env=environment,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        return process.returncode, printed.decode()

    names = sorted(path.name for path in MIGRATIONS.glob("*.sql"))
    applied = "".join(f"applied {name}\n" for name in names)
    assert await run("migrate") == (0, applied)
    assert await run("migrate") == (0, "")
    code, listed = await run("settings")
    assert code == 0
    assert "SPOOL_LIMIT_BYTES" in listed
    assert (await run("healthcheck"))[0] == 1
    assert (await run("nonsense"))[0] == 2
    code, token = await run("token", "create")
    assert code == 0
    assert token.startswith("mtok_")


async def test_it_takes_the_file_descriptors_that_it_may_have(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        async with served(tmp_path / "data") as appliance:
            assert appliance.process is not None
            taken, _ = resource.prlimit(appliance.process.pid, resource.RLIMIT_NOFILE)
            assert taken > 512
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
