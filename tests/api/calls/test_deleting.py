"""What someone wants gone is gone: `DELETE /v1/logs/{log_id}` and `DELETE /v1/logs`."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from appliance.start.running import Appliance
from monitor.traffic.ids import LogIds
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)
from tests.support.stored import settled, wait_for
from tests.support.upstreams import Reader, Writer, read_head, upstream

SECRET = "hunter2-leaked"
TABLES = ("header_sets", "logs", "log_bodies", "log_messages", "log_arrivals")


async def events(reader: Reader, writer: Writer) -> None:
    await read_head(reader)
    body = f"data: {SECRET}\n\n".encode()
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    await writer.drain()


@asynccontextmanager
async def scene(
    database_url: str, directory: Path, **settings: str
) -> AsyncIterator[tuple[Appliance, httpx.AsyncClient, dict[str, Any]]]:
    """A service whose upstream streams the secret."""
    async with (
        upstream(events) as port,
        appliance_on(database_url, directory, **settings) as appliance,
        client_of(appliance) as client,
    ):
        base_url = f"http://127.0.0.1:{port}"
        yield appliance, client, await register(client, base_url=base_url)


async def push(
    client: httpx.AsyncClient, service: dict[str, Any], count: int, **fields: Any
) -> list[str]:
    key = await make_key(client, service["id"])
    logs = [{**LOG, **fields} for _ in range(count)]
    headers = bearer(key["raw_key"])
    answer = await client.post("/v1/logs/batch", json=logs, headers=headers)
    assert answer.status_code == 201, answer.text
    ids: list[str] = answer.json()["ids"]
    return ids


async def rows(database_url: str) -> dict[str, int]:
    connection = await asyncpg.connect(database_url)
    try:
        return {
            table: await connection.fetchval(f"SELECT count(*) FROM apimonitor.{table}")
            for table in (*TABLES, "replays")
        }
    finally:
        await connection.close()


async def test_a_log_goes_with_all_that_was_kept_of_it_and_the_ledger_stays_closed(
    database_url: str, tmp_path: Path
) -> None:
    async with scene(database_url, tmp_path) as (appliance, client, service):
        for path in ("a", "b"):
            await client.post(f"{appliance.proxy_url}/pay/{path}", content=SECRET)
        kept, leaked = (log["id"] for log in await wait_for(client, 2))
        # A replay, and a replay of that.
        replayed = leaked
        for count in (3, 4):
            answer = await client.post(f"/v1/logs/{replayed}/replay", json={})
            assert answer.status_code == 201, answer.text
            await wait_for(client, count)
            replayed = (await client.get("/v1/logs")).json()["items"][0]["id"]
        await client.post(f"/v1/logs/{kept}/replay", json={})
        ours = [log["id"] for log in await wait_for(client, 5)]
        [pushed] = await push(client, service, 1, request_body=SECRET)
        await client.patch(f"/v1/logs/{leaked}", json={"pinned": True})
        assert (await rows(database_url))["log_messages"] == 5
        before = await settled(client)
        assert (before["stored"], before["deleted"], before["is_closed"]) == (
            5,
            0,
            True,
        )

        one = f"/v1/logs/{leaked}"
        assert (await client.delete(f"{one}?dry_run=true")).status_code == 422
        assert (await client.delete(one)).status_code == 204
        for id in (leaked, replayed):
            assert (await client.get(f"/v1/logs/{id}")).status_code == 404
        assert (await client.delete(one)).status_code == 404
        # The replay's own document goes with the replay's log as well.
        assert (await client.delete(f"/v1/logs/{ours[0]}")).status_code == 204
        assert (await client.get(f"/v1/logs/{kept}/replays")).json()["total"] == 0
        assert (await client.delete(f"/v1/logs/{pushed}")).status_code == 204
        assert (await client.delete(f"/v1/logs/{kept}")).status_code == 204
        assert set((await rows(database_url)).values()) == {0}

        after = await settled(client)
        assert (after["stored"], after["deleted"], after["is_closed"]) == (5, 5, True)
        assert (after["difference"], after["explanation"]) == (0, None)
        [line] = after["services"]
        assert (line["deleted"], line["is_closed"]) == (5, True)
        metrics = (await client.get("/metrics")).text
        assert "apimonitor_records_stored_total 5.0" in metrics
        assert "apimonitor_records_deleted_total 5.0" in metrics
        for source, n in (("proxy", 2), ("replay", 3), ("ingest", 1)):
            assert f'logs_deleted_total{{source="{source}"}} {n}.0' in metrics


async def test_what_the_filters_find_goes_in_parts_and_nothing_else(
    database_url: str, tmp_path: Path
) -> None:
    async with scene(database_url, tmp_path, DELETE_LIMIT="700") as (_, client, one):
        run = await push(client, one, 1_100, tags=["run-7"], request_body=SECRET)
        other = await push(client, one, 3, tags=["kept"], request_body="mine")
        await client.patch(f"/v1/logs/{run[5]}", json={"pinned": True})
        query = "/v1/logs?tag=run-7"

        async def delete(more: str = "") -> dict[str, Any]:
            answer = await client.delete(f"{query}{more}")
            assert answer.status_code == 200, answer.text
            said: dict[str, Any] = answer.json()
            return said

        counted = await delete("&dry_run=true")
        assert (counted["deleted"], counted["complete"]) == (700, False)
        rest = await delete(f"&dry_run=true&cursor={counted['next_cursor']}")
        assert (rest["deleted"], rest["complete"], rest["next_cursor"]) == (
            400,
            True,
            None,
        )
        assert (await client.get(query)).json()["total"] == 1_100
        assert (await delete("&limit=100&q=HUNTER2&pinned=false"))["deleted"] == 100
        # Two at a time share what there is.
        first, second = await asyncio.gather(delete(), delete())
        assert first["deleted"] + second["deleted"] == 1_000
        assert {first["dry_run"], second["complete"]} == {False, True}
        assert await delete() == {
            "deleted": 0,
            "replays_deleted": 0,
            "dry_run": False,
            "complete": True,
            "next_cursor": None,
        }
        listed = (await client.get("/v1/logs")).json()["items"]
        assert {log["id"] for log in listed} == set(other)
        left = await rows(database_url)
        assert (left["logs"], left["log_bodies"]) == (3, 3)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("", ["query"]),
        ("?dry_run=true&limit=5", ["query"]),
        ("?limit=10001&tag=t", ["query", "limit"]),
        ("?tag=t&dry_run=maybe", ["query", "dry_run"]),
        ("?offset=1&tag=t", ["query", "offset"]),
        ("?tagg=t", ["query", "tagg"]),
        ("?tag=t&tag=u", ["query", "tag"]),
        ("?source=proxy&service_id=x", ["query", "service_id"]),
    ],
)
async def test_what_is_not_asked_for_rightly_removes_nothing(
    client: httpx.AsyncClient, query: str, place: list[str]
) -> None:
    service = await register(client)
    await push(client, service, 1, tags=["t"])
    answer = await client.delete(f"/v1/logs{query}")
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["loc"] == place
    assert (await client.get("/v1/logs")).json()["total"] == 1
    for id, status in ((uuid4(), 404), (LogIds().new(), 404), ("x", 422)):
        assert (await client.delete(f"/v1/logs/{id}")).status_code == status


async def test_who_follows_is_told_of_those_that_are_left(
    client: httpx.AsyncClient,
) -> None:
    service = await register(client)
    gone = await push(client, service, 3)
    left = await push(client, service, 2)
    for id in gone:
        assert (await client.delete(f"/v1/logs/{id}")).status_code == 204
    seen: list[str] = []
    headers = {"Last-Event-ID": "0"}
    async with client.stream("GET", "/v1/logs/stream", headers=headers) as stream:
        async for line in stream.aiter_lines():
            if not line.startswith("data: ") or '"path"' not in line:
                continue
            seen.append(json.loads(line.removeprefix("data: "))["id"])
            if len(seen) == 2:
                # While it is followed, too.
                await client.delete(f"/v1/logs/{left[0]}")
                [later] = await push(client, service, 1)
            if len(seen) == 3:
                break
    assert seen == [*left, later]


async def test_a_push_is_not_stored_again_where_its_log_was_deleted(
    client: httpx.AsyncClient,
) -> None:
    key = await make_key(client, (await register(client))["id"])
    headers = {**bearer(key["raw_key"]), "Idempotency-Key": "once"}
    first = await client.post("/v1/logs", json=LOG, headers=headers)
    assert (await client.delete(f"/v1/logs/{first.json()['id']}")).status_code == 204
    again = await client.post("/v1/logs", json=LOG, headers=headers)
    assert (again.status_code, again.json()["detail"]) == (
        404,
        "the service is gone, or the log was deleted",
    )
