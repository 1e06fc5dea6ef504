"""A retry with the same Idempotency-Key stores nothing twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)


@pytest_asyncio.fixture
async def client(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client)
        key = await make_key(client, service["id"])
        client.headers.update(bearer(key["raw_key"]))
        yield client


async def push(client: httpx.AsyncClient, key: str, **fields: Any) -> httpx.Response:
    return await client.post(
        "/v1/logs", json={**LOG, **fields}, headers={"Idempotency-Key": key}
    )


async def push_batch(client: httpx.AsyncClient, key: str, rows: int) -> httpx.Response:
    return await client.post(
        "/v1/logs/batch",
        content="\n".join([json.dumps(LOG)] * rows),
        headers={"Idempotency-Key": key, "Content-Type": "application/x-ndjson"},
    )


async def total(client: httpx.AsyncClient) -> int:
    return (await client.get("/v1/logs")).json()["total"]  # type: ignore[no-any-return]


async def test_the_same_key_answers_what_the_first_one_answered(
    client: httpx.AsyncClient,
) -> None:
    first, second = await push(client, "a"), await push(client, "a")
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert first.headers["Location"] == second.headers["Location"]
    assert (await push(client, "b")).json()["id"] != first.json()["id"]
    assert await total(client) == 2


async def test_at_the_same_time_one_is_stored(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(push(client, "a") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await total(client) == 1


async def test_another_body_is_422(client: httpx.AsyncClient) -> None:
    await push(client, "a")
    answer = await push(client, "a", status_code=500)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]
    assert (await push_batch(client, "a", 1)).status_code == 422
    assert await total(client) == 1


async def test_an_error_is_not_remembered(client: httpx.AsyncClient) -> None:
    assert (await push(client, "a", url="/relative")).status_code == 422
    assert (await push(client, "a")).status_code == 201


async def test_batches_too(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(push_batch(client, "a", 500) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({tuple(answer.json()["ids"]) for answer in answers}) == 1
    assert answers[0].json()["accepted"] == 500
    assert await total(client) == 500
    assert (await push_batch(client, "a", 499)).status_code == 422


async def test_a_key_is_of_one_service(client: httpx.AsyncClient) -> None:
    first = await push(client, "a")
    other = await register(client, name="other")
    raw = (await make_key(client, other["id"]))["raw_key"]
    client.headers.update(bearer(raw))
    second = await push(client, "a")
    assert second.json()["service_id"] == other["id"]
    assert first.json()["id"] != second.json()["id"]


async def test_after_a_day_it_is_forgotten(
    client: httpx.AsyncClient, database_url: str
) -> None:
    first = await push(client, "a")
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "UPDATE apimonitor.idempotency_keys SET created_at = now() - interval '25 h'"
    )
    await connection.close()
    second = await push(client, "a", status_code=500)
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]
    assert (await push(client, "a", status_code=500)).json() == second.json()


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
async def test_a_bad_key_is_422(client: httpx.AsyncClient, key: str) -> None:
    answer = await push(client, key)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]
    assert await total(client) == 0
