"""What is still open: shown while it passes, masked, and a log once it has ended."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio

from tests.support.connections import connected, port_of
from tests.support.patience import eventually
from tests.support.running import appliance_on, client_of, register
from tests.support.upstreams import Reader, Writer, upstream
from tests.support.workers import scene as with_workers
from tests.support.workers import workers_of

STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Set-Cookie: sid=s3cret\r\n\r\n"
)


class Held:
    """An upstream that says what it is told to, when it is told."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/events" in head:
            writer.write(STREAM)
            for number in range(60):
                writer.write(f'data: {{"token": "s3cret", "n": {number}}}\n\n'.encode())
            await writer.drain()
        await self.go_on.wait()
        if b"/events" not in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@dataclass
class Scene:
    client: httpx.AsyncClient
    held: Held
    proxy_port: int
    service_id: str

    async def open(self, query: str = "") -> dict[str, Any]:
        answer = await self.client.get(f"/v1/exchanges{query}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def until_open(self, count: int, **what: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []

        async def are_open() -> bool:
            found[:] = (await self.open())["items"]
            fitting = [
                one for one in found if all(one[name] == what[name] for name in what)
            ]
            return len(found) == count and len(fitting) > 0

        await eventually(are_open)
        return found


@pytest_asyncio.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    held = Held()
    async with (
        upstream(held) as port,
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client, base_url=f"http://127.0.0.1:{port}")
        yield Scene(client, held, port_of(appliance.proxy_url), service["id"])


@asynccontextmanager
async def asking(port: int, *requests: str) -> AsyncIterator[list[Writer]]:
    async with AsyncExitStack() as stack:
        writers = []
        for request in requests:
            _, writer = await stack.enter_async_context(connected(port))
            writer.write(request.replace("\n", "\r\n").encode())
            await writer.drain()
            writers.append(writer)
        yield writers


GET = "GET /pay/a?token=s3cret&page=3 HTTP/1.1\nHost: x\nAuthorization: s3cret\n\n"
UPLOAD = "POST /pay/up HTTP/1.1\nHost: x\nContent-Length: 10\n\n12345"
EVENTS = "GET /pay/events HTTP/1.1\nHost: x\n\n"


async def test_what_is_open_is_shown_and_becomes_its_log(scene: Scene) -> None:
    async with asking(scene.proxy_port, GET):
        [waiting] = await scene.until_open(1, phase="waiting")
        assert (waiting["method"], waiting["path"]) == ("GET", "/a")
        assert waiting["url"].endswith("/a?token=***MASKED***&page=3")
        assert waiting["query_params"] == {"token": "***MASKED***", "page": "3"}
        assert (waiting["status_code"], waiting["service_name"]) == (None, "pay")
        async with asking(scene.proxy_port, UPLOAD) as [writer]:
            await scene.until_open(2, phase="sending", request_size=5)
            newest = (await scene.open("?order=newest&limit=1"))["items"]
            assert [one["path"] for one in newest] == ["/up"]
            oldest = await scene.open("?limit=1")
            assert [one["path"] for one in oldest["items"]] == ["/a"]
            assert (oldest["total"], oldest["complete"]) == (2, True)
            writer.write(b"67890")
            await scene.until_open(2, phase="waiting", request_size=10)
            scene.held.go_on.set()
            await eventually(lambda: _is_none(scene))
    url = f"/v1/logs/{waiting['id']}"
    await eventually(lambda: _is_there(scene, url))
    gone = await scene.client.get(f"/v1/exchanges/{waiting['id']}")
    assert gone.status_code == 404


async def _is_none(scene: Scene) -> bool:
    return bool((await scene.open())["total"] == 0)


async def _is_there(scene: Scene, url: str) -> bool:
    return (await scene.client.get(url)).status_code == 200


async def test_messages_are_shown_as_they_pass(scene: Scene) -> None:
    async with asking(scene.proxy_port, EVENTS):
        [one] = await scene.until_open(1, phase="lasting", message_count=60)
        assert (one["status_code"], one["medium"]) == (200, "event_stream")
        answer = await scene.client.get(f"/v1/exchanges/{one['id']}")
        assert "s3cret" not in answer.text
        found = answer.json()
        assert len(found["messages"]) == 50
        assert found["messages"][-1]["data"].endswith('"n": 59}')
        assert found["response_headers"]["Set-Cookie"] == "***MASKED***"
        assert found["response_size"] > 0


async def test_of_one_service_and_what_may_not_be_asked(scene: Scene) -> None:
    async with asking(scene.proxy_port, GET):
        await scene.until_open(1, phase="waiting")
        assert (await scene.open(f"?service_id={scene.service_id}"))["total"] == 1
        assert (await scene.open(f"?service_id={uuid4()}"))["total"] == 0
    for query in ("limit=0", "limit=201", "order=x", "offset=1", "service_id=x"):
        answer = await scene.client.get(f"/v1/exchanges?{query}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["query", query.partition("=")[0]]
    assert (await scene.client.get("/v1/exchanges/x")).status_code == 422


async def test_all_processes_say_theirs(tmp_path: Path) -> None:
    held = Held()
    async with (
        upstream(held) as port,
        with_workers(tmp_path, workers=2, port=port) as appliance,
        asking(appliance.proxy_port, *[GET] * 8, EVENTS),
    ):

        async def are_open() -> bool:
            found = await appliance.call("/v1/exchanges?order=newest")
            return [one["message_count"] for one in found["items"]].count(60) == 1 and (
                len(found["items"]) == 9
            )

        await eventually(are_open)
        found = await appliance.call("/v1/exchanges")
        times = [one["timestamp"] for one in found["items"]]
        assert (times, found["complete"]) == (sorted(times), True)
        [id] = [one["id"] for one in found["items"] if one["medium"]]
        one = await appliance.call(f"/v1/exchanges/{id}")
        assert len(one["messages"]) == 50
        # One that says nothing is left out, and that is said.
        stopped = workers_of(appliance)[0]
        os.kill(stopped, signal.SIGSTOP)
        try:
            found = await appliance.call("/v1/exchanges")
        finally:
            os.kill(stopped, signal.SIGCONT)
        assert found["complete"] is False
        assert found["total"] <= 9
        await eventually(are_open)
        held.go_on.set()
