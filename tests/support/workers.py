"""An appliance whose proxy is several processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.serving import Served, served
from tests.support.upstreams import OK, answering, upstream


def workers_of(appliance: Served) -> list[int]:
    assert appliance.process is not None
    pid = appliance.process.pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        # It has ended, and nobody was told yet.
        return []
    return [int(child) for child in children if is_worker(int(child))]


def is_worker(pid: int) -> bool:
    try:
        return b"appliance.workers.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@asynccontextmanager
async def scene(
    directory: Path,
    *,
    workers: int = 2,
    port: int | None = None,
    settings: dict[str, str] | None = None,
) -> AsyncIterator[Served]:
    """With the service `pay`, whose upstream answers ok, or listens on *port*."""
    settings = {"PROXY_WORKERS": str(workers), **(settings or {})}
    async with (
        upstream(answering(OK)) as ok,
        served(directory / "data", **settings) as appliance,
    ):
        base_url = f"http://127.0.0.1:{port or ok}"
        await appliance.call("/v1/services", {"name": "pay", "base_url": base_url})
        yield appliance
