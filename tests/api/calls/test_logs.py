"""The calls of /v1/logs."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.running import LOG, bearer, make_key, register


async def key_of_new_service(client: httpx.AsyncClient, **fields: Any) -> str:
    service = await register(client, **fields)
    raw: str = (await make_key(client, service["id"]))["raw_key"]
    return raw


async def push(client: httpx.AsyncClient, raw: str, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/v1/logs", json={**LOG, **fields}, headers=bearer(raw))
    assert answer.status_code == 201, answer.text
    stored: dict[str, Any] = answer.json()
    return stored


async def test_a_pushed_log_comes_back_as_it_was_but_for_what_is_masked(
    client: httpx.AsyncClient,
) -> None:
    raw = await key_of_new_service(client)
    log: dict[str, Any] = {
        "method": "post",
        "url": "https://user:pw@x.example/a?token=hunter2&b=1#c",
        "path": "/a",
        "status_code": 201,
        "latency_ms": 142.5,
        "query_params": {"token": "hunter2", "b": ["1", "2"]},
        "request_headers": {
            "Authorization": "hunter2",
            "X-A": ["1", "2"],
            "Accept": "*",
        },
        "request_body": '{"a": "kept, for no rule names it", "password": "hunter2"}',
        "response_headers": {"Set-Cookie": ["hunter2", "hunter2"]},
        "response_body": "ünï\u2028",
        "error": "",
        "source_ip": "1.2.3.4",
        "tags": ["a", "b"],
        "timestamp": "2026-11-24T12:00:00.1239+02:00",
    }
    log["timestamp"] = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    stored = await push(client, raw, **log, unknown_field=1)
    assert "hunter2" not in str(stored)
    mask = "***MASKED***"
    assert stored["method"] == "POST"
    assert stored["url"] == f"https://{mask}@x.example/a?token={mask}&b=1#c"
    assert stored["query_params"] == {"token": mask, "b": ["1", "2"]}
    assert stored["request_headers"] == {
        "Authorization": mask,
        "X-A": ["1", "2"],
        "Accept": "*",
    }
    assert stored["response_headers"] == {"Set-Cookie": [mask, mask]}
    assert stored["request_body"] == log["request_body"].replace("hunter2", mask)
    assert stored["response_body"] == log["response_body"]
    assert stored["response_body_encoding"] == "utf-8"
    assert stored["error"] is None
    assert stored["tags"] == ["a", "b"]
    assert stored["request_size"] is None
    assert stored["source"] == "ingest"
    assert stored["timestamp"][:23] == log["timestamp"][:23]
    assert (await client.get(f"/v1/logs/{stored['id']}")).json() == stored
    metrics = (await client.get("/metrics")).text
    assert "apimonitor_ingest_ignored_fields_total 1.0" in metrics


async def test_a_push_is_answered_with_what_reading_it_gives(
    client: httpx.AsyncClient,
) -> None:
    """Which it is made without."""
    rules = ["$.card.number", "pin"]
    raw = await key_of_new_service(client, name="Pushed", redact_fields=rules)
    given: list[dict[str, Any]] = [
        {},
        {"error": "refused", "source_ip": "::1", "latency_ms": 5, "tags": ["a"]},
        {"query_params": {"pin": 1, "b": [1.5, None, True, "c"]}, "status_code": 403},
        {"request_headers": {"Cookie": "a", "X": [1, "b"], "origin": "http://o"}},
        {"request_body": "", "response_body": '{"card":{"number":1},"pin":"2"}'},
        {"request_body": '{"pin": ', "response_body": "ü\u2028"},
        {"response_headers": {"Location": "https://x.example/a"}, "status_code": 301},
        {"request_body": "x" * 100_000, "response_headers": {"content-encoding": "br"}},
    ]
    for fields in given:
        body = {**LOG, **fields}
        answer = await client.post("/v1/logs", json=body, headers=bearer(raw))
        assert answer.status_code == 201, answer.text
        read = await client.get(answer.headers["Location"])
        assert (read.status_code, read.content) == (200, answer.content)
    assert answer.json()["service_name"] == "Pushed"


async def test_a_services_own_fields_are_masked_in_bodies(
    client: httpx.AsyncClient,
) -> None:
    raw = await key_of_new_service(client, redact_fields=["$.card.number", "pin"])
    stored = await push(
        client,
        raw,
        url="https://x.example/a?pin=1234",
        request_body='{"card": {"number": 4111, "name": "N"}, "amount": 1.10}',
        response_body="{not json",
    )
    flooded = await push(client, raw, request_body=f"[{'0,' * 60_000}0]")
    assert (flooded["request_body"], flooded["request_body_withheld"]) == (None, True)
    assert flooded["request_body_withheld_for"] == "work_limit"
    metrics = (await client.get("/metrics")).text
    for reason in ("work_limit", "unreadable"):
        line = f'apimonitor_withheld_total{{reason="{reason}",what="body"}} 1.0'
        assert line in metrics
    page = (await client.get(f"/log/{flooded['id']}")).text
    assert "MASKING_NODES" in page
    mask = "***MASKED***"
    assert stored["url"].endswith(f"pin={mask}")
    expected = f'{{"card":{{"number":"{mask}","name":"N"}},"amount":1.10}}'
    assert stored["request_body"] == expected
    assert stored["response_body"] is None
    assert stored["response_body_withheld"] is True
    assert stored["response_body_withheld_for"] == "unreadable"


async def test_ingestion_needs_a_key_of_the_service(client: httpx.AsyncClient) -> None:
    await register(client)
    for headers in ({}, bearer("mkey_wrong"), {"Authorization": "Basic x"}):
        answer = await client.post("/v1/logs", json=LOG, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("method=post", ["/d"]),
        ("path=/b", ["/b", "/bb"]),
        ("path=B", []),
        ("status_code=500", ["/c"]),
        ("status_class=2xx", ["/a", "/b"]),
        ("min_latency_ms=100", ["/b", "/c"]),
        ("min_latency_ms=100&max_latency_ms=100", ["/b"]),
        ("has_error=true", ["/d"]),
        ("has_error=false&status_class=5xx", ["/c"]),
        ("is_error=true", ["/c", "/d"]),
        ("is_error=false", ["/a", "/b", "/bb"]),
        ("tag=x", ["/a"]),
        ("source=proxy", []),
        ("q=NEEDLE", ["/bb", "/d"]),
        ("q=/BB", ["/bb"]),
        ("q=%25", []),
    ],
)
async def test_each_filter_finds_what_it_names(
    client: httpx.AsyncClient, query: str, paths: list[str]
) -> None:
    raw = await key_of_new_service(client)
    await push(client, raw, path="/a", status_code=200, latency_ms=1, tags=["x", "y"])
    await push(client, raw, path="/b", status_code=204, latency_ms=100)
    await push(client, raw, path="/bb", response_body="a needle in it")
    await push(client, raw, path="/c", status_code=500, latency_ms=101.5)
    await push(client, raw, path="/d", method="POST", error="lost the Needle")
    answer = await client.get(f"/v1/logs?{query}")
    assert answer.status_code == 200, answer.text
    assert sorted(item["path"] for item in answer.json()["items"]) == paths
    assert answer.json()["total"] == len(paths)
    assert answer.json()["complete"] is True


async def test_pages_by_offset_and_cursor_give_each_log_once(
    client: httpx.AsyncClient,
) -> None:
    raw = await key_of_new_service(client)
    ids = [(await push(client, raw))["id"] for _ in range(11)]
    newest_first = ids[::-1]
    by_offset: list[str] = []
    for offset in range(0, 11, 4):
        page = (await client.get(f"/v1/logs?limit=4&offset={offset}")).json()
        by_offset += [item["id"] for item in page["items"]]
    assert by_offset == newest_first
    by_cursor: list[str] = []
    cursor = ""
    while cursor is not None:
        query = f"&cursor={cursor}" if cursor else ""
        page = (await client.get(f"/v1/logs?limit=4{query}")).json()
        by_cursor += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        # What comes in meanwhile is newer, and does not disturb.
        await push(client, raw)
    assert by_cursor == newest_first


async def test_a_time_range_includes_its_beginning_and_excludes_its_end(
    client: httpx.AsyncClient,
) -> None:
    raw = await key_of_new_service(client)
    now = datetime.now(UTC).replace(microsecond=0)
    moments = [now - timedelta(hours=n) for n in range(3)]
    for n, moment in enumerate(moments):
        await push(client, raw, path=f"/{n}", timestamp=moment.isoformat())
    query = {"since": moments[2].isoformat(), "until": moments[0].isoformat()}
    items = (await client.get("/v1/logs", params=query)).json()["items"]
    assert [item["path"] for item in items] == ["/1", "/2"]


@pytest.mark.parametrize("delta", [timedelta(days=-31), timedelta(days=2)])
async def test_a_time_outside_the_retention_is_refused(
    client: httpx.AsyncClient, delta: timedelta
) -> None:
    raw = await key_of_new_service(client)
    log = {**LOG, "timestamp": (datetime.now(UTC) + delta).isoformat()}
    answer = await client.post("/v1/logs", json=log, headers=bearer(raw))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", "timestamp"]


async def test_many_pushes_at_once_are_all_stored(client: httpx.AsyncClient) -> None:
    raw = await key_of_new_service(client)
    places = asyncio.Semaphore(50)

    async def one(path: str) -> None:
        # All at once, the last would wait for longer than a key is looked up.
        async with places:
            await push(client, raw, path=path)

    await asyncio.gather(*(one(f"/{n}") for n in range(200)))
    page = (await client.get("/v1/logs?limit=500")).json()
    assert {item["path"] for item in page["items"]} == {f"/{n}" for n in range(200)}


async def test_health_and_readiness(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).json() == {"status": "ok", "database": "ok"}
    assert (await client.get("/readyz")).status_code == 200
    foreign = await client.get("/health", headers={"Host": "evil.example"})
    assert foreign.status_code == 200


@pytest.mark.parametrize(
    ("own", "days_ago", "status"), [(90, 60, 201), (90, 91, 422), (2, 3, 422)]
)
async def test_a_service_may_keep_logs_longer_or_shorter(
    client: httpx.AsyncClient, own: int, days_ago: int, status: int
) -> None:
    raw = await key_of_new_service(client, retention_days=own)
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    log = {**LOG, "timestamp": moment.isoformat()}
    answer = await client.post("/v1/logs", json=log, headers=bearer(raw))
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["errors"][0]["loc"] == ["body", "timestamp"]
        assert f"{own} days" in answer.json()["errors"][0]["msg"]
