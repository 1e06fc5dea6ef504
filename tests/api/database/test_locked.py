"""Whatever is read from tables that others have locked, PostgreSQL itself gives up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from monitor.settings import storage
from tests.support.patience import PATIENCE_S
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

# A gap in the live tail, or an end that is no clean one, once their head is sent.
STREAMS = ("/v1/logs.har", "/v1/logs.ndjson", "/v1/logs/stream")
PAGES = (
    "/",
    "/dashboard",
    "/dashboard?query=body:x",
    "/log/{log_id}",
    "/replay/{log_id}",
    "/alerts-ui",
    "/alerts-ui/channels",
    "/metrics-ui",
    "/tokens",
    "/status",
)
NEEDED = {"/v1/compare": "?b={log_id}", "/v1/query/values": "?field=method"}
# In all: calls that answer without PostgreSQL, in part, or that they cannot.
FEWEST_TIMED_OUT = 20


@asynccontextmanager
async def all_locked(database_url: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch(
            """
            SELECT c.oid::regclass::text AS name
              FROM pg_class AS c
             WHERE c.relnamespace = 'apimonitor'::regnamespace
               AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            """
        )
        names = ", ".join(table["name"] for table in tables)
        async with AsyncExitStack() as stack:
            while True:
                transaction = connection.transaction()
                await transaction.start()
                try:
                    await connection.execute(f"LOCK TABLE {names}")
                except asyncpg.DeadlockDetectedError:
                    # Upkeep took them in another order.
                    await transaction.rollback()
                    continue
                stack.push_async_callback(transaction.rollback)
                break
            yield
    finally:
        await connection.close()


async def every_read(client: httpx.AsyncClient, ids: dict[str, str]) -> list[str]:
    """All that a GET asks, as the document has it, and all pages."""
    described = (await client.get("/openapi.json")).json()["paths"]
    paths = [path for path, calls in described.items() if "get" in calls]
    asked = [path + NEEDED.get(path, "") for path in (*paths, *PAGES)]
    return [path.format_map(ids) for path in asked if path not in STREAMS]


async def test_no_read_waits_for_longer_than_the_server_lets_it(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "SHORTEST_STATEMENT_MS", 100)
    # If it was not the server, it would be the client, and much later.
    monkeypatch.setattr(storage, "SHORTEST_ANSWER_S", PATIENCE_S)
    async with (
        appliance_on(database_url, tmp_path, QUERY_TIMEOUT_MS="100") as appliance,
        client_of(appliance) as client,
    ):
        service = (await register(client))["id"]
        key = await make_key(client, service)
        pushed = await client.post("/v1/logs", json=LOG, headers=bearer(key["raw_key"]))
        some = {
            "log_id": pushed.json()["id"],
            "service_id": service,
        }
        reads = await every_read(client, Ids(some))
        timed_out = 0
        async with all_locked(database_url):
            for read in reads:
                answer = await client.get(read)
                assert answer.status_code in (200, 404, 503), (read, answer.text)
                if answer.status_code == 503:
                    assert int(answer.headers.get("Retry-After", 0)) >= 1, read
                    assert "did not answer in time" not in answer.text, read
                    timed_out += "QUERY_TIMEOUT_MS" in answer.text
            assert timed_out >= FEWEST_TIMED_OUT
        for read in reads:
            async with asyncio.timeout(PATIENCE_S):
                # A tenth of a second is little for a busy machine.
                while (answer := await client.get(read)).status_code == 503:
                    await asyncio.sleep(0.1)
            assert answer.status_code in (200, 404), read


class Ids(dict[str, str]):
    """Where there is no such thing, any id does."""

    def __missing__(self, name: str) -> str:
        return "01900000-0000-7000-8000-000000000000"
