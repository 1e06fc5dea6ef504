"""The demo shows a newcomer each kind of traffic."""

from pathlib import Path

import pytest

from appliance import demo
from tests.running import appliance_on, client_of


async def test_the_demo_leaves_a_living_product(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each kind is there before the mix begins; the mix is the same, but shorter.
    monkeypatch.setattr(demo, "BURST", 15)
    async with appliance_on(database_url, tmp_path) as appliance:
        for _ in range(2):
            await demo.run(
                app_url=appliance.app_url, proxy_url=appliance.proxy_url, seconds=0
            )
        async with client_of(appliance) as client:
            services = (await client.get("/v1/services")).json()
            logs = (await client.get("/v1/logs?limit=500")).json()
            by_path = {item["path"]: item["id"] for item in logs["items"]}
            chat = (await client.get(f"/v1/logs/{by_path['/chat']}")).json()
            events = (await client.get(f"/v1/logs/{by_path['/events']}")).json()
    assert services["total"] == 1
    assert chat["message_count"] >= 6
    assert events["event_count"] == 3
    paths = {item["path"] for item in logs["items"]}
    wanted = {"/orders", "/events", "/chat", "/images/1.png", "/uploads/1", "/nightly"}
    assert wanted <= paths
    statuses = {item["status_code"] for item in logs["items"]}
    assert {101, 200, 201, 202, 404, 503} >= statuses >= {101, 200, 201, 202}
    assert "demo-secret" not in str(logs)
