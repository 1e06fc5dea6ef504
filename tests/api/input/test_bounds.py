"""What one call may make us do is bounded, and the bound is named.

Turns of the event loop are counted, not seconds: the appliance shares it with the test.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from api.ingest import batch, taking
from appliance.start.running import Appliance
from tests.support.loop_turns import Turns
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

RULE = {
    "name": "Slow",
    "condition_field": "latency_ms",
    "condition_operator": ">=",
    "condition_value": "1",
}
CHANNEL = {"name": "c", "kind": "slack", "url": "http://127.0.0.1:1/"}
# A problem says a hundred errors at most, of a bounded length.
LONGEST_PROBLEM = 64 * 1024


@pytest_asyncio.fixture
async def appliance(database_url: str, tmp_path: Path) -> AsyncIterator[Appliance]:
    limits = {"ALERT_RULES_LIMIT": "2", "KEYS_LIMIT": "2", "CHANNELS_LIMIT": "2"}
    async with appliance_on(database_url, tmp_path, **limits) as made:
        yield made


@pytest_asyncio.fixture
async def client(appliance: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(appliance, timeout=60) as made:
        yield made


async def test_what_each_log_costs_is_bounded_for_a_service(
    client: httpx.AsyncClient,
) -> None:
    service, other = await register(client), await register(client, name="other")
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "ALERT_RULES_LIMIT": ("/v1/alerts", RULE),
        "CHANNELS_LIMIT": ("/v1/channels", CHANNEL),
        "KEYS_LIMIT": (f"/v1/services/{service['id']}/keys", {"name": "k"}),
    }
    for setting, (path, body) in calls.items():
        if setting != "KEYS_LIMIT":
            body = {**body, "service_id": service["id"]}
        made = await asyncio.gather(*(client.post(path, json=body) for _ in range(5)))
        assert sorted(a.status_code for a in made) == [201, 201, 409, 409, 409]
        refused = next(a for a in made if a.status_code == 409)
        assert setting in refused.json()["detail"]
        if setting != "KEYS_LIMIT":
            body = {**body, "service_id": other["id"]}
            assert (await client.post(path, json=body)).status_code == 201
    # For all services, another two.
    made = [await client.post("/v1/channels", json=CHANNEL) for _ in range(3)]
    assert [answer.status_code for answer in made] == [201, 201, 409]
    # A key that is revoked makes room.
    path = f"/v1/services/{service['id']}/keys"
    [key, _] = (await client.get(path)).json()["items"]
    assert (await client.delete(f"{path}/{key['id']}")).status_code == 204
    assert (await client.post(path, json={"name": "k"})).status_code == 201


async def test_more_rules_than_the_limit_that_are_there_go_on(
    client: httpx.AsyncClient, database_url: str
) -> None:
    service = await register(client)
    key = await make_key(client, service["id"])
    connection = await asyncpg.connect(
        database_url, server_settings={"search_path": "apimonitor"}
    )
    try:
        await connection.execute(
            """
            INSERT INTO alerts (id, service_id, name, condition_field,
                                condition_operator, condition_value, created_at,
                                updated_at)
            SELECT gen_random_uuid(), $1, 'rule ' || n, 'latency_ms', '>=',
                   CASE n WHEN 7 THEN 'broken' ELSE (n % 2 * 1000)::text END,
                   now(), now()
              FROM generate_series(1, 1000) AS n
            """,
            UUID(service["id"]),
        )
        for _ in range(2):
            answer = await client.post(
                "/v1/logs",
                json={**LOG, "latency_ms": 5},
                headers=bearer(key["raw_key"]),
            )
            assert answer.status_code == 201
        fired = await connection.fetchval("SELECT count(*) FROM alert_events")
        broken = await connection.fetch("SELECT name FROM alerts WHERE error <> ''")
    finally:
        await connection.close()
    assert fired == 2 * 500
    assert [row["name"] for row in broken] == ["rule 7"]
    body = {**RULE, "service_id": service["id"]}
    refused = await client.post("/v1/alerts", json=body)
    assert refused.status_code == 409


def hostile() -> dict[str, bytes]:
    """Bodies of at most 2 MB that cost much where nothing bounds them."""
    most = 2_000_000
    wide: dict[str, Any] = {f"n{n}": [[]] for n in range(100_000)}
    return {
        "nested": b"[" * most,
        "nested objects": b'{"a":' * (most // 5),
        "nested in a field": b'{"request_headers":' + b"[" * 1_000_000 + b"]" * 900_000,
        "wide": b"[" + b"[]," * (most // 3) + b"1]",
        "wide numbers": b"[" + b"1," * (most // 2 - 2) + b"1]",
        "unknown fields": json.dumps(wide).encode(),
        "few unknown fields": json.dumps(dict(list(wide.items())[:3000])).encode(),
        "header fields": json.dumps({**LOG, "request_headers": wide}).encode(),
        "few header fields": json.dumps(
            {**LOG, "request_headers": dict(list(wide.items())[:3000])}
        ).encode(),
        "tags": json.dumps({**LOG, "tags": ["t"] * 9_000}).encode(),
        "long names": json.dumps(
            {"n" * 100_000 + str(n): 1 for n in range(15)}
        ).encode(),
        "quotes": b'"' * most,
        "backslashes": b'["' + b"\\\\" * (most // 2),
        "surrogates": b'{"a":["' + b'\\ud800","' * 100_000 + b'"]}',
        "digits": b"1" * most,
        "spaces": b" " * most,
        "commas": b"," * most,
    }


async def test_json_that_would_cost_much_is_refused_in_few_words(
    client: httpx.AsyncClient,
) -> None:
    service = await register(client)
    key = await make_key(client, service["id"])
    headers = bearer(key["raw_key"]) | {"Content-Type": "application/json"}
    paths = (
        ("POST", "/v1/logs"),
        ("POST", "/v1/services"),
        ("POST", "/v1/logs/batch"),
        ("POST", f"/v1/logs/{uuid4()}/replay"),
    )
    for kind, content in hostile().items():
        for method, path in paths:
            answer = await client.request(
                method, path, content=content, headers=headers
            )
            assert answer.status_code in (404, 422), (kind, path, answer.text[:300])
            assert len(answer.content) < LONGEST_PROBLEM, (kind, path)


async def test_a_value_too_many_is_refused_by_the_settings_name(
    client: httpx.AsyncClient,
) -> None:
    service = await register(client)
    headers = bearer((await make_key(client, service["id"]))["raw_key"])
    log = {**LOG, "request_headers": {f"n{n}": "1" for n in range(6_000)}}
    for path, body in (("/v1/logs", log), ("/v1/logs/batch", [log])):
        answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code == 422
        assert "JSON_LIMIT_VALUES" in answer.text
    line = json.dumps(log) + "\n"
    headers["Content-Type"] = "application/x-ndjson"
    answer = await client.post("/v1/logs/batch", content=line, headers=headers)
    assert answer.status_code == 422
    assert "JSON_LIMIT_VALUES" in answer.text
    # The names and values of a text are no matter.
    log = {**LOG, "request_body": json.dumps([1] * 100_000)}
    headers.pop("Content-Type")
    answer = await client.post("/v1/logs", json=log, headers=headers)
    assert answer.status_code == 201


BATCHES = (
    ("application/json", b"[" * 20_000_000),
    ("application/json", b'[{"a":"' + b"\\n" * 900_000),
    ("application/x-ndjson", b"\n" * 5_000_000),
    ("application/x-ndjson", b"[1,2]\n" * 50),
)


async def test_a_batch_is_taken_apart_in_turns(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However little is taken apart in it, a turn is over after a slice.
    monkeypatch.setattr(taking, "TURN_S", 0.0)
    service = await register(client)
    headers = bearer((await make_key(client, service["id"]))["raw_key"])
    for media_type, content in BATCHES:
        turns = Turns()
        headers["Content-Type"] = media_type
        answer = await client.post("/v1/logs/batch", content=content, headers=headers)
        turns.end()
        assert answer.status_code in (201, 422)
        assert len(answer.content) < LONGEST_PROBLEM
        if media_type == "application/x-ndjson":
            assert turns.count > len(content) / batch.SLICE_BYTES
