"""The embedded PostgreSQL starts, is shared, and is gone with its last user."""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from monitor.storage.server.postmaster import living
from monitor.storage.server.server import Server, ServerError
from tests.support.databases import TEST_OPTIONS
from tests.support.patience import PATIENCE_S

HOLD = """
import sys, time
from pathlib import Path
from monitor.storage.server.server import Server
from tests.support.databases import TEST_OPTIONS
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
        connection = await asyncpg.connect(server.dsn(), timeout=PATIENCE_S)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def postmaster(directory: Path) -> int:
    return int((directory / "pgdata" / "postmaster.pid").read_text().split("\n")[0])


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(3_000):
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
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
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
    with pytest.raises(ServerError, match=r"PostgreSQL 14's .* backup old.dump && mv"):
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


def environment() -> dict[str, str]:
    paths = (str(Path(__file__).parents[4]), sysconfig.get_path("purelib"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


@contextmanager
def held(
    directory: Path, *, python: str = sys.executable, **identity: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that uses the server until it is killed."""
    with subprocess.Popen(
        [python, "-c", HOLD, str(directory)],
        stdout=subprocess.PIPE,
        cwd="/",
        env=environment(),
        **identity,
    ) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == b"started\n"
            yield holder
        finally:
            holder.kill()


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A directory that other accounts reach: those of pytest are for root only."""
    made = Path(tempfile.mkdtemp(prefix="apimonitor-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def nobody() -> dict[str, Any]:
    """Who an ordinary user is."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    return {"user": 65534, "group": 65534, "extra_groups": []}


@pytest.fixture
def their_python(nobody: dict[str, Any]) -> str:
    """A Python that an ordinary user can run: root's own may lie in its home."""
    for python in (sys.executable, shutil.which("python3", path=os.defpath)):
        command = [python or "python3", "-c", "import monitor.storage.server.server"]
        try:
            subprocess.run(
                command,
                cwd="/",
                env=environment(),
                stderr=subprocess.DEVNULL,
                check=True,
                **nobody,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return command[0]
    pytest.skip("an ordinary user has no Python that can read this checkout")


def test_a_second_process_never_launches_over_the_first(tmp_path: Path) -> None:
    directory = tmp_path / "pg"
    with held(directory):
        lock = os.open(directory / "owner.lock", os.O_RDWR)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(lock)
    wait_until(lambda: not socket_of(directory).exists())


def test_kill_9_of_the_launcher_leaves_it_to_those_who_joined(tmp_path: Path) -> None:
    directory = tmp_path / "pg"
    joined = Server(directory, options=TEST_OPTIONS)
    with held(directory) as launcher:
        joined.start()
        launcher.kill()
        launcher.wait()
        time.sleep(0.3)
        assert query(joined, "SELECT 1") == 1
    joined.stop()
    assert not socket_of(directory).exists()


def test_who_joined_starts_it_again_too(server: Server, tmp_path: Path) -> None:
    joined = Server(tmp_path / "pg", options=TEST_OPTIONS)
    joined.start()
    assert not joined.exited()
    os.kill(postmaster(tmp_path / "pg"), signal.SIGKILL)
    wait_until(joined.exited)
    joined.start()
    server.start()
    assert query(joined, "SELECT 1") == 1
    assert (server.exited(), joined.exited()) == (False, False)
    joined.stop()


def zombie() -> int:
    """Ended, and never asked after: as an init that does not reap leaves it."""
    made = subprocess.Popen([sys.executable, "-c", ""])
    while Path(f"/proc/{made.pid}/stat").read_text().split()[2] != "Z":
        time.sleep(0.01)
    made.returncode = 0
    return made.pid


def damage(file: Path, kind: str) -> None:
    """Leave *file* as *kind* says."""
    if kind == "directory":
        file.mkdir()
    elif kind == "dangling":
        file.symlink_to(file.parent / "nowhere")
    elif kind == "fifo":
        os.mkfifo(file)
    else:
        file.write_bytes({"empty": b"", "random": b"\xff\x00\x81" * 99}[kind])


def test_locks_that_name_somebody_else_are_dropped(
    server: Server, tmp_path: Path
) -> None:
    """postmaster.pid, and that of the socket, which postgres would believe."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    ended = zombie()
    nobodys = 4_194_305
    for pid in (os.getpid(), os.getppid(), ended, thread.native_id, 1, nobodys):
        server.stop()
        stale = f"{pid}\n{tmp_path}\n1\n5432\n\n\n\nready\n"
        (tmp_path / "pg" / "pgdata" / "postmaster.pid").write_text(stale)
        socket_of(tmp_path / "pg").with_suffix(".5432.lock").write_text(stale)
        server.start()
        assert query(server, "SELECT 1") == 1
    over.set()
    os.waitpid(ended, 0)


def test_whatever_is_in_the_place_of_its_files_gives_way(
    server: Server, tmp_path: Path
) -> None:
    directory = tmp_path / "pg"
    files = (
        directory / "pgdata" / "postmaster.pid",
        socket_of(directory).with_suffix(".5432.lock"),
        directory / "users.fifo",
        directory / "users.lock",
        directory / "owner.lock",
        directory / "postgres.log",
    )
    for kind in ("empty", "random", "directory", "dangling", "fifo"):
        server.stop()
        for file in files:
            file.unlink(missing_ok=True)
            damage(file, kind)
        server.start()
        assert query(server, "SELECT 1") == 1, kind


def test_a_postgres_of_another_directory_or_user_is_no_obstacle(
    server: Server, tmp_path: Path, reachable: Path, nobody: dict[str, Any]
) -> None:
    """Both have a pid that our file may name by now."""
    server.stop()
    file = tmp_path / "pg" / "pgdata" / "postmaster.pid"
    other = Server(tmp_path / "other", options=TEST_OPTIONS)
    other.start()
    file.write_text(f"{postmaster(tmp_path / 'other')}\n")
    server.start()
    server.stop()
    other.stop()
    # Called postgres, and standing in our directory, which it is told of.
    program = reachable / "postgres"
    shutil.copy(str(shutil.which("sleep")), program)
    program.chmod(0o755)
    data = str(tmp_path / "pg" / "pgdata")
    with subprocess.Popen([program, "60"], cwd="/", **nobody) as theirs:
        file.write_text(f"{theirs.pid}\n{data}\n")
        server.start()
        theirs.kill()
    assert query(server, "SELECT 1") == 1


@pytest.mark.parametrize("command", ["-D {data}", "-c port=5432"])
def test_without_proc_a_living_one_is_known_all_the_same(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """By ps, and by who answers at the socket."""
    data = tmp_path / "pg" / "pgdata"
    monkeypatch.setattr("monitor.storage.server.postmaster.PROC", tmp_path / "none")
    assert living(data) == postmaster(tmp_path / "pg")
    ps = tmp_path / "bin" / "ps"
    ps.parent.mkdir()
    said = f"Ss {os.geteuid()} /pg/bin/postgres {command.format(data=data)}"
    ps.write_text(f"#!/bin/sh\necho '{said}'\n")
    ps.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ps.parent}:{os.environ['PATH']}")
    assert living(data) == postmaster(tmp_path / "pg")
    server.stop()
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n")
    is_named = "{data}" in command
    assert living(data) == (os.getpid() if is_named else None)
    ps.write_text(f"#!/bin/sh\necho '{said.replace('Ss', 'Z', 1)}'\n")
    assert living(data) is None


def is_read(fifo: Path) -> bool:
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def test_one_whose_watcher_was_killed_is_stopped_and_started_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds our lock, and nobody would ever tell it to stop."""
    monkeypatch.setattr("monitor.storage.server.server.ORPHAN_S", 0.2)
    pid = postmaster(tmp_path / "pg")
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    watcher = int(fields[1])
    children = Path(f"/proc/{watcher}/task/{watcher}/children").read_text().split()
    for one in [watcher, *(int(child) for child in children if int(child) != pid)]:
        os.kill(one, signal.SIGKILL)
    wait_until(lambda: not is_read(tmp_path / "pg" / "users.fifo"))
    assert server.exited()
    server.start()
    assert postmaster(tmp_path / "pg") != pid
    assert query(server, "SELECT 1") == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks /proc")
def test_a_postgres_that_is_not_ours_is_left_alone(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "pg" / "owner.lock").unlink()
    second = Server(tmp_path / "pg", options=TEST_OPTIONS)
    with pytest.raises(ServerError, match="another PostgreSQL, process"):
        second.start()
    second.stop()
    assert query(server, "SELECT 1") == 1


def test_variables_meant_for_another_server_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6000")
    monkeypatch.setenv("PGOPTIONS", "-c nonsense=1")
    made = Server(tmp_path / "pg", options=TEST_OPTIONS)
    try:
        made.start(timeout_s=PATIENCE_S)
        monkeypatch.delenv("PGOPTIONS")
        assert query(made, "SELECT 1") == 1
    finally:
        made.stop()


def test_a_broken_data_directory_is_named_with_its_cause(
    server: Server, tmp_path: Path
) -> None:
    server.stop()
    shutil.rmtree(tmp_path / "pg" / "pgdata" / "pg_wal")
    with pytest.raises(ServerError, match=r"^PostgreSQL ended: .*pg_wal") as raised:
        server.start()
    assert "\n" not in str(raised.value)


def test_an_ordinary_user_can_run_it(
    reachable: Path, nobody: dict[str, Any], their_python: str
) -> None:
    os.chown(reachable, 65534, 65534)
    with held(reachable / "pg", python=their_python, **nobody):
        assert (reachable / "pg" / "pgdata").stat().st_uid == 65534
    wait_until(lambda: not socket_of(reachable / "pg").exists())


def test_a_directory_of_somebody_else_is_refused(
    reachable: Path, nobody: dict[str, Any], their_python: str
) -> None:
    (reachable / "pg").mkdir(mode=0o700)
    tried = subprocess.run(
        [their_python, "-c", HOLD, str(reachable / "pg")],
        stderr=subprocess.PIPE,
        cwd="/",
        env=environment(),
        **nobody,
    )
    assert b"ServerError: the embedded PostgreSQL cannot use" in tried.stderr


def test_root_without_user_namespaces_gives_it_to_an_account_and_takes_it_back(
    reachable: Path, their_python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = reachable / "bin"
    programs.mkdir()
    for name in ("sh", "rm"):
        (programs / name).symlink_to(str(shutil.which(name)))
    made = Server(reachable / "pg", options=TEST_OPTIONS)
    with monkeypatch.context() as without:
        without.setenv("PATH", str(programs))
        for _ in range(2):
            made.start()
            assert query(made, "SELECT 1") == 1
            made.stop()
        assert (reachable / "pg" / "pgdata").stat().st_uid != 0
    made.start()
    assert query(made, "SELECT 1") == 1
    made.stop()
