"""Launching a PostgreSQL of ours, from a directory that may be empty yet."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.files.damaged import make_way
from monitor.storage.server import postmaster
from monitor.storage.server.account import unprivileged
from monitor.storage.server.programs import (
    ServerError,
    UnusableServerError,
    cause,
    check_major,
    own_environment,
    run,
)
from monitor.storage.server.server_files import ServerFiles

USER = "apimonitor"
# How long one that was killed may take to be gone.
DYING_S = 1.0

# The kernel counts the users: each holds the write end of one FIFO, this shell reads
# it, and its end (the last user is gone, kill -9 included) is a fast shutdown.
WATCHER = (
    'exec 3<&0 </dev/null; "$@" 3<&- & p=$!; '
    '{ read -r _ <&3; rm -f "$APIMONITOR_FIFO"; kill -INT $p; } & w=$!; '
    "exec 3<&-; wait $p; r=$?; kill $w 2>/dev/null; exit $r"
)


@dataclass(slots=True)
class Launched:
    """*hold* is our end of the FIFO; what is logged from *log_start* on is its own."""

    process: subprocess.Popen[bytes]
    hold: int
    log_start: int


def launch(
    files: ServerFiles, binaries: Path, owner: int, options: Mapping[str, str]
) -> Launched:
    """Start postgres, which keeps *owner*, a lock. Raises ServerError, OSError."""
    _drop_stale_locks(files)
    prefix, identity = unprivileged(files.directory, files.sockets)
    syncs = options.get("fsync") != "off"
    _initialize(files, binaries, prefix, identity, syncs=syncs)
    settings = {**options, "unix_socket_directories": str(files.sockets)}
    words = [
        word for name, value in settings.items() for word in ("-c", f"{name}={value}")
    ]
    postgres = [*prefix, str(binaries / "postgres"), "-D", str(files.data), *words]
    reading, hold = _fresh_fifo(files.fifo)
    try:
        make_way(files.log)
        with files.log.open("ab") as log:
            log_start = log.tell()
            process = subprocess.Popen(
                ["sh", "-c", WATCHER, "sh", *postgres],
                stdin=reading,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                pass_fds=[owner],
                env={**own_environment(), "APIMONITOR_FIFO": str(files.fifo)},
                **identity,
            )
            return Launched(process, hold, log_start)
    except BaseException:
        os.close(hold)
        raise
    finally:
        os.close(reading)


def _fresh_fifo(path: Path) -> tuple[int, int]:
    """Both ends: what the watcher reads, and what a user holds."""
    if not path.is_fifo():
        make_way(path)
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    hold = os.open(path, os.O_WRONLY)
    os.set_blocking(reading, True)
    return reading, hold


def _initialize(
    files: ServerFiles,
    binaries: Path,
    prefix: list[str],
    identity: dict[str, Any],
    *,
    syncs: bool,
) -> None:
    if (files.data / "PG_VERSION").exists():
        check_major(binaries, files.data)
    if (files.data / "global").is_dir():
        return
    if files.data.exists() and any(files.data.iterdir()):
        raise UnusableServerError(f"{files.data} is not empty and holds no PostgreSQL")
    fresh = files.directory / "pgdata.new"
    if fresh.is_dir() and not fresh.is_symlink():
        shutil.rmtree(fresh, ignore_errors=True)
    else:
        fresh.unlink(missing_ok=True)
    options = ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    if not syncs:
        options.append("--no-sync")
    result = run(
        [*prefix, binaries / "initdb", "-D", fresh, "-U", USER, *options],
        **identity,
    )
    if result.returncode:
        reason = cause(result.stderr)
        raise ServerError(f"the embedded PostgreSQL was not made: {reason}")
    # All or nothing.
    fresh.rename(files.data)


def _drop_stale_locks(files: ServerFiles) -> None:
    """A lock of PostgreSQL's own names a pid that may be anybody's by now.

    postgres would take whoever has it for a postgres. owner.lock is ours, so none
    of ours runs; but one started by hand may, or be dying still.
    """
    deadline = time.monotonic() + DYING_S
    while (pid := postmaster.living(files.data)) is not None:
        if time.monotonic() > deadline:
            raise UnusableServerError(
                f"another PostgreSQL, process {pid}, runs on {files.data}: stop it"
            )
        time.sleep(0.05)
    _remove(files.data / "postmaster.pid")
    _remove(files.socket)
    _remove(files.sockets / f"{files.socket.name}.lock")


def _remove(path: Path) -> None:
    if not path.is_socket():
        make_way(path)
    path.unlink(missing_ok=True)
