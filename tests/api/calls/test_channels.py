"""Channels hear of events; whatever they do delays no log."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from appliance.start.running import Appliance
from tests.support.receivers import Received, receiver, refusing_url
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)
from tests.support.upstreams import answering, upstream

RULE = {
    "name": "Broken",
    "condition_field": "status_code",
    "condition_operator": ">=",
    "condition_value": "500",
}
CHANNEL = {"name": "on call", "kind": "webhook", "url": "https://hooks.example/x?a=1"}
PUBLIC_URL = "https://monitor.example/api"
BROKEN = {**LOG, "status_code": 503}


@pytest_asyncio.fixture
async def appliance(database_url: str, tmp_path: Path) -> AsyncIterator[Appliance]:
    public = {"PUBLIC_URL": f"{PUBLIC_URL}/"}
    async with appliance_on(database_url, tmp_path, **public) as made:
        yield made


@pytest_asyncio.fixture
async def client(appliance: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(appliance) as made:
        yield made


async def make_channel(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/v1/channels", json={**CHANNEL, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def make_rule(
    client: httpx.AsyncClient, service: dict[str, Any], **fields: Any
) -> dict[str, Any]:
    body = {**RULE, "service_id": service["id"], **fields}
    answer = await client.post("/v1/alerts", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def deliveries(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await client.get(f"{path}/deliveries")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def until_state(
    client: httpx.AsyncClient, path: str, state: str
) -> dict[str, Any]:
    for _ in range(3_000):
        found = await deliveries(client, path)
        if found and found[0]["state"] == state:
            return found[0]
        await asyncio.sleep(0.02)
    raise AssertionError(f"no delivery of {path} became {state}: {found}")


def check_signature(received: Received, secret: str) -> None:
    """As the specification of Standard Webhooks says it, not as we wrote it."""
    head = received.headers
    key = base64.b64decode(secret[len("whsec_") :])
    signed = b"%b.%b.%b" % (
        head["webhook-id"].encode(),
        head["webhook-timestamp"].encode(),
        received.body,
    )
    made = hmac.new(key, signed, hashlib.sha256).digest()
    assert head["webhook-signature"] == "v1," + base64.b64encode(made).decode()
    assert abs(int(head["webhook-timestamp"]) - time.time()) < 60


async def test_an_event_of_a_pushed_log_is_told_and_signed(
    client: httpx.AsyncClient,
) -> None:
    service = await register(client)
    raw = (await make_key(client, service["id"]))["raw_key"]
    async with receiver() as there:
        channel = await make_channel(client, url=there.url)
        rule = await make_rule(client, service)
        log = (await client.post("/v1/logs", json=BROKEN, headers=bearer(raw))).json()
        [received] = await there.until(1)
        delivery = await until_state(client, f"/v1/alerts/{rule['id']}", "delivered")
    check_signature(received, channel["secret"])
    assert received.headers["content-type"] == "application/json"
    told = json.loads(received.body)
    [event] = (await client.get(f"/v1/alerts/{rule['id']}/events")).json()["items"]
    assert told["type"] == "alert.firing"
    assert told["data"]["alert"] == {"id": rule["id"], "name": "Broken"}
    assert told["data"]["service"] == {"id": service["id"], "name": "pay"}
    assert told["data"]["event"] == {
        "id": event["id"],
        "state": "firing",
        "message": event["message"],
        "log_id": log["id"],
        "fired_at": event["fired_at"],
    }
    assert told["data"]["events"] == 1
    assert told["data"]["log"] == {
        "id": log["id"],
        "method": log["method"],
        "path": log["path"],
        "status_code": 503,
        "latency_ms": log["latency_ms"],
        "error": None,
    }
    links = told["data"]["links"]
    assert links["log"] == f"{PUBLIC_URL}/log/{log['id']}"
    listed = await client.get(links["logs"].removeprefix(PUBLIC_URL))
    assert listed.status_code == 200
    assert f"/log/{log['id']}" in listed.text
    assert delivery["event_id"] == event["id"]
    [attempt] = delivery["attempts"]
    assert (attempt["number"], attempt["status_code"]) == (1, 200)
    assert await deliveries(client, f"/v1/channels/{channel['id']}") == [delivery]


async def test_an_event_of_a_captured_log_is_told_to_slack(
    client: httpx.AsyncClient, appliance: Appliance
) -> None:
    broken = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
    async with upstream(answering(broken)) as port, receiver() as there:
        service = await register(client, base_url=f"http://127.0.0.1:{port}")
        await make_channel(
            client, url=there.url, kind="slack", service_id=service["id"]
        )
        await make_rule(client, service, name="<!channel>")
        await client.get(f"{appliance.proxy_url}/pay/x")
        [received] = await there.until(1)
    assert "webhook-signature" not in received.headers
    [log] = (await client.get("/v1/logs")).json()["items"]
    told = json.loads(received.body)
    assert told.keys() == {"text"}
    first, message, sentence, link, logs = told["text"].split("\n")
    assert first == "FIRING &lt;!channel&gt;, pay"
    assert message == "status_code &gt;= 500: GET had 503"
    assert sentence == f"GET /x: 503 after {log['latency_ms']:.6g} ms"
    assert link == f"{PUBLIC_URL}/log/{log['id']}"
    assert logs.startswith(f"{PUBLIC_URL}/dashboard?service_id={service['id']}&amp;")


async def test_a_window_fires_and_is_told_without_any_log(
    client: httpx.AsyncClient,
) -> None:
    """The whole line, with the appliance's own clock: five seconds of silence."""
    service = await register(client)
    async with receiver() as there:
        await make_channel(client, url=there.url)
        rule = await make_rule(
            client,
            service,
            condition_field=None,
            aggregate="request_count",
            condition_operator="==",
            condition_value="0",
            window_s=5,
        )
        assert rule["state"] == "ok"
        [received] = await there.until(1)
    told = json.loads(received.body)
    assert told["data"]["event"]["log_id"] is None
    shown = (await client.get(f"/v1/alerts/{rule['id']}")).json()
    assert (shown["state"], shown["value"]) == ("firing", 0)
    assert shown["last_fired_at"] == told["data"]["event"]["fired_at"]


async def test_captured_errors_fire_once_enough_came_and_resolve_by_themselves(
    client: httpx.AsyncClient, appliance: Appliance
) -> None:
    broken = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
    async with upstream(answering(broken)) as port, receiver() as there:
        service = await register(client, base_url=f"http://127.0.0.1:{port}")
        await make_channel(client, url=there.url)
        rule = await make_rule(
            client, service, aggregate="count", threshold=2, window_s=5
        )
        ids = set()
        for _ in range(2):
            answer = await client.get(f"{appliance.proxy_url}/pay/x")
            ids.add(answer.headers["X-Monitor-Log-Id"])
        fired, resolved = (json.loads(one.body) for one in await there.until(2))
    assert fired["type"] == "alert.firing"
    assert fired["data"]["event"]["log_id"] in ids
    assert resolved["type"] == "alert.resolved"
    shown = (await client.get(f"/v1/alerts/{rule['id']}")).json()
    assert (shown["state"], shown["value"]) == ("resolved", 0)


async def test_channels_that_hang_or_refuse_delay_nothing(
    client: httpx.AsyncClient,
) -> None:
    service = await register(client)
    raw = (await make_key(client, service["id"]))["raw_key"]
    async with receiver(hangs=True) as hanging, receiver() as good:
        await make_channel(client, url=hanging.url)
        refusing = await make_channel(client, url=refusing_url())
        await make_channel(client, url=good.url)
        rule = await make_rule(client, service)
        for count in range(1, 4):
            answer = await client.post("/v1/logs", json=BROKEN, headers=bearer(raw))
            assert answer.status_code == 201
            found = await client.get(f"/v1/alerts/{rule['id']}/events")
            assert found.json()["total"] == count
        await good.until(3)
        await hanging.until(1)
        path = f"/v1/channels/{refusing['id']}"
        delivery = await until_state(client, path, "waiting")
        for _ in range(3_000):
            delivery = (await deliveries(client, path))[-1]
            if delivery["attempts"] and delivery["attempts"][0]["error"]:
                break
            await asyncio.sleep(0.02)
        assert delivery["attempts"][0]["error"].startswith("could not be sent")
        assert delivery["state"] == "waiting"
        assert delivery["next_attempt_at"] > delivery["created_at"]


async def test_a_channel_is_tested_at_once_and_once(client: httpx.AsyncClient) -> None:
    async with receiver(204, 500) as there:
        channel = await make_channel(client, url=there.url, is_active=False)
        path = f"/v1/channels/{channel['id']}"
        good = await client.post(f"{path}/test")
        bad = await client.post(f"{path}/test", json={})
        [first, _] = await there.until(2)
    assert good.status_code == bad.status_code == 200
    assert good.json()["state"] == "delivered"
    assert good.json()["alert_id"] is None
    assert bad.json()["state"] == "failed"
    assert bad.json()["next_attempt_at"] is None
    assert bad.json()["attempts"][0]["error"] == "answered 500"
    check_signature(first, channel["secret"])
    assert json.loads(first.body)["type"] == "channel.test"
    assert await deliveries(client, path) == [bad.json(), good.json()]
    refused = await client.post(f"{path}/test", json={"a": 1})
    assert refused.status_code == 422


async def test_a_channel_is_read_changed_and_deleted(client: httpx.AsyncClient) -> None:
    service, other = await register(client), await register(client, name="other")
    channel = await make_channel(client, service_id=service["id"])
    everywhere = await make_channel(client)
    path = f"/v1/channels/{channel['id']}"
    secret = channel.pop("secret")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) >= 24
    assert (await client.get(path)).json() == channel
    listed = (await client.get("/v1/channels")).json()
    assert listed["total"] == 2
    assert "secret" not in json.dumps(listed)
    listed = (await client.get(f"/v1/channels?service_id={other['id']}")).json()
    assert [item["id"] for item in listed["items"]] == [everywhere["id"]]
    changed = await client.patch(path, json={"is_active": False, "name": "n"})
    assert changed.json()["is_active"] is False
    assert changed.json()["url"] == "https://hooks.example/x?***MASKED***"
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_the_address_of_slack_is_masked_and_kept(
    client: httpx.AsyncClient,
) -> None:
    url = "https://hooks.slack.example/services/T0/B0/XXXX"
    channel = await make_channel(client, kind="slack", url=url)
    assert channel["url"] == "https://hooks.slack.example/***MASKED***"
    assert channel["secret"] is None
    path = f"/v1/channels/{channel['id']}"
    back = await client.patch(path, json={"url": channel["url"]})
    assert back.status_code == 422
    assert back.json()["errors"][0]["loc"] == ["body", "url"]
    assert "XXXX" not in (await client.get("/v1/channels")).text


async def test_a_webhooks_query_is_masked_and_kept(client: httpx.AsyncClient) -> None:
    async with receiver() as there:
        channel = await make_channel(client, url=f"{there.url}&token=XXXX")
        assert channel["url"].endswith("/hook?***MASKED***")
        path = f"/v1/channels/{channel['id']}"
        back = await client.patch(path, json={"url": channel["url"]})
        assert back.status_code == 422
        tested = await client.post(f"{path}/test", json={})
        assert tested.json()["state"] == "delivered"
        [received] = await there.until(1)
    assert "XXXX" not in (await client.get("/v1/channels")).text
    assert received.target == "/hook?a=1&token=XXXX"


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"name": None}, "name"),
        ({"kind": "mail"}, "kind"),
        ({"kind": None}, "kind"),
        ({"url": ""}, "url"),
        ({"url": "ftp://x/"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "//x/"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://u:p@x/"}, "url"),
        ({"url": "https://x/#f"}, "url"),
        ({"url": "https://x/?a=1#f"}, "url"),
        ({"url": "https://x/a b"}, "url"),
        ({"url": "https://x/?a b"}, "url"),
        ({"url": "https://x:0/"}, "url"),
        ({"url": "https://x:65536/"}, "url"),
        ({"url": "https://x/\r\nHost: y"}, "url"),
        ({"url": f"https://x/{'y' * 2040}"}, "url"),
        ({"url": 5}, "url"),
        ({"is_active": 1}, "is_active"),
        ({"service_id": "x"}, "service_id"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_channel_that_could_not_work_is_refused(
    shared: httpx.AsyncClient, fields: dict[str, Any], place: str
) -> None:
    answer = await shared.post("/v1/channels", json={**CHANNEL, **fields})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == ["body", place]
    if place in ("name", "url", "is_active", "surprise"):
        channel = await make_channel(shared)
        answer = await shared.patch(f"/v1/channels/{channel['id']}", json=fields)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["loc"] == ["body", place]


async def test_what_is_not_there_is_404(client: httpx.AsyncClient) -> None:
    body = {**CHANNEL, "service_id": str(uuid4())}
    assert (await client.post("/v1/channels", json=body)).status_code == 404
    for method, path in (
        ("GET", f"/v1/channels/{uuid4()}"),
        ("PATCH", f"/v1/channels/{uuid4()}"),
        ("DELETE", f"/v1/channels/{uuid4()}"),
        ("POST", f"/v1/channels/{uuid4()}/test"),
        ("GET", f"/v1/channels/{uuid4()}/deliveries"),
        ("GET", f"/v1/alerts/{uuid4()}/deliveries"),
    ):
        options: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        answer = await client.request(method, path, **options)
        assert answer.status_code == 404, (method, path)


async def test_a_closed_app_lets_only_those_in_who_may(
    database_url: str, tmp_path: Path
) -> None:
    closed = appliance_on(database_url, tmp_path, ADMIN_PASSWORD="correct horse")
    async with closed as appliance, client_of(appliance) as client:
        for method, path in (
            ("GET", "/v1/channels"),
            ("POST", "/v1/channels"),
            ("POST", f"/v1/channels/{uuid4()}/test"),
            ("GET", f"/v1/alerts/{uuid4()}/deliveries"),
        ):
            answer = await client.request(method, path)
            assert answer.status_code == 401, path
