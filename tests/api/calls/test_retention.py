"""What the API and the pages say of what is past its time."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)


async def test_a_body_that_is_gone_is_said_to_be_gone(
    database_url: str, tmp_path: Path
) -> None:
    moment = datetime.now(UTC) - timedelta(days=2)
    old: dict[str, Any] = {
        **LOG,
        "request_body": "sent",
        "status_code": 200,
        "timestamp": moment.isoformat(),
    }
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client, base_url="https://x.example")
        key = bearer((await make_key(client, service["id"]))["raw_key"])
        ids = []
        for log in (old, old, {**old, "request_body": None}):
            pushed = await client.post("/v1/logs", json=log, headers=key)
            assert pushed.json()["request_body_gone"] is False
            ids.append(pushed.json()["id"])
        await client.patch(f"/v1/logs/{ids[1]}", json={"pinned": True})
        path = f"/v1/services/{service['id']}"
        await client.patch(path, json={"body_retention_days": 1})
    await let_pass(database_url, "2 days")
    # It sweeps as soon as it is ready.
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        gone = await until_gone(client, ids[0])
        assert (gone["request_body"], gone["response_body_gone"]) == (None, False)
        pinned = (await client.get(f"/v1/logs/{ids[1]}")).json()
        assert (pinned["request_body"], pinned["request_body_gone"]) == ("sent", False)
        never = (await client.get(f"/v1/logs/{ids[2]}")).json()
        assert (never["request_body"], never["request_body_gone"]) == (None, False)
        page = (await client.get(f"/log/{ids[0]}")).text
        assert "past its retention" in page
        assert (
            "past its retention. Pinned"
            not in (await client.get(f"/log/{ids[2]}")).text
        )
        replay = await client.post(f"/v1/logs/{ids[0]}/replay", json={}, headers=key)
        assert replay.status_code == 409
        assert "no longer kept" in replay.json()["detail"]
        metrics = (await client.get("/metrics")).text
        assert 'apimonitor_retention_rows_total{table="log_bodies"} 1.0' in metrics


async def let_pass(database_url: str, time: str) -> None:
    """As if what was handed over late had arrived *time* ago, or longer."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "UPDATE apimonitor.log_arrivals"
            f" SET arrived_at = arrived_at - interval '{time}'"
        )
    finally:
        await connection.close()


async def until_gone(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    for _ in range(600):
        shown: dict[str, Any] = (await client.get(f"/v1/logs/{id}")).json()
        if shown["request_body_gone"]:
            return shown
        await asyncio.sleep(0.1)
    pytest.fail("its body is still there")
