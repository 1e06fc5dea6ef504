"""A push is answered in time, and truly, whatever PostgreSQL does."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest_asyncio

from monitor.storage.server.server import Server
from tests.support.databases import TEST_OPTIONS
from tests.support.frozen import frozen
from tests.support.patience import PATIENCE_S
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

HAR = {
    "log": {
        "entries": [
            {
                "request": {"method": "GET", "url": "https://x.example/har"},
                "response": {"status": 200},
            }
        ]
    }
}


# Of each way one, of the batch two; that with the key is stored the first time only.
LOGS_EACH_TIME = 5


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    made = Server(tmp_path / "pg", options=TEST_OPTIONS)
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.stop)


async def push_in_each_way(
    client: httpx.AsyncClient, key: dict[str, str]
) -> tuple[httpx.Response, ...]:
    # Without the limit these would wait for a minute.
    async with asyncio.timeout(PATIENCE_S):
        return await asyncio.gather(
            client.post("/v1/logs", json=LOG, headers=key),
            client.post(
                "/v1/logs", json=LOG, headers={**key, "Idempotency-Key": "again"}
            ),
            client.post("/v1/logs/batch", json=[LOG, LOG], headers=key),
            client.post("/v1/logs/import/har", json=HAR, headers=key),
        )


async def test_a_frozen_postgresql_is_503_in_time_and_nothing_is_doubled(
    server: Server, tmp_path: Path
) -> None:
    async with (
        appliance_on(server.dsn(), tmp_path, INGEST_TIMEOUT_S="0.5") as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client)
        key = bearer((await make_key(client, service["id"]))["raw_key"])
        before = await until_each_is_stored(client, key)
        with frozen(tmp_path / "pg" / "pgdata"):
            # The second time with nothing left of the connections that were there.
            for _ in range(2):
                for answer in await push_in_each_way(client, key):
                    # What the key stored is still known.
                    assert answer.status_code == 503, answer.text
                    assert int(answer.headers["Retry-After"]) >= 1
                health = await client.get("/health")
                assert health.status_code == 200
        after = await until_stored(client, key)
        total = (await client.get("/v1/logs")).json()["total"]
        # Five and the one just now; of what was refused each push at most once.
        assert 6 <= total <= before * LOGS_EACH_TIME + 2 * LOGS_EACH_TIME + after
        again = {**key, "Idempotency-Key": "again"}
        await until_stored(client, again)
        assert (await client.get("/v1/logs")).json()["total"] == total


async def until_each_is_stored(client: httpx.AsyncClient, key: dict[str, str]) -> int:
    """How often each way was tried: a busy machine may refuse one in half a second."""
    for tried in range(1, 600):
        answers = await push_in_each_way(client, key)
        assert {answer.status_code for answer in answers} <= {201, 503}
        if all(answer.status_code == 201 for answer in answers):
            return tried
    raise AssertionError(answers)


async def until_stored(client: httpx.AsyncClient, key: dict[str, str]) -> int:
    """How often the log was sent until it was taken."""
    for tried in range(1, 600):
        answer = await client.post("/v1/logs", json=LOG, headers=key)
        if answer.status_code == 201:
            return tried
        await asyncio.sleep(0.1)
    raise AssertionError(answer.text)


async def test_a_batch_that_postgresql_falls_silent_in_is_503_in_time(
    server: Server, tmp_path: Path
) -> None:
    """Frozen between its beginning and its end: all or nothing."""
    async with (
        appliance_on(server.dsn(), tmp_path, INGEST_TIMEOUT_S="5") as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client)
        key = bearer((await make_key(client, service["id"]))["raw_key"])
        rows = json.dumps([LOG] * 30_000)
        headers = {**key, "Content-Type": "application/json"}
        pushing = asyncio.create_task(
            client.post("/v1/logs/batch", content=rows, headers=headers)
        )
        await wait_for_rows(server)
        with frozen(tmp_path / "pg" / "pgdata"):
            async with asyncio.timeout(PATIENCE_S):
                answer = await pushing
        assert answer.status_code == 503, answer.text
        tried = await until_stored(client, key)
        listed = (await client.get("/v1/logs")).json()
        # Of those that were refused any may have been stored: never one of the batch.
        assert 1 <= listed["total"] <= tried


async def wait_for_rows(server: Server) -> None:
    """Until a transaction has written something."""
    connection = await asyncpg.connect(server.dsn())
    try:
        while not await connection.fetchval(
            """
            SELECT count(*)
              FROM pg_stat_activity
             WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
            """
        ):
            await asyncio.sleep(0.01)
    finally:
        await connection.close()


async def test_overload_is_429_for_the_key_that_overloads(
    database_url: str, tmp_path: Path
) -> None:
    limits = {"INGEST_PLACES": "16", "INGEST_WAITING": "2", "INGEST_TIMEOUT_S": "30"}
    async with (
        appliance_on(database_url, tmp_path, **limits) as appliance,
        client_of(appliance, limits=httpx.Limits(max_connections=200)) as client,
    ):
        service = await register(client)
        greedy, quiet = [
            bearer((await make_key(client, service["id"]))["raw_key"]) for _ in "ab"
        ]
        pushes = [client.post("/v1/logs", json=LOG, headers=greedy) for _ in range(150)]
        mine = client.post("/v1/logs", json=LOG, headers=quiet)
        answers = await asyncio.gather(mine, *pushes)
        assert answers[0].status_code == 201
        statuses = [answer.status_code for answer in answers[1:]]
        assert set(statuses) == {201, 429}
        for answer in answers[1:]:
            if answer.status_code == 429:
                assert int(answer.headers["Retry-After"]) >= 1
        total = (await client.get("/v1/logs")).json()["total"]
        assert total == 1 + statuses.count(201)
