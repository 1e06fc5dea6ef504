"""A PostgreSQL that takes no more connections: others hold them all, or all but few."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from appliance.start import running
from monitor.errors import Unavailable
from monitor.storage.database.pool import Database
from monitor.storage.server.server import Server
from tests.support.databases import TEST_OPTIONS
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)
from tests.support.upstreams import OK, answering, upstream

CONNECTIONS = 8
SCARCE = {
    **TEST_OPTIONS,
    "max_connections": str(CONNECTIONS),
    "superuser_reserved_connections": "0",
    "max_wal_senders": "0",
}


@pytest.fixture
def scarce(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "scarce", options=SCARCE)
    server.start()
    yield server
    server.stop()


@asynccontextmanager
async def others(server: Server, *, leaving: int) -> AsyncIterator[None]:
    """Somebody else's connections, as many as there are but for *leaving*."""
    async with AsyncExitStack() as stack:
        while True:
            try:
                one = await asyncpg.connect(server.dsn())
            except asyncpg.TooManyConnectionsError:
                break
            stack.push_async_callback(one.close)
            held = await one.fetchval(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend'"
            )
            if held >= CONNECTIONS - leaving:
                break
        yield


async def test_who_gets_few_of_the_connections_it_may_have_makes_do(
    scarce: Server, tmp_path: Path
) -> None:
    async with (
        appliance_on(scarce.dsn(), tmp_path, POOL_SIZE="20") as appliance,
        # More would wait longer than a read does, where the machine is slow.
        client_of(appliance, limits=httpx.Limits(max_connections=6)) as client,
    ):
        key = await make_key(client, (await register(client))["id"])
        async with others(scarce, leaving=0):
            pushes = [
                client.post("/v1/logs", json=LOG, headers=bearer(key["raw_key"]))
                for _ in range(60)
            ]
            looks = [client.get("/v1/logs?limit=1") for _ in range(60)]
            answers = await asyncio.gather(*pushes, *looks)
        assert {answer.status_code for answer in answers} == {201, 200}
        assert (await client.get("/v1/logs?limit=1")).json()["total"] == 60


async def test_a_start_without_a_connection_serves_the_proxy_and_says_why(
    scarce: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with upstream(answering(OK)) as port:
        async with (
            appliance_on(scarce.dsn(), tmp_path) as appliance,
            client_of(appliance) as client,
        ):
            service = await register(client, base_url=f"http://127.0.0.1:{port}")
            key = await make_key(client, service["id"])
        monkeypatch.setattr(running, "OTHER_S", 0.2)
        async with AsyncExitStack() as stack:
            held = await stack.enter_async_context(AsyncExitStack())
            await held.enter_async_context(others(scarce, leaving=0))
            short = {"INGEST_TIMEOUT_S": "0.3"}
            appliance = await stack.enter_async_context(
                appliance_on(scarce.dsn(), tmp_path, **short)
            )
            client = await stack.enter_async_context(client_of(appliance))
            passed = await client.get(f"{appliance.proxy_url}/pay/x")
            assert passed.text == "ok"
            headers = bearer(key["raw_key"])
            for answer in (
                await client.post("/v1/logs", json=LOG, headers=headers),
                await client.get("/v1/logs"),
            ):
                assert answer.status_code == 503
                assert int(answer.headers["Retry-After"]) >= 1
            assert (await client.get("/dashboard")).status_code == 503
            await eventually_said(caplog, "too many clients")
            await held.aclose()
            await eventually_stored(client, passed.headers["X-Monitor-Log-Id"])
            answer = await client.post("/v1/logs", json=LOG, headers=headers)
            assert answer.status_code == 201


async def test_who_finds_none_free_is_told_that_there_is_none(scarce: Server) -> None:
    database = await Database.open(scarce.dsn(), size=2)
    try:
        async with others(scarce, leaving=0), database.connection():
            # The second one of this pool.
            with pytest.raises(Unavailable, match="takes no more connections"):
                async with database.connection(timeout_s=0.2):
                    pass
    finally:
        await database.close()


async def eventually_said(caplog: pytest.LogCaptureFixture, words: str) -> None:
    for _ in range(3_000):
        reasons = [vars(record).get("reason") for record in caplog.records]
        if any(words in str(reason) for reason in reasons):
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"no such reason: {reasons}")


async def eventually_stored(client: httpx.AsyncClient, id: str) -> None:
    for _ in range(3_000):
        if (await client.get(f"/v1/logs/{id}")).status_code == 200:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the exchange is not recorded")
