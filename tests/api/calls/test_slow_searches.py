"""Searches that reach their time limit, and exports that may not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx

from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)


@asynccontextmanager
async def locked(database_url: str) -> AsyncIterator[None]:
    """No search gets anywhere within the block."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(
                "LOCK TABLE apimonitor.logs IN ACCESS EXCLUSIVE MODE"
            )
            yield
    finally:
        await connection.close()


async def test_a_search_goes_on_and_an_export_breaks_off_where_nothing_is_searched(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path, QUERY_TIMEOUT_MS="1000") as appliance,
        client_of(appliance, timeout=60) as client,
    ):
        service = await register(client)
        key = bearer((await make_key(client, service["id"]))["raw_key"])
        began = datetime.now(UTC) - timedelta(minutes=5)
        rows = [
            {
                **LOG,
                "path": f"/{n}",
                "timestamp": (began + timedelta(seconds=n)).isoformat(),
            }
            for n in range(7)
        ]
        await client.post("/v1/logs/batch", json=rows, headers=key)
        async with locked(database_url):
            found = (await client.get("/v1/logs?limit=3")).json()
            assert (found["items"], found["complete"]) == ([], False)
            assert found["searched_to"] is None
            page = await client.get("/dashboard")
            assert "0 or more" not in page.text
            assert "Search on" in page.text
            paths = ("/v1/logs.ndjson", "/v1/logs.har")
            ends = [client.get(path) for path in paths]
            for end in await asyncio.gather(*ends, return_exceptions=True):
                assert isinstance(end, httpx.TransportError), "no clean end"
            # It tries again and again, and is not too late.
            waiting = asyncio.create_task(client.get("/v1/logs.ndjson"))
            await asyncio.sleep(0)
        lines = (await waiting).text.splitlines()
        assert [json.loads(line)["path"] for line in lines] == [
            f"/{n}" for n in reversed(range(7))
        ]
        first = (
            await client.get(f"/v1/logs?limit=3&cursor={found['next_cursor']}")
        ).json()
        assert [item["path"] for item in first["items"]] == ["/6", "/5", "/4"]
        assert first["complete"]
        second = (
            await client.get(f"/v1/logs?limit=3&cursor={first['next_cursor']}")
        ).json()
        back = (
            await client.get(
                f"/v1/logs?limit=3&newer=true&cursor={second['prev_cursor']}"
            )
        ).json()
        assert back["items"] == first["items"]
        assert back["prev_cursor"] is None
        assert (await client.get("/v1/logs")).json()["prev_cursor"] is None
        by_offset = (await client.get("/v1/logs?offset=2")).json()
        assert by_offset["prev_cursor"] is not None
