"""The embedded PostgreSQL does not start, or not again: the proxy serves."""

import asyncio
import html
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults.scene import Disk, postgres_of, send, small_disk
from tests.support.patience import eventually
from tests.support.serving import served
from tests.support.upstreams import OK, answering, upstream

AWAY = "the embedded PostgreSQL does not run"
BACK = "the embedded PostgreSQL runs again"
Broken = Callable[[Path, Disk], AbstractContextManager[None]]


@contextmanager
def damaged(postgres: Path, disk: Disk) -> Iterator[None]:
    control = postgres / "pgdata" / "global" / "pg_control"
    content = control.read_bytes()
    control.write_bytes(b"\xff" * len(content))
    yield
    control.write_bytes(content)


@contextmanager
def full(postgres: Path, disk: Disk) -> Iterator[None]:
    disk.fill()
    yield
    disk.free()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("broken", [damaged, full])
async def test_the_proxy_serves_until_it_runs(tmp_path: Path, broken: Broken) -> None:
    data = tmp_path / "data"
    with small_disk(data / "postgres", size="160m") as disk:
        await serves_until_it_runs(data, lambda: broken(data / "postgres", disk))


async def serves_until_it_runs(
    data: Path, broken: Callable[[], AbstractContextManager[None]]
) -> None:
    async with (
        upstream(answering(OK)) as port,
        served(data) as appliance,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{appliance.port}") as client,
    ):
        base_url = f"http://127.0.0.1:{port}"
        await appliance.call("/v1/services", {"name": "pay", "base_url": base_url})
        await appliance.stop()

        async def is_away() -> bool:
            return bool((await client.get("/health")).json()["database"] == "away")

        async def is_ready() -> bool:
            return (await client.get("/readyz")).status_code == 200

        with broken():
            # Not at the start, and then not again after it ran.
            await appliance.start()
            assert "up without PostgreSQL" in appliance.printed
            assert (await client.get("/readyz")).status_code == 503
            assert await is_away()
            assert (await appliance.through_proxy()).endswith(b"ok")
            page = html.unescape((await client.get("/status")).text)
            assert "It does not run (" in page
        await eventually(is_ready)
        with broken():
            send(postgres_of(appliance)[:1], signal.SIGKILL)
            await eventually(is_away)
            assert (await appliance.through_proxy()).endswith(b"ok")
            await asyncio.sleep(2)
            said = appliance.said.read_text()
            assert said.count(AWAY) == 2

        async def is_stored() -> bool:
            answer = await client.get("/v1/logs")
            return answer.status_code == 200 and answer.json()["total"] == 2

        await eventually(is_stored)
        assert await appliance.stop() == 0
    said = appliance.said.read_text()
    assert said.count(AWAY) == said.count(BACK) == 2
    assert "Traceback" not in said
