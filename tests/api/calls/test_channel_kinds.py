"""Each kind of channel is told in its receiver's own words; what is secret stays so."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.mail_servers import MailBox, mail_server
from tests.support.receivers import Received, receiver
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

KEY = "r0uting-key-of-pagerduty"
EVIL = "/*@everyone*<!channel>[x](https://evil.example)"
MONITOR = "https://monitor.example"


async def make(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/v1/channels", json={"name": "c", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert KEY not in answer.text
    return made


def of(target: str, received: list[Received]) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in received if one.target == target]


async def test_each_receiver_is_told_in_its_own_words(
    database_url: str, tmp_path: Path
) -> None:
    async with mail_server() as box, receiver(202) as there:
        mail = f"smtp://ops:s3cret%40x@127.0.0.1:{box.port}"
        settings = {"SMTP_URL": mail, "SMTP_FROM": "monitor@shop.example"}
        async with (
            appliance_on(
                database_url, tmp_path, PUBLIC_URL=MONITOR, **settings
            ) as appliance,
            client_of(appliance) as client,
        ):
            service = await register(client, name="Pay")
            key = await make_key(client, service["id"])
            at = f"http://127.0.0.1:{there.port}"
            discord = await make(client, kind="discord", url=f"{at}/discord/t0ken")
            incident = {"kind": "pagerduty", "url": f"{at}/enqueue"}
            pager = await make(client, routing_key=KEY, **incident)
            to = "mailto:a@shop.example,b@shop.example"
            mailed = await make(client, kind="email", url=to)
            assert discord["url"] == f"{at}/***MASKED***"
            assert mailed["url"] == to
            for made in (discord, pager, mailed):
                path = f"/v1/channels/{made['id']}"
                tested = (await client.post(f"{path}/test")).json()
                assert tested["state"] == "delivered", tested
            await _check_tests(there.received, box)

            rule = {
                "service_id": service["id"],
                "name": "Broken *here*",
                "condition_field": "status_code",
                "condition_operator": ">=",
                "condition_value": "500",
            }
            alert = (await client.post("/v1/alerts", json=rule)).json()
            log = {**LOG, "status_code": 503, "path": EVIL}
            await client.post("/v1/logs", json=log, headers=bearer(key["raw_key"]))
            await there.until(4)
            (_, told) = of("/discord/t0ken", there.received)
            assert told["allowed_mentions"] == {"parse": []}
            assert r"\@everyone" in told["content"]
            assert r"Broken \*here\*, Pay" in told["content"]
            assert f"<{MONITOR}/log/" in told["content"]
            (_, event) = of("/enqueue", there.received)
            assert (event["routing_key"], event["event_action"]) == (KEY, "trigger")
            assert event["dedup_key"] == f"apimonitor-{alert['id']}"
            assert event["payload"]["source"] == "Pay"
            assert event["payload"]["severity"] == "error"
            assert event["payload"]["summary"].startswith("FIRING Broken *here*, Pay")
            assert {link["text"] for link in event["links"]} == {"log", "logs"}
            await _until_mailed(box, 2)
            assert "Subject: FIRING Broken *here*, Pay" in box.messages[1]
            assert f"{MONITOR}/log/" in box.messages[1].replace("=\r\n", "")

            # Nothing shows the key again, and a change of it is kept.
            path = f"/v1/channels/{pager['id']}"
            changed = await client.patch(path, json={"routing_key": "an0ther"})
            assert changed.status_code == 200
            await client.post(f"{path}/test")
            assert of("/enqueue", there.received)[-1]["routing_key"] == "an0ther"
            for page in (path, "/v1/channels", "/alerts-ui/channels"):
                text = (await client.get(page)).text
                assert KEY not in text and "an0ther" not in text
                assert "t0ken" not in text


async def _check_tests(received: list[Received], box: MailBox) -> None:
    (hello,) = of("/discord/t0ken", received)
    assert hello["content"].startswith("A test of the channel c")
    (event,) = of("/enqueue", received)
    # A test opens no incident.
    assert event["event_action"] == "resolve"
    login = base64.b64encode(b"\0ops\0s3cret@x").decode()
    assert f"AUTH PLAIN {login}" in box.commands
    receivers = [line for line in box.commands if line.upper().startswith("RCPT")]
    assert [line.split("<")[1][:-1] for line in receivers] == [
        "a@shop.example",
        "b@shop.example",
    ]
    assert "From: monitor@shop.example" in box.messages[0]


async def _until_mailed(box: MailBox, count: int) -> None:
    for _ in range(3_000):
        if len(box.messages) >= count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(box.commands)


async def test_a_mail_that_is_refused_says_so(
    database_url: str, tmp_path: Path
) -> None:
    async with mail_server("550 nobody here") as box:
        settings = {
            "SMTP_URL": f"smtp://127.0.0.1:{box.port}",
            "SMTP_FROM": "m@shop.example",
        }
        async with (
            appliance_on(database_url, tmp_path, **settings) as appliance,
            client_of(appliance) as client,
        ):
            made = await make(client, kind="email", url="mailto:a@shop.example")
            tested = await client.post(f"/v1/channels/{made['id']}/test")
            (attempt,) = tested.json()["attempts"]
            assert attempt["status_code"] == 550
            assert attempt["error"] == "answered 550: no receiver was taken"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"kind": "email", "url": "mailto:a@b.example"}, "kind"),
        ({"kind": "pagerduty"}, "routing_key"),
        ({"kind": "slack"}, "url"),
        ({"kind": "discord", "url": "mailto:a@b.example"}, "url"),
        ({"kind": "webhook", "url": "mailto:nobody"}, "url"),
        ({"kind": "webhook", "url": "http://x", "routing_key": "k"}, "routing_key"),
        ({"kind": "pagerduty", "routing_key": "a b"}, "routing_key"),
        ({"kind": "pigeon", "url": "http://x"}, "kind"),
    ],
)
async def test_what_does_not_go_with_a_kind_is_said(
    shared: httpx.AsyncClient, fields: dict[str, Any], where: str
) -> None:
    answer = await shared.post("/v1/channels", json={"name": "c", **fields})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == ["body", where]
    assert answer.json()["errors"][0]["msg"]
