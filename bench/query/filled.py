"""A PostgreSQL that is filled with logs once, and kept between runs in a cache."""

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.processes import appliance, postgres_server

ROOT = Path(__file__).parents[2]
# What the rows are made by: where one of these has changed, they are made anew.
MAKERS = ("migrations", "appliance/fill", "monitor/record", "monitor/storage/commit")
DAYS, SERVICES = 25, 8
# Of a log with all its indexes, generously; and what is left for everybody else.
LOG_BYTES, LEFT_BYTES = 1_500, 5 << 30
LONGEST_UPKEEP_S = 3_600.0
UNDONE = """
    SELECT (SELECT count(*) FROM rollup_changes) > 2000
           OR (SELECT filled_from FROM rollup_state) > '1970-01-02'
           OR (SELECT count(*)
                 FROM (SELECT 1
                         FROM logs
                        WHERE id > (SELECT bounds[cardinality(bounds)]
                                      FROM search_chunks
                                     ORDER BY after_id DESC
                                     LIMIT 1)
                        LIMIT 40000) AS newer) NOT BETWEEN 1 AND 33000
           OR (SELECT count(*)
                 FROM (SELECT 1
                         FROM log_bodies
                        WHERE ts < now() - interval '1 day'
                          AND part IS NULL
                        LIMIT 2000) AS loose) > 1000
"""


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
            APIMONITOR_BODY_PACKING_RATE="100000",
        ):
            yield f"http://127.0.0.1:{port}"


@contextmanager
def filled(logs: int, port: int) -> Iterator[Filled]:
    folder = _cache() / f"{logs}-{_fingerprint()}"
    is_there = (folder / "filled").exists()
    if not is_there:
        _make_room(logs)
        folder.mkdir(parents=True)
    with postgres_server(folder) as (dsn, pids):
        made = Filled(folder, dsn, pids, logs)
        if not is_there:
            _fill(made)
            (folder / "filled").touch()
        _keep_up(made, port)
        yield made


def _fill(made: Filled) -> None:
    print(f"filling {made.folder} with {made.logs:,} logs …", flush=True)
    began = time.monotonic()
    command = [str(Path(sys.executable).parent / "apimonitor"), "fill"]
    wanted = {"logs": made.logs, "days": DAYS, "services": SERVICES}
    command += [f"--{name}={value}" for name, value in wanted.items()]
    environment = {**os.environ, "APIMONITOR_DATABASE_URL": made.dsn}
    subprocess.run(command, env=environment, check=True)
    rate = made.logs / (time.monotonic() - began)
    print(f"filled at {rate:,.0f} logs a second", flush=True)


def _keep_up(made: Filled, port: int) -> None:
    """Rollups and blocks are made in the background; here they are waited for."""
    began = time.monotonic()
    until = began + LONGEST_UPKEEP_S
    with made.serving(port):
        while made.asked(UNDONE) and time.monotonic() < until:
            time.sleep(2)
    print(f"upkeep took {time.monotonic() - began:,.0f} s", flush=True)


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
