"""The demo shows a newcomer each kind of traffic."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import pytest

from appliance.demo import history, traffic
from monitor.settings import load
from tests.support.patience import PATIENCE_S
from tests.support.running import appliance_on, client_at, client_of


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """No mix of traffic, and hardly a past."""
    few = tuple(replace(service, requests=20) for service in history.SERVICES)
    monkeypatch.setattr(history, "SERVICES", few)
    monkeypatch.setattr(traffic, "BURST", 0)


def test_a_demo_does_not_mix_with_what_is_recorded_in_earnest(tmp_path: Path) -> None:
    given = load(
        {
            "APIMONITOR_DATA_DIR": str(tmp_path / "data"),
            "APIMONITOR_DATABASE_URL": "postgresql://x@127.0.0.1/x",
            "APIMONITOR_PORT": "8001",
        }
    )
    made = traffic.of_its_own(given)
    assert made.data_dir == tmp_path / "data-demo"
    assert made.database_url is None
    assert made.port == 8001


@pytest.mark.usefixtures("little")
async def test_the_demo_lives_until_it_is_ended(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "TRICKLE_EVERY_S", 0.05)
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        running = asyncio.create_task(
            traffic.run(app_url=appliance.app_url, proxy_url=appliance.proxy_url)
        )
        # What stays open is open, and more comes by itself.
        wanted, seen = {"/prices/live", "/chat/support"}, set[str]()
        async with asyncio.timeout(PATIENCE_S):
            while not wanted <= seen and not running.done():
                found = (await client.get("/v1/exchanges")).json()["items"]
                seen |= {one["path"] for one in found}
        assert not running.done()
        async with client_at() as visitor:
            url = f"{appliance.proxy_url}/demo-shop/products/1"
            assert (await visitor.get(url)).status_code == 200
            newest = (await client.get("/v1/logs?limit=1")).json()["items"][0]["id"]
            async with asyncio.timeout(PATIENCE_S):
                while newest == await _newest(client):
                    await asyncio.sleep(0.05)
            running.cancel()
            await asyncio.wait([running])
            assert (await visitor.get(url)).status_code == 502


async def _newest(client: httpx.AsyncClient) -> str:
    newest: str = (await client.get("/v1/logs?limit=1")).json()["items"][0]["id"]
    return newest


async def test_the_demo_leaves_a_living_product(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each kind is there before the mix begins; the mix is the same, but shorter.
    monkeypatch.setattr(traffic, "BURST", 15)
    async with appliance_on(database_url, tmp_path) as appliance:
        for _ in range(2):
            await traffic.run(
                app_url=appliance.app_url,
                proxy_url=appliance.proxy_url,
                stores=appliance.stores,
                seconds=0,
            )
        async with client_of(appliance) as client:
            services = (await client.get("/v1/services")).json()
            live = {"query": "-tag:history", "limit": "500"}
            logs = (await client.get("/v1/logs", params=live)).json()
            marks = (await client.get("/v1/marks")).json()
            rules = (await client.get("/v1/alerts")).json()
            failing = next(r for r in rules["items"] if r["name"] == "Charges fail")
            past = (await client.get(f"/v1/alerts/{failing['id']}/events")).json()
            views = (await client.get("/v1/views")).json()
            pinned = (await client.get("/v1/logs?pinned=true")).json()
            replayed = (await client.get("/v1/logs?source=replay")).json()
            compared = (await client.get("/metrics-ui")).text
            window = {"until": marks["items"][0]["timestamp"]}
            slower = await _p95_of_reviews(client, since=window["until"])
            before = await _p95_of_reviews(client, **window)
            out = {"query": "status:503 path:/charges tag:history", "limit": "1"}
            outage = (await client.get("/v1/logs", params=out)).json()
            by_path = {item["path"]: item["id"] for item in logs["items"]}
            chat = (await client.get(f"/v1/logs/{by_path['/chat']}")).json()
            events = (await client.get(f"/v1/logs/{by_path['/events']}")).json()
    assert (services["total"], marks["total"], rules["total"]) == (4, 2, 3)
    # The outage was found, as it began and as it was over; once, though it ran twice.
    out_at, deployed_at = (mark["timestamp"] for mark in reversed(marks["items"]))
    found = [e for e in past["items"] if out_at < e["fired_at"] < deployed_at]
    assert len({event["fired_at"] for event in found}) == len(found)
    begun = [e["fired_at"] for e in found if e["state"] == "firing" and e["log_id"]]
    over = [e["fired_at"] for e in found if e["state"] == "resolved"]
    assert begun and over and min(begun) < max(over)
    assert (views["total"], pinned["total"], replayed["total"]) == (2, 1, 1)
    # There is a day before to compare with.
    assert compared.count("tile-was") == 8
    # The deploy that is marked made an endpoint slower; a day's history is there.
    assert marks["items"][0]["text"] == "deploy catalog 2.4.0"
    assert slower > 2 * before
    assert outage["total"] > 0
    assert chat["message_count"] >= 6
    assert events["event_count"] == 3
    paths = {item["path"] for item in logs["items"]}
    wanted = {"/orders", "/events", "/chat", "/images/1.png", "/uploads/1", "/nightly"}
    assert wanted <= paths
    statuses = {item["status_code"] for item in logs["items"]}
    known = {101, 200, 201, 202, 404, 502, 503}
    assert known >= statuses >= {101, 200, 201, 202}
    assert "demo-secret" not in str(logs)


async def _p95_of_reviews(client: httpx.AsyncClient, **window: str) -> float:
    found = (await client.get("/v1/metrics/endpoints", params=window)).json()
    measured: list[float] = [
        one["p95_latency_ms"]
        for one in found["endpoints"]
        if (one["endpoint"] or "").endswith("/reviews")
    ]
    return max(measured)


@pytest.mark.usefixtures("little")
async def test_a_closed_app_has_its_sample_traffic_too(
    database_url: str, tmp_path: Path
) -> None:
    secret = 'a "password" & more'
    async with appliance_on(database_url, tmp_path, ADMIN_PASSWORD=secret) as appliance:
        run = partial(
            traffic.run, app_url=appliance.app_url, proxy_url=appliance.proxy_url
        )
        for wrong, said in ((None, "refused"), ("wrong", "sign in")):
            with pytest.raises(RuntimeError, match=said):
                await run(password=wrong, seconds=0)
        await run(password=secret, seconds=0)
        connection = await asyncpg.connect(database_url)
        paths: set[str] = set()
        async with asyncio.timeout(PATIENCE_S):
            while not {"/orders", "/nightly"} <= paths:
                await asyncio.sleep(0.05)
                rows = await connection.fetch("SELECT path FROM apimonitor.logs")
                paths = {row["path"] for row in rows}
    sent = [
        await connection.fetch(f"SELECT * FROM apimonitor.{table}")
        for table in ("logs", "header_sets")
    ]
    await connection.close()
    assert "apimonitor_session" not in str(sent)
