"""Metrics equal a plain computation over the same logs, and sum up."""

import itertools
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from monitor.logs.metrics import MAX_BUCKETS, width_for
from monitor.traffic.endpoint import endpoint_of
from tests.support.plain_metrics import expected
from tests.support.running import LOG, bearer, make_key, register


async def fill(client: httpx.AsyncClient, count: int) -> tuple[str, list[Any]]:
    chance = random.Random(count)
    service = await register(client)
    key = await make_key(client, service["id"])
    now = datetime.now(UTC)
    logs = []
    for n in range(count):
        log = {
            **LOG,
            "method": chance.choice(["GET", "POST", "DELETE"]),
            "path": chance.choice([f"/users/{n}", "/orders", f"/orders/{n}/items?x=1"]),
            "status_code": chance.choice([None, 200, 201, 404, 500]),
            "latency_ms": chance.choice([None, chance.random() * 1000]),
            "error": chance.choice([None, None, "client_disconnect: gone", "broken"]),
            "timestamp": (now - timedelta(minutes=chance.randint(0, 300))).isoformat(),
        }
        answer = await client.post("/v1/logs", json=log, headers=bearer(key["raw_key"]))
        assert answer.status_code == 201, answer.text
        logs.append(log)
    return service["id"], logs


async def test_metrics_equal_a_plain_computation(client: httpx.AsyncClient) -> None:
    service_id, logs = await fill(client, 150)
    query = {"service_id": service_id}

    found = (await client.get("/v1/metrics", params=query)).json()
    assert found["total_requests"] == 150
    for name, value in expected(logs).items():
        assert found[name] == pytest.approx(value), name
    assert found["by_method"] == Counter(log["method"] for log in logs)
    assert found["by_status"] == Counter(
        str(log["status_code"] or "none") for log in logs
    )

    series = (await client.get("/v1/metrics/timeseries", params=query)).json()
    starts = [datetime.fromisoformat(b["start"]) for b in series["buckets"]]
    gaps = {b - a for a, b in itertools.pairwise(starts)}
    assert gaps == {timedelta(seconds=series["bucket_s"])}
    assert len(starts) <= MAX_BUCKETS + 1
    assert series["total_requests"] == 150
    assert sum(bucket["requests"] for bucket in series["buckets"]) == 150
    assert sum(b["error_count"] for b in series["buckets"]) == found["error_count"]
    assert any(bucket["requests"] == 0 for bucket in series["buckets"])

    ends = (await client.get("/v1/metrics/endpoints", params=query)).json()
    assert ends["total_requests"] == 150
    by_endpoint: dict[tuple[str, str], list[Any]] = {}
    for log in logs:
        place = (log["method"], endpoint_of(log["path"]))
        by_endpoint.setdefault(place, []).append(log)
    assert len(ends["endpoints"]) == len(by_endpoint)
    for row in ends["endpoints"]:
        mine = by_endpoint[row["method"], row["endpoint"]]
        assert row["requests"] == len(mine)
        for name, value in expected(mine).items():
            assert row[name] == pytest.approx(value), name


async def test_latencies_of_any_size_are_measured(client: httpx.AsyncClient) -> None:
    service = await register(client)
    key = bearer((await make_key(client, service["id"]))["raw_key"])
    for _ in range(3):
        log = {**LOG, "latency_ms": 1.7e308}
        assert (await client.post("/v1/logs", json=log, headers=key)).is_success
    for path in ("", "/timeseries", "/endpoints"):
        answer = await client.get(f"/v1/metrics{path}")
        assert answer.status_code == 200, answer.text
    assert (await client.get("/v1/metrics")).json()["p95_latency_ms"] == 1.7e308


async def test_a_window_measures_what_lies_in_it(client: httpx.AsyncClient) -> None:
    _, logs = await fill(client, 60)
    now = datetime.now(UTC)
    since, until = now - timedelta(minutes=200), now - timedelta(minutes=100)
    inside = [
        log for log in logs if since <= datetime.fromisoformat(log["timestamp"]) < until
    ]
    query = {"since": since.isoformat(), "until": until.isoformat()}
    for path in ("", "/timeseries", "/endpoints"):
        found = (await client.get(f"/v1/metrics{path}", params=query)).json()
        assert found["total_requests"] == len(inside), path
    nothing = {"source": "proxy", **query}
    found = (await client.get("/v1/metrics", params=nothing)).json()
    assert found["total_requests"] == 0
    assert found["error_rate"] == 0
    assert found["p95_latency_ms"] is None


@pytest.mark.parametrize("path", ["", "/timeseries", "/endpoints"])
async def test_exact_percentiles_may_be_asked_for(
    client: httpx.AsyncClient, path: str
) -> None:
    await fill(client, 20)
    plain = (await client.get(f"/v1/metrics{path}?until=2999-01-01T00:00:00Z")).json()
    query = {"until": "2999-01-01T00:00:00Z", "exact": "true"}
    exact = await client.get(f"/v1/metrics{path}", params=query)
    assert exact.json() == plain
    assert (await client.get(f"/v1/metrics{path}?exact=maybe")).status_code == 422


@pytest.mark.parametrize("path", ["", "/timeseries", "/endpoints"])
async def test_no_logs_are_zeros_and_nulls(
    client: httpx.AsyncClient, path: str
) -> None:
    found = await client.get(f"/v1/metrics{path}")
    assert found.status_code == 200
    assert found.json()["total_requests"] == 0


@pytest.mark.parametrize(
    "query",
    ["service_id=x", "since=x", "source=x", "surprise=1", "limit=5", "q=1"],
)
async def test_bad_queries_are_422(shared: httpx.AsyncClient, query: str) -> None:
    for path in ("", "/timeseries", "/endpoints"):
        answer = await shared.get(f"/v1/metrics{path}?{query}")
        assert answer.status_code == 422
    turned = "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"
    answer = await shared.get(f"/v1/metrics?{turned}")
    assert answer.json()["errors"][0]["loc"] == ["query", "until"]


@pytest.mark.parametrize("days", [0, 0.001, 1, 30, 400, 20_000])
def test_a_series_is_never_longer_than_its_bound(days: float) -> None:
    window = timedelta(days=days)
    assert window / width_for(window) <= MAX_BUCKETS


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/users/123/orders/9?x=1", "/users/{id}/orders/{id}"),
        ("/c/cus_9aBcDeF123", "/c/{key}"),
        ("/b/0f8fad5b-d9cb-469f-a165-70867728950e", "/b/{uuid}"),
        ("/d/2026-11-24", "/d/{date}"),
        ("/auth/login", "/auth/login"),
        ("/v2/blobs/9f86d081884c7d659a2feaa0", "/v2/blobs/{hex}"),
        ("/m/a@b.example", "/m/{email}"),
        ("/", "/"),
        ("", ""),
        ("//a", "//a"),
        ("/" + "x" * 200, "/{long}"),
    ],
)
def test_what_varies_in_a_path_is_named_by_its_kind(path: str, endpoint: str) -> None:
    assert endpoint_of(path) == endpoint
