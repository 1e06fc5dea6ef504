"""A PostgreSQL that is filled with logs once, and kept between runs in a cache."""

import asyncio
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.processes import appliance, postgres_server
from bench.query import upkeep
from bench.query.filling import fill_on

ROOT = Path(__file__).parents[2]
# What the rows are made by: where one of these has changed, they are made anew.
MAKERS = ("migrations", "appliance/fill", "monitor/record", "monitor/storage/commit")
# Of a log with all its indexes, generously; and what is left for everybody else.
LOG_BYTES, LEFT_BYTES = 1_500, 5 << 30


@dataclass(frozen=True, slots=True)
class Filled:
    """*pids* of its PostgreSQL; *folder* is for what is said of it."""

    folder: Path
    dsn: str
    pids: Callable[[], list[int]]
    logs: int

    def asked(self, sql: str, *arguments: object) -> object:
        """The first value of a statement."""

        async def ask() -> object:
            connection = await asyncpg.connect(
                self.dsn, server_settings={"search_path": "apimonitor"}
            )
            try:
                return await connection.fetchval(sql, *arguments)
            finally:
                await connection.close()

        return asyncio.run(ask())

    @contextmanager
    def serving(self, port: int, **parameters: str) -> Iterator[str]:
        """The appliance on it; *parameters*: of its sessions with PostgreSQL."""
        settings = "".join(f"&{name}={value}" for name, value in parameters.items())
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        with appliance(
            self.folder,
            port=port,
            proxy_port=port + 1,
            APIMONITOR_DATABASE_URL=f"{self.dsn}{settings}",
            APIMONITOR_RETENTION_DAYS="3650",
            APIMONITOR_BODY_RETENTION_DAYS="3650",
            APIMONITOR_BODY_PACKING_RATE="1000000",
        ):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def filled(logs: int, port: int) -> Iterator[Filled]:
    folder = _cache() / f"{logs}-{_fingerprint()}"
    if not folder.exists():
        _make_room(logs)
        folder.mkdir(parents=True)
        print(f"{logs:,} logs are made in {folder}", flush=True)
    with postgres_server(folder) as (dsn, pids):
        made = Filled(folder, dsn, pids, logs)
        fill_on(folder, dsn, logs)
        with made.serving(port):
            upkeep.wait(made.asked)
        yield made


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "apimonitor-bench-query"


def _fingerprint() -> str:
    said = hashlib.sha256()
    for maker in MAKERS:
        for path in sorted((ROOT / maker).rglob("*")):
            if path.suffix in (".py", ".sql"):
                said.update(path.read_bytes())
    return said.hexdigest()[:12]


def _make_room(logs: int) -> None:
    """Former ones of that size go. Ends the program where the disk is too full."""
    cache = _cache()
    cache.mkdir(parents=True, exist_ok=True)
    for former in cache.glob(f"{logs}-*"):
        shutil.rmtree(former)
    free, wanted = shutil.disk_usage(cache).free, logs * LOG_BYTES + LEFT_BYTES
    if free < wanted:
        sys.exit(
            f"{logs:,} logs need {wanted >> 30} GB of {cache}: {free >> 30} are free"
        )
