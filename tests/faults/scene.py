"""An appliance of its own for a fault, and what is stored when it is over."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.faults.traffic import Tally, Traffic, body_of, numbered, stored
from tests.support.serving import Served, served
from tests.support.upstreams import upstream


@asynccontextmanager
async def scene(
    directory: Path, **settings: str
) -> AsyncIterator[tuple[Served, Traffic]]:
    """The command in a process of its own, on the embedded PostgreSQL."""
    async with (
        upstream(numbered) as port,
        served(directory / "data", **settings) as appliance,
    ):
        new = {"name": "pay", "base_url": f"http://127.0.0.1:{port}"}
        service = await appliance.call("/v1/services", new)
        keys = f"/v1/services/{service['id']}/keys"
        key = await appliance.call(keys, {"name": "k"})
        yield appliance, Traffic(appliance, key["raw_key"])


async def account_for(appliance: Served, tally: Tally) -> None:
    """Lost 0, duplicated 0, changed 0, of what either side says was whole."""
    wanted = {f"/n/{number}" for number in tally.answered}
    wanted |= {f"/i/{number}" for number in tally.acknowledged}
    found = await stored(appliance)
    for _ in range(600):
        if wanted <= found.keys():
            break
        await asyncio.sleep(0.1)
        found = await stored(appliance)
    lost = sorted(wanted - found.keys())
    repeated = {path: len(logs) for path, logs in found.items() if len(logs) > 1}
    changed = [
        path
        for path in wanted & found.keys()
        if found[path][0]["response_body"]
        != body_of(int(path.rpartition("/")[2])).decode()
    ]
    assert (lost, repeated, changed) == ([], {}, [])
    await ledger_closes(appliance, tally)


async def ledger_closes(appliance: Served, tally: Tally) -> None:
    """What ended is accounted for: our own count of it agrees with what is stored."""
    for _ in range(600):
        ledger = await appliance.call("/v1/ledger")
        if not ledger["spooled"] and not ledger["in_flight"]:
            break
        await asyncio.sleep(0.1)
    assert ledger["is_closed"] is True, ledger
    assert ledger["difference"] == 0, ledger
    assert ledger["finished"] >= len(tally.answered)


def postgres_of(appliance: Served) -> list[int]:
    """The embedded server's processes, the postmaster first."""
    file = appliance.directory / "postgres" / "pgdata" / "postmaster.pid"
    pid = int(file.read_text().split()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def send(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


@asynccontextmanager
async def frozen(appliance: Served) -> AsyncIterator[None]:
    """PostgreSQL stands still, its connections open."""
    pids = postgres_of(appliance)
    send(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        send(pids, signal.SIGCONT)


class Disk:
    """A file system of its own that can be filled."""

    def __init__(self, path: Path) -> None:
        self._ballast = path / "ballast"

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as ballast:
            try:
                while ballast.write(b"\0" * 4096):
                    pass
            except OSError:
                return

    def free(self) -> None:
        self._ballast.unlink()


@contextmanager
def small_disk(path: Path, *, size: str) -> Iterator[Disk]:
    """A tmpfs on *path*: only root may mount one."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(path)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        reason = f"no file system can be mounted: {mounted.stderr.strip()}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
