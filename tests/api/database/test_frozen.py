"""Whatever is read from a PostgreSQL that stands still is given up in time."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

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

RULE = {
    "name": "Slow",
    "condition_field": "latency_ms",
    "condition_operator": ">=",
    "condition_value": "1",
}
CHANNEL = {"name": "c", "kind": "slack", "url": "http://127.0.0.1:1/"}
# What says how things are, and needs no PostgreSQL to say so.
AT_ONCE = 14
LASTING = ("/logs.har", "/logs.ndjson", "/stream")
ANSWERED = ("/health", "/metrics", "/status", "/v1/ledger", "/openapi.json")


def asked(service: str, log: str, alert: str) -> list[tuple[str, str, Any]]:
    reads = (
        "/",
        "/dashboard",
        f"/dashboard?service_id={service}",
        f"/log/{log}",
        f"/replay/{log}",
        "/alerts-ui",
        "/alerts-ui/channels",
        "/metrics-ui",
        "/v1/services",
        f"/v1/services/{service}",
        f"/v1/services/{service}/keys",
        "/v1/logs",
        "/v1/logs?q=x",
        f"/v1/logs/{log}",
        f"/v1/logs/{log}/har",
        f"/v1/logs/{log}/curl",
        f"/v1/logs/{log}/messages",
        f"/v1/logs/{log}/replays",
        "/v1/logs.har",
        "/v1/logs.ndjson",
        "/v1/logs/stream",
        "/v1/alerts",
        f"/v1/alerts/{alert}",
        f"/v1/alerts/{alert}/events",
        "/v1/channels",
        "/v1/metrics",
        "/v1/metrics/timeseries",
        "/v1/metrics/endpoints",
    )
    rule = {**RULE, "service_id": service}
    return [
        *(("GET", path, None) for path in (*reads, *ANSWERED)),
        ("POST", "/v1/services", {"name": f"s{uuid4()}"}),
        ("PATCH", f"/v1/services/{service}", {"description": "d"}),
        ("POST", f"/v1/services/{service}/keys", {"name": "k"}),
        ("POST", "/v1/alerts", rule),
        ("PATCH", f"/v1/alerts/{alert}", {"name": "n"}),
        ("POST", "/v1/channels", CHANNEL),
        ("PATCH", f"/v1/logs/{log}", {"note": "n"}),
        ("POST", f"/v1/logs/{log}/replay", {}),
    ]


async def test_each_call_to_a_frozen_postgresql_is_given_up(tmp_path: Path) -> None:
    server = Server(tmp_path / "pg", options=TEST_OPTIONS)
    await asyncio.to_thread(server.start)
    try:
        async with (
            appliance_on(server.dsn(), tmp_path / "patient") as patient,
            client_of(patient) as client,
        ):
            calls = await set_up(client)
        async with (
            appliance_on(server.dsn(), tmp_path, QUERY_TIMEOUT_MS="500") as appliance,
            client_of(appliance, timeout=PATIENCE_S) as client,
        ):
            await ask_while_frozen(client, calls, tmp_path / "pg" / "pgdata")
    finally:
        await asyncio.to_thread(server.stop)


async def ask(client: httpx.AsyncClient, call: tuple[str, str, Any]) -> int:
    """The status; a body that goes on for ever is not waited for."""
    method, path, body = call
    options = {} if body is None else {"json": body}
    async with client.stream(method, path, **options) as answer:
        if answer.status_code != 200 or not path.endswith(LASTING):
            await answer.aread()
        return answer.status_code


async def ask_all(client: httpx.AsyncClient, calls: list[tuple[str, str, Any]]) -> None:
    """Many wait at once: on connections that are held, and for those that are not."""
    for start in range(0, len(calls), AT_ONCE):
        some = calls[start : start + AT_ONCE]
        async with asyncio.timeout(PATIENCE_S):
            answers = await asyncio.gather(*(ask(client, call) for call in some))
        for (method, path, _), status in zip(some, answers, strict=True):
            wanted = {200} if path in ANSWERED else {503}
            if path.endswith(LASTING):
                wanted.add(200)
            assert status in wanted, (method, path, status)


async def set_up(client: httpx.AsyncClient) -> list[tuple[str, str, Any]]:
    """Calls of all kinds, about what is there."""
    service = (await register(client))["id"]
    key = bearer((await make_key(client, service))["raw_key"])
    log = (await client.post("/v1/logs", json=LOG, headers=key)).json()["id"]
    rule = await client.post("/v1/alerts", json={**RULE, "service_id": service})
    return asked(service, log, rule.json()["id"])


async def ask_while_frozen(
    client: httpx.AsyncClient, calls: list[tuple[str, str, Any]], data: Path
) -> None:
    with frozen(data):
        # The second time nothing is left of the connections that there were.
        await ask_all(client, calls)
        await ask_all(client, calls[:AT_ONCE])
    for call in calls:
        if call[0] == "GET":
            async with asyncio.timeout(PATIENCE_S):
                # It may be busy with what was waiting.
                while (status := await ask(client, call)) == 503:
                    await asyncio.sleep(0.1)
            assert status == 200, call
