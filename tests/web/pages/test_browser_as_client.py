"""What a browser itself sends and hears through the proxy is kept as it said it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from aiohttp import WSMsgType, web
from playwright.async_api import Browser

from appliance.start.running import Appliance
from tests.support.patience import PATIENCE_S
from tests.support.running import register

pytestmark = pytest.mark.browser
# Said by the browser: its WebSocket compresses, its EventSource reads to the end.
SCRIPT = """
async () => {
  const heard = [];
  const socket = new WebSocket(`ws://${location.host}/chat`);
  socket.onmessage = (event) => heard.push(event.data);
  await new Promise((resolve) => { socket.onopen = resolve; });
  for (let n = 0; n < 20; n += 1) socket.send(JSON.stringify({n, text: "é".repeat(n)}));
  while (heard.length < 20) await new Promise((resolve) => setTimeout(resolve, 10));
  socket.close(1000, "done");
  const source = new EventSource("/events");
  const events = [];
  source.addEventListener("price", (event) => events.push(event.data));
  while (events.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  source.close();
  return {heard, events, extensions: socket.extensions};
}
"""


async def _page(request: web.Request) -> web.Response:
    return web.Response(
        text="<!doctype html><title>x</title>", content_type="text/html"
    )


async def _chat(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket


async def _events(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    for n in range(3):
        await answer.write(b"event: price\ndata: %d\n" % n)
        await answer.write(b"data: more\n\n")
    return answer


@asynccontextmanager
async def site() -> AsyncIterator[int]:
    app = web.Application()
    app.add_routes(
        [
            web.get("/", _page),
            web.get("/chat", _chat),
            web.get("/events", _events),
        ]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def messages_of(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    for _ in range(1_200):
        items = (await client.get("/v1/logs", params={"path": path})).json()["items"]
        if items:
            found = await client.get(
                f"/v1/logs/{items[-1]['id']}/messages", params={"limit": 500}
            )
            messages: list[dict[str, Any]] = found.json()["items"]
            return messages
        await asyncio.sleep(0.05)
    raise AssertionError("nothing was recorded")


async def test_a_browsers_websocket_and_event_source_are_kept(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    async with site() as port:
        await register(client, base_url=f"http://127.0.0.1:{port}")
        page = await browser.new_page()
        port_of_proxy = appliance.proxy_url.rpartition(":")[2]
        await page.goto(f"http://pay.localhost:{port_of_proxy}/")
        async with asyncio.timeout(PATIENCE_S):
            told = await page.evaluate(SCRIPT)
        chat = await messages_of(client, "/chat")
        events = await messages_of(client, "/events")
    assert "permessage-deflate" in told["extensions"]
    texts = {
        direction: [m["data"] for m in chat if m["direction"] == direction][:20]
        for direction in ("sent", "received")
    }
    assert texts == {"sent": told["heard"], "received": told["heard"]}
    assert {m["kind"] for m in chat} == {"text", "close"}
    assert [m["data"] for m in events[:3]] == told["events"]
    assert {m["name"] for m in events} == {"price"}
