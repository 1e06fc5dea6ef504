"""What /v1 shows of WebSockets, event streams and timings, from wire to answer."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import websockets
from websockets.asyncio.server import ServerConnection, serve

from appliance.start.running import Appliance
from monitor.traffic.ids import LogIds
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)
from tests.support.upstreams import Reader, Writer, read_head, upstream

SAID = ['{"card": {"number": "4111"}, "n": 1}', "hello", "x" * 100]


@pytest_asyncio.fixture
async def appliance(database_url: str, tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance_on(
        database_url, tmp_path, CAPTURE_MESSAGES="5", CAPTURE_MESSAGE_LIMIT="50"
    ) as appliance:
        yield appliance


async def only_log(client: httpx.AsyncClient) -> dict[str, Any]:
    """The detail of the one log, once it is recorded."""
    for _ in range(1_200):
        items = (await client.get("/v1/logs")).json()["items"]
        if items:
            detail = await client.get(f"/v1/logs/{items[0]['id']}")
            found: dict[str, Any] = detail.json()
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("nothing was recorded")


async def talk(appliance: Appliance, client: httpx.AsyncClient) -> dict[str, Any]:
    """A WebSocket through the appliance that says SAID and hears it again."""

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        await register(
            client,
            base_url=f"http://127.0.0.1:{port}",
            redact_fields=["$.card.number"],
        )
        address = appliance.proxy_url.replace("http", "ws", 1)
        async with websockets.connect(f"{address}/pay/chat", proxy=None) as socket:
            for message in SAID:
                await socket.send(message)
                assert await socket.recv() == message
    return await only_log(client)


async def test_the_messages_of_a_websocket_are_a_list(appliance: Appliance) -> None:
    async with client_of(appliance) as client:
        log = await talk(appliance, client)
        assert (log["message_count"], log["event_count"]) == (8, None)
        assert (log["request_body"], log["messages_problem"]) == (None, None)
        path = f"/v1/logs/{log['id']}/messages"
        found = (await client.get(path)).json()
        assert (found["total"], found["limit"], found["complete"]) == (5, 50, True)
        items = found["items"]
        second = (await client.get(path, params={"limit": 1, "offset": 1})).json()
        assert second["items"] == items[1:2]
        assert (await client.get(path, params={"limit": 0})).status_code == 422
    assert [(m["direction"], m["kind"], m["opcode"]) for m in items] == [
        (direction, "text", 1) for direction in ["sent", "received"] * 2 + ["sent"]
    ]
    masked = '{"card":{"number":"***MASKED***"},"n":1}'
    assert [m["data"] for m in items] == [masked] * 2 + ["hello"] * 2 + ["x" * 50]
    assert [m["state"] for m in items] == ["redacted"] * 2 + ["kept"] * 3
    assert [m["size"] for m in items] == [36, 36, 5, 5, 100]
    assert [m["truncated"] for m in items] == [False] * 4 + [True]
    assert items[2]["wire_size"] > 0
    began = datetime.fromisoformat(log["timestamp"])
    for item in items:
        since = datetime.fromisoformat(item["at"]) - began
        assert abs(since - timedelta(milliseconds=item["offset_ms"])) < timedelta(
            milliseconds=2
        )


async def test_a_har_archive_holds_them_as_chrome_writes_them(
    appliance: Appliance,
) -> None:
    async with client_of(appliance) as client:
        log = await talk(appliance, client)
        one = (await client.get(f"/v1/logs/{log['id']}/har")).json()
        every = (await client.get("/v1/logs.har")).json()
    [entry] = one["log"]["entries"]
    assert every["log"]["entries"] == [entry]
    said = entry["_webSocketMessages"]
    assert [(m["type"], m["opcode"]) for m in said] == [
        ("send", 1),
        ("receive", 1),
        ("send", 1),
        ("receive", 1),
        ("send", 1),
    ]
    assert said[2]["data"] == "hello"
    assert '"4111"' not in str(one)
    began = datetime.fromisoformat(log["timestamp"]).timestamp()
    assert 0 <= said[0]["time"] - began < 60
    timings = entry["timings"]
    parts = [timings[name] for name in ("connect", "send", "wait", "receive")]
    total = sum(part for part in parts if part >= 0)
    assert total == pytest.approx(entry["time"])
    assert entry["time"] == log["timings"]["total_ms"] == log["duration_ms"]


async def test_the_events_of_a_stream_are_a_list(appliance: Appliance) -> None:
    async def stream(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for n in range(7):
            writer.write(b"event: price\nid: %d\ndata: \xff%d\n\n" % (n, n))
            await writer.drain()

    async with upstream(stream) as port, client_of(appliance) as client:
        await register(client, base_url=f"http://127.0.0.1:{port}")
        await client.get(f"{appliance.proxy_url}/pay/events")
        log = await only_log(client)
        found = (await client.get(f"/v1/logs/{log['id']}/messages")).json()
    assert (log["message_count"], log["event_count"]) == (None, 7)
    assert [
        (m["kind"], m["direction"], m["name"], m["event_id"], m["opcode"])
        for m in found["items"]
    ] == [("event", "received", "price", str(n), None) for n in range(5)]
    # What is no UTF-8 is given as its bytes.
    first = found["items"][0]
    assert (first["encoding"], base64.b64decode(first["data"])) == ("base64", b"\xff0")


async def test_what_was_captured_has_timings(appliance: Appliance) -> None:
    async def slow(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        await asyncio.sleep(0.1)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with upstream(slow) as port, client_of(appliance) as client:
        service = await register(client, base_url=f"http://127.0.0.1:{port}")
        await client.get(f"{appliance.proxy_url}/pay/slow")
        log = await only_log(client)
        key = await make_key(client, service["id"])
        headers = bearer(key["raw_key"])
        pushed = await client.post("/v1/logs", json=LOG, headers=headers)
    timings = log["timings"]
    assert timings["total_ms"] == log["latency_ms"]
    assert timings["connect_ms"] > 0
    assert timings["tls_ms"] is None
    assert 90 <= timings["ttfb_ms"] <= timings["total_ms"]
    assert 0 < timings["overhead_ms"] <= timings["total_ms"] - 90
    assert set(pushed.json()["timings"].values()) == {None}


async def test_messages_of_no_log_are_not_found(appliance: Appliance) -> None:
    async with client_of(appliance) as client:
        for id in (uuid4(), LogIds().new()):
            answer = await client.get(f"/v1/logs/{id}/messages")
            assert answer.status_code == 404
        service = await register(client)
        headers = bearer((await make_key(client, service["id"]))["raw_key"])
        pushed = await client.post("/v1/logs", json=LOG, headers=headers)
        path = f"/v1/logs/{pushed.json()['id']}/messages"
        found = (await client.get(path)).json()
        assert (found["items"], found["total"]) == ([], 0)
        await client.delete(f"/v1/services/{service['id']}")
        assert (await client.get(path)).status_code == 404
