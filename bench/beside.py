"""Works that go on beside requests whose time is taken: each for a block."""

import fcntl
import os
import resource
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.corpus.logs import archive, lines, logs
from bench.processes import postgres_of, running
from bench.stage import APP_PORT, Stage, post

IDLE = 10_000
ROWS = 100_000
# Some 50 MB, as an archive writes them.
ENTRIES = 36_000
SELECT_ENDS = 1024
NDJSON = "application/x-ndjson"
# Whether what has an end of its own still goes on.
GoesOn = Callable[[], bool]


@contextmanager
def frozen(stage: Stage) -> Iterator[None]:
    """The embedded PostgreSQL is stopped, its connections stay open."""
    pids = postgres_of(stage.ours)
    assert pids
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def idle_count() -> int:
    """Fewer where descriptors are few: clients of the proxy get half of them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(IDLE, hard * 2 // 5)


@contextmanager
def idle(port: int, request: bytes) -> Iterator[None]:
    """So many connections, each of which has had one answer."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    try:
        for _ in range(idle_count()):
            made = socket.create_connection(("127.0.0.1", port))
            made.sendall(request)
            made.recv(65_536)
            # Who asks beside waits by select(2), to the microsecond: for low numbers.
            number = fcntl.fcntl(made, fcntl.F_DUPFD_CLOEXEC, SELECT_ENDS)
            made.close()
            held.append(socket.socket(fileno=number))
        yield
    finally:
        for made in held:
            made.close()


class Pushed:
    """A service of its own whose logs are pushed, and what is pushed, in files."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        made = post(f"{stage.app}/v1/services", {"name": "pushed beside"})
        keys = f"{stage.app}/v1/services/{made['service_id']}/keys"
        self._key = post(keys, {"name": "bench"})["raw_key"]
        self._batch, self._har = stage.folder / "batch", stage.folder / "har"
        self._batch.write_bytes(lines(logs(ROWS)))
        self._har.write_bytes(archive(logs(ENTRIES)))

    @property
    def archive_mb(self) -> float:
        return self._har.stat().st_size / 1e6

    @contextmanager
    def batch(self) -> Iterator[GoesOn]:
        with self._curl("/v1/logs/batch", self._batch, NDJSON) as goes_on:
            yield goes_on

    @contextmanager
    def har(self) -> Iterator[GoesOn]:
        path = "/v1/logs/import/har?shift=now"
        with self._curl(path, self._har, "application/json") as goes_on:
            yield goes_on

    @contextmanager
    def export(self) -> Iterator[GoesOn]:
        """Of all that was pushed so far."""
        with self._curl("/v1/logs.ndjson") as goes_on:
            yield goes_on

    @contextmanager
    def _curl(
        self, path: str, body: Path | None = None, kind: str = ""
    ) -> Iterator[GoesOn]:
        """Where it is answered before the block is over, it was answered well."""
        command = ["curl", "-sS", "--fail", "-o", "/dev/null"]
        if body is not None:
            fields = (f"Authorization: Bearer {self._key}", f"Content-Type: {kind}")
            command += [option for field in fields for option in ("-H", field)]
            command += ["--data-binary", f"@{body}"]
        url = f"http://127.0.0.1:{APP_PORT}{path}"
        with running([*command, url]) as process:
            yield lambda: process.poll() is None
            _check(process, path)


def _check(process: subprocess.Popen[bytes], path: str) -> None:
    if process.poll():
        raise SystemExit(f"{path} was refused; bench.log says why")
