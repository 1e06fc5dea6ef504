"""Many logs at once: all or nothing, streamed, masked before a disk has them."""

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.support.patience import LOOK_S
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

JSON = "application/json"
LINES = "application/x-ndjson"


@pytest_asyncio.fixture
async def client(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """With the key of a service."""
    options = {"BATCH_LIMIT_BYTES": "100000", "REQUEST_LIMIT_BYTES": "10000"}
    async with (
        appliance_on(database_url, tmp_path, BATCH_LIMIT_ROWS="300", **options) as made,
        client_of(made) as client,
    ):
        service = await register(client, redact_fields=["$.pin"])
        key = await make_key(client, service["id"])
        client.headers.update(bearer(key["raw_key"]))
        yield client


def encoded(rows: list[Any], kind: str) -> bytes:
    if kind == JSON:
        return json.dumps(rows).encode()
    return "\n".join(json.dumps(row) for row in rows).encode()


async def push(
    client: httpx.AsyncClient, content: bytes, kind: str = JSON, **headers: str
) -> httpx.Response:
    return await client.post(
        "/v1/logs/batch",
        content=content,
        headers={"Content-Type": kind, **headers},
    )


async def total(client: httpx.AsyncClient) -> int:
    return (await client.get("/v1/logs")).json()["total"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", [JSON, LINES, "application/ndjson"])
async def test_rows_are_stored_in_order_with_their_ids(
    client: httpx.AsyncClient, kind: str
) -> None:
    rows = [{**LOG, "path": f"/{n}", "status_code": 200} for n in range(250)]
    answer = await push(client, encoded(rows, kind), kind)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["accepted"] == 250
    listed = (await client.get("/v1/logs?limit=500")).json()
    assert listed["total"] == 250
    assert [item["id"] for item in listed["items"]] == made["ids"][::-1]
    assert [item["path"] for item in listed["items"]] == [
        f"/{n}" for n in range(249, -1, -1)
    ]
    assert {item["source"] for item in listed["items"]} == {"ingest"}


async def test_an_empty_batch_is_accepted(client: httpx.AsyncClient) -> None:
    for content, kind in ((b"[]", JSON), (b"", LINES), (b"\n\n", LINES)):
        answer = await push(client, content, kind)
        assert answer.json() == {"accepted": 0, "ids": []}


async def test_a_bad_row_and_none_is_stored(client: httpx.AsyncClient) -> None:
    rows: list[Any] = [LOG, {**LOG, "status_code": "x"}, 7, {**LOG, "url": "/a"}, {}]
    for kind in (JSON, LINES):
        answer = await push(client, encoded(rows, kind), kind)
        assert answer.status_code == 422
        assert [error["loc"] for error in answer.json()["errors"]] == [
            ["body", 1, "status_code"],
            ["body", 2],
            ["body", 3, "url"],
            ["body", 4, "method"],
            ["body", 4, "url"],
            ["body", 4, "path"],
        ]
    assert await total(client) == 0


async def test_the_first_hundred_errors_are_named(client: httpx.AsyncClient) -> None:
    answer = await push(client, encoded([{}] * 200, JSON))
    errors = answer.json()["errors"]
    assert len(errors) == 100
    assert errors[-1]["loc"] == ["body", 33, "method"]


@pytest.mark.parametrize(
    ("content", "kind", "word"),
    [
        (b"", JSON, "array"),
        (b"{}", JSON, "array"),
        (b"[{}", JSON, "whole"),
        (b"[{}]x", JSON, "follows"),
        (b'[{"a":', JSON, "whole"),
        (b"[{},]", JSON, "empty"),
        (b'["' + b"x" * 20_000 + b'"]', JSON, "over 10000 bytes"),
        (b"x" * 20_000, LINES, "over 10000 bytes"),
        (b"{}\nnot json\n", LINES, "not JSON"),
        (b'[{"method":"\xff"}]', JSON, "UTF-8"),
    ],
)
async def test_what_is_no_batch_is_422(
    client: httpx.AsyncClient, content: bytes, kind: str, word: str
) -> None:
    answer = await push(client, content, kind)
    assert answer.status_code == 422, answer.text
    assert any(word in error["msg"] for error in answer.json()["errors"])


async def test_bounds_are_413_and_name_the_setting(client: httpx.AsyncClient) -> None:
    answer = await push(client, b"[" + b" " * 100_000 + b"]")
    assert answer.status_code == 413
    assert "BATCH_LIMIT_BYTES" in answer.json()["detail"]
    bomb = gzip.compress(b"[" + b" " * 10_000_000 + b"]")
    answer = await push(client, bomb, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    answer = await push(client, encoded([LOG] * 301, JSON))
    assert answer.status_code == 413
    assert "300 rows" in answer.json()["detail"]
    assert await total(client) == 0


async def test_other_types_are_415_and_no_key_is_401(client: httpx.AsyncClient) -> None:
    for kind in ("text/plain", "application/xml", "multipart/form-data"):
        assert (await push(client, b"[]", kind)).status_code == 415
    answer = await push(client, b"[]", **{"Content-Encoding": "x"})
    assert answer.status_code == 415
    del client.headers["Authorization"]
    assert (await push(client, b"[]")).status_code == 401


async def test_rows_are_masked_and_ignored_fields_counted(
    client: httpx.AsyncClient,
) -> None:
    row = {
        **LOG,
        "request_headers": {
            "Authorization": "s3cret",
            "Content-Type": "application/json",
        },
        "request_body": '{"pin": "s3cret"}',
        "unknown": 1,
    }
    answer = await push(client, encoded([row], JSON))
    log = await client.get(f"/v1/logs/{answer.json()['ids'][0]}")
    assert "s3cret" not in log.text
    assert log.json()["request_headers"]["Authorization"] == "***MASKED***"
    counted = (await client.get("/metrics")).text
    assert "apimonitor_ingest_ignored_fields_total 1.0" in counted


async def test_timestamps_are_kept_and_checked_by_row(
    client: httpx.AsyncClient,
) -> None:
    moment = datetime.now(UTC) - timedelta(days=3)
    rows = [LOG, {**LOG, "timestamp": moment.isoformat()}]
    ids = (await push(client, encoded(rows, LINES), LINES)).json()["ids"]
    log = (await client.get(f"/v1/logs/{ids[1]}")).json()
    assert log["timestamp"][:19] == moment.isoformat()[:19]
    old = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    answer = await push(client, encoded([LOG, {**LOG, "timestamp": old}], JSON))
    assert answer.json()["errors"][0]["loc"] == ["body", 1, "timestamp"]


async def test_alert_rules_run_on_each_row(client: httpx.AsyncClient) -> None:
    service_id = (await client.get("/v1/services")).json()["items"][0]["id"]
    rule = {
        "service_id": service_id,
        "name": "slow",
        "condition_field": "latency_ms",
        "condition_operator": ">=",
        "condition_value": "100",
    }
    alert = (await client.post("/v1/alerts", json=rule)).json()
    rows = [{**LOG, "latency_ms": n} for n in range(250)]
    await push(client, encoded(rows, LINES), LINES)
    events = (await client.get(f"/v1/alerts/{alert['id']}/events")).json()
    assert events["total"] == 150


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def test_a_hundred_thousand_rows_and_the_proxy_goes_on(
    database_url: str, tmp_path: Path
) -> None:
    """Streamed both ways: what is held is a few rows, and the ids."""
    count, body_size = 100_000, 1_000
    row = {**LOG, "status_code": 200, "request_body": "x" * body_size}
    line = json.dumps(row).encode() + b"\n"

    async def lines() -> AsyncIterator[bytes]:
        for _ in range(count // 100):
            yield line * 100

    async with (
        appliance_on(database_url, tmp_path, BATCH_TIMEOUT_S="240") as appliance,
        client_of(appliance, timeout=240) as client,
    ):
        service = await register(client)
        key = bearer((await make_key(client, service["id"]))["raw_key"])
        pushing = asyncio.create_task(
            client.post(
                "/v1/logs/batch",
                content=lines(),
                headers={**key, "Content-Type": LINES},
            )
        )
        others, before, most = 0, resident_bytes(), 0
        while not pushing.done():
            most = max(most, resident_bytes())
            answer = await client.post("/v1/logs", json=LOG, headers=key)
            assert answer.status_code == 201, answer.text
            others += 1
            await asyncio.sleep(LOOK_S)
        answer = pushing.result()
        assert answer.status_code == 201, answer.text[:500]
        assert answer.json()["accepted"] == count
        assert others > 3
        # 28 MiB were seen, most of it the ids at both ends; all rows are 95 MiB.
        assert most - before < count * body_size * 0.6, (before, most)
        metrics = (await client.get("/v1/metrics")).json()
        assert metrics["total_requests"] == count + others
    connection = await asyncpg.connect(database_url)
    position = await connection.fetchval("SELECT position FROM apimonitor.feed_head")
    await connection.close()
    assert position == count + others


async def test_more_batches_at_once_than_the_bound_are_429(
    database_url: str, tmp_path: Path
) -> None:
    is_sent, goes_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"["
        is_sent.set()
        await goes_on.wait()
        yield b"]"

    async with (
        appliance_on(database_url, tmp_path, BATCHES_AT_ONCE="1") as appliance,
        client_of(appliance) as client,
    ):
        key = bearer(
            (await make_key(client, (await register(client))["id"]))["raw_key"]
        )
        headers = {**key, "Content-Type": JSON}

        def begin() -> asyncio.Task[httpx.Response]:
            return asyncio.create_task(
                client.post("/v1/logs/batch", content=slow(), headers=headers)
            )

        first = begin()
        await is_sent.wait()
        for _ in range(6_000):
            # One of those below may have been there before it.
            first = begin() if first.done() else first
            answer = await client.post("/v1/logs/batch", content="[]", headers=headers)
            if answer.status_code == 429:
                break
            await asyncio.sleep(0.01)
        assert answer.status_code == 429
        assert "Retry-After" in answer.headers
        goes_on.set()
        assert (await first).status_code == 201


async def test_a_client_that_leaves_midway_stores_nothing(
    client: httpx.AsyncClient,
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield encoded([LOG] * 50, LINES)
        raise OSError("the client dies")

    with pytest.raises(OSError, match="dies"):
        await client.post(
            "/v1/logs/batch", content=broken(), headers={"Content-Type": LINES}
        )
    assert await total(client) == 0
