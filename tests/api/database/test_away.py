"""What /v1 says while PostgreSQL is away, and of what another machine made."""

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from appliance.start import running
from tests.support.running import LOG, appliance_on, bearer, client_of

CALLS = [
    ("GET", "/v1/services", None),
    ("POST", "/v1/services", {"name": "n"}),
    ("GET", f"/v1/services/{uuid4()}", None),
    ("PATCH", f"/v1/services/{uuid4()}", {"name": "n"}),
    ("DELETE", f"/v1/services/{uuid4()}", None),
    ("GET", f"/v1/services/{uuid4()}/keys", None),
    ("POST", f"/v1/services/{uuid4()}/keys", {"name": "n"}),
    ("DELETE", f"/v1/services/{uuid4()}/keys/{uuid4()}", None),
    ("GET", "/v1/logs", None),
    ("POST", "/v1/logs", LOG),
]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not there does not come."""
    monkeypatch.setattr(running, "OTHER_S", 0.2)


@pytest.mark.usefixtures("impatient")
async def test_each_call_says_503_and_when_to_try_again(tmp_path: Path) -> None:
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    async with (
        appliance_on(away, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        for method, path, body in CALLS:
            headers = bearer("mkey_some") if path == "/v1/logs" and body else {}
            answer = await client.request(method, path, json=body, headers=headers)
            assert answer.status_code == 503, (method, path, answer.text)
            kind = answer.headers["Content-Type"]
            assert kind.startswith("application/problem+json")
            assert int(answer.headers["Retry-After"]) >= 1
            assert "nobody" not in answer.text
        health = await client.get("/health")
        assert health.json() == {"status": "ok", "database": "away"}
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        metrics = await client.get("/metrics")
        assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "apimonitor_database_up" in metrics.text


@pytest.mark.usefixtures("impatient")
async def test_bad_input_is_said_before_postgresql_is_asked(tmp_path: Path) -> None:
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    async with (
        appliance_on(away, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        assert (await client.post("/v1/services", json={})).status_code == 422
        assert (await client.get("/v1/logs?limit=0")).status_code == 422
        assert (await client.get("/v1/logs/not-a-uuid")).status_code == 422


@pytest.mark.usefixtures("impatient")
async def test_an_ingest_gives_up_on_a_silent_postgresql(tmp_path: Path) -> None:
    """Nobody waits for one that was not there yet."""

    async def silent(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    dsn = f"postgresql://nobody@127.0.0.1:{port}/nothing"
    async with (
        appliance_on(dsn, tmp_path, INGEST_TIMEOUT_S="0.2") as appliance,
        client_of(appliance) as client,
    ):
        answer = await client.post("/v1/logs", json=LOG, headers=bearer("mkey_some"))
        assert answer.status_code == 503
        assert answer.json()["detail"] == "PostgreSQL is away"
        assert int(answer.headers["Retry-After"]) >= 1
    server.close()
    await server.wait_closed()


async def test_a_service_of_another_machine_has_its_fields_masked_at_once(
    client: httpx.AsyncClient, database_url: str
) -> None:
    """Without NOTIFY: its route is not here yet, its key is."""
    raw = "mkey_" + "k" * 43
    await made_elsewhere(database_url, raw, redact_fields=["pin", "$.card"])
    log = {
        **LOG,
        "url": "https://x.example/a?pin=1234",
        "request_body": '{"card": "4111"}',
    }
    answer = await client.post("/v1/logs", json=log, headers=bearer(raw))
    assert answer.status_code == 201, answer.text
    assert "1234" not in answer.text
    assert "4111" not in answer.text


async def made_elsewhere(
    database_url: str, raw: str, *, redact_fields: list[str]
) -> None:
    service_id, now = uuid4(), datetime.now(UTC)
    connection = await asyncpg.connect(
        database_url, server_settings={"search_path": "apimonitor"}
    )
    try:
        await connection.execute(
            """
            INSERT INTO services (id, name, slug, redact_fields, created_at, updated_at)
            VALUES ($1, 'elsewhere', 'elsewhere', $2, $3, $3)
            """,
            service_id,
            redact_fields,
            now,
        )
        await connection.execute(
            """
            INSERT INTO api_keys
                   (id, service_id, name, key_prefix, key_hash, created_at)
            VALUES ($1, $2, 'k', 'mkey_kkkkkk', $3, $4)
            """,
            uuid4(),
            service_id,
            hashlib.sha256(raw.encode()).digest(),
            now,
        )
    finally:
        await connection.close()


@pytest.mark.parametrize("path", ["/health", "/healthz", "/livez", "/readyz"])
async def test_health_takes_any_host_and_only_get(
    client: httpx.AsyncClient, path: str
) -> None:
    foreign = {"Host": "evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await client.get(path, headers=foreign)).status_code == 200
    refused = await client.post(path)
    assert refused.status_code == 405
    assert refused.headers["Allow"] == "GET, HEAD"
