"""What a start and a stop say of themselves, and what the proxy answers meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.connections import listens
from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port
from tests.support.running import appliance_on, client_of, register
from tests.support.serving import Served, served
from tests.support.upstreams import OK, Reader, Writer, answering, read_head, upstream

WORKERS = pytest.mark.parametrize("workers", ["1", "2"])


async def status_of(ask: Callable[[], Awaitable[bytes]]) -> int | None:
    """Of an answer of the proxy; None where there is none."""
    try:
        return int((await ask()).split(b" ", 2)[1])
    except (OSError, IndexError):
        return None


@WORKERS
async def test_ready_means_that_every_process_routes(
    database_url: str, tmp_path: Path, workers: str
) -> None:
    """A new DATA_DIR on a database that has services."""
    async with upstream(answering(OK)) as port:
        async with (
            appliance_on(database_url, tmp_path / "first") as appliance,
            client_of(appliance) as client,
        ):
            await register(client, base_url=f"http://127.0.0.1:{port}")
        second = Served(
            tmp_path / "data", DATABASE_URL=database_url, PROXY_WORKERS=workers
        )
        seen = set[int | None]()

        async def ask_from_the_beginning() -> None:
            while True:
                seen.add(await status_of(second.through_proxy))
                await asyncio.sleep(0.005)

        asking = asyncio.create_task(ask_from_the_beginning())
        starting = asyncio.create_task(second.start())
        try:
            async with httpx.AsyncClient() as client:
                url = f"http://127.0.0.1:{second.port}/readyz"
                async with asyncio.timeout(PATIENCE_S):
                    while not await is_ready(client, url):
                        await asyncio.sleep(0.005)
            for _ in range(20):
                assert await status_of(second.through_proxy) == 200
            await starting
        finally:
            asking.cancel()
            if second.process is not None:
                assert await second.stop() == 0
    assert seen <= {None, 200, 503}


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    with suppress(httpx.HTTPError):
        return (await client.get(url)).status_code == 200
    return False


async def test_while_nobody_knows_the_services_a_request_may_be_repeated(
    tmp_path: Path,
) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    async with (
        appliance_on(url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        answer = await client.get(f"{appliance.proxy_url}/pay/x")
        assert answer.status_code == 503
        assert answer.headers["X-Monitor-Error"] == "routes_unknown"
        assert answer.headers["Retry-After"] == "1"
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "starting"})
        ledger = (await client.get("/v1/ledger")).json()
        assert ledger["unrouted"] == {"routes_unknown": 1}


@WORKERS
async def test_a_stop_is_answered_for_until_it_is_over(
    tmp_path: Path, workers: str
) -> None:
    """Health is; the proxy takes nobody new, and finishes what it has."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        asked.set()
        await go_on.wait()
        writer.write(OK)
        await writer.drain()

    async with (
        upstream(slow) as port,
        served(tmp_path / "data", PROXY_WORKERS=workers) as appliance,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{appliance.port}") as client,
    ):
        base_url = f"http://127.0.0.1:{port}"
        await appliance.call("/v1/services", {"name": "pay", "base_url": base_url})
        answer = asyncio.create_task(appliance.through_proxy())
        await asked.wait()
        stopping = asyncio.create_task(appliance.stop())

        async with asyncio.timeout(PATIENCE_S):
            while (await client.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.01)
            while await listens(appliance.proxy_port):
                await asyncio.sleep(0.01)
        assert (await client.get("/readyz")).json() == {"status": "draining"}
        assert (await client.get("/health")).status_code == 200
        refused = await client.get("/v1/logs")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
        go_on.set()
        assert (await answer).endswith(b"ok")
        assert await stopping == 0
        assert "Traceback" not in appliance.said.read_text()
