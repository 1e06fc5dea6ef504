"""The embedded PostgreSQL starts, is shared, and is gone with its last user."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from monitor.storage.server import TEST_OPTIONS, Server, ServerError

HOLD = """
import sys, time
from pathlib import Path
from monitor.storage.server import TEST_OPTIONS, Server
Server(Path(sys.argv[1]), options=TEST_OPTIONS).start()
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    # What is committed has to be written: these tests kill it.
    made = Server(tmp_path / "pg", options={"fsync": "off"})
    made.start()
    yield made
    made.stop()


def query(server: Server, sql: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(server.dsn(), timeout=5)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def postmaster(directory: Path) -> int:
    return int((directory / "pgdata" / "postmaster.pid").read_text().split("\n")[0])


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_so():
            return
        time.sleep(0.02)
    pytest.fail("it did not come to be")


def socket_of(directory: Path) -> Path:
    return directory / "run" / ".s.PGSQL.5432"


def test_rows_survive_a_stop_and_a_start(server: Server, tmp_path: Path) -> None:
    query(server, "CREATE TABLE t AS SELECT 42 AS n")
    server.stop()
    assert not socket_of(tmp_path / "pg").exists()
    server.start()
    assert query(server, "SELECT n FROM t") == 42


def test_it_is_for_its_owner_only_and_listens_on_no_port(
    server: Server, tmp_path: Path
) -> None:
    assert (tmp_path / "pg").stat().st_mode & 0o777 == 0o700
    assert query(server, "SHOW listen_addresses") == ""
    assert query(server, "SHOW jit") == "off"


def test_it_stays_until_the_last_user_leaves(server: Server, tmp_path: Path) -> None:
    other = Server(tmp_path / "pg", options=TEST_OPTIONS)
    other.start()
    server.stop()
    assert query(other, "SELECT 1") == 1
    other.stop()
    wait_until(lambda: not socket_of(tmp_path / "pg").exists())


def test_kill_9_of_its_user_leaves_no_postgres_behind(tmp_path: Path) -> None:
    directory = tmp_path / "pg"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"started\n"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    wait_until(lambda: not socket_of(directory).exists())
    again = Server(directory, options=TEST_OPTIONS)
    again.start()
    assert query(again, "SELECT 1") == 1
    again.stop()


def test_it_says_when_postgres_ended_and_starts_again(
    server: Server, tmp_path: Path
) -> None:
    query(server, "CREATE TABLE t AS SELECT 1")
    # The embedded PostgreSQL may run in a user namespace: its own pid is not ours.
    data = str(tmp_path / "pg" / "pgdata")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if command[0].endswith(b"/postgres") and data.encode() in command:
            os.kill(int(entry.name), signal.SIGKILL)
    wait_until(server.exited)
    server.start()
    assert query(server, "SELECT count(*) FROM t") == 1


def test_a_long_path_works(tmp_path: Path) -> None:
    made = Server(tmp_path / ("x" * 120) / "pg", options=TEST_OPTIONS)
    made.start()
    assert query(made, "SELECT 1") == 1
    made.stop()


def test_another_major_version_is_refused_with_the_way_out(tmp_path: Path) -> None:
    data = tmp_path / "pg" / "pgdata"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")
    with pytest.raises(ServerError, match=r"PostgreSQL 14's .* pg_upgrade, or pg_dump"):
        Server(tmp_path / "pg").start()


def test_a_directory_of_something_else_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "pg" / "pgdata"
    data.mkdir(parents=True)
    (data / "letter.txt").write_text("dear")
    with pytest.raises(ServerError, match="not empty and holds no PostgreSQL"):
        Server(tmp_path / "pg").start()


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pg").write_text("x")
    with pytest.raises(ServerError, match="cannot use"):
        Server(tmp_path / "pg").start()


def test_binaries_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="PG_BIN"):
        Server(tmp_path / "pg", bin_dir=tmp_path).start()
