"""The page of a log shows its time, its messages and its events."""

import asyncio
from typing import Any

import httpx
import pytest
import websockets
from playwright.async_api import Browser, expect
from websockets.asyncio.server import ServerConnection, serve

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.running import LOG, bearer, make_key, register
from tests.support.upstreams import Reader, Writer, read_head, upstream

pytestmark = pytest.mark.browser
HOSTILE = "<script>window.stolen=1</script><img src=x onerror=window.stolen=1>"
SAID: list[str | bytes] = [
    "hello",
    HOSTILE,
    '{"pin": 4111, "deep": [' + ",".join(["1"] * 200) + "]}",
    bytes(range(200, 256)),
    '{"pin": 4111',
    "y" * 40_000,
    "long" * 200,
]


async def recorded(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The log of *path*, once it is there."""
    for _ in range(1_200):
        items = (await client.get("/v1/logs", params={"path": path})).json()["items"]
        if items:
            found: dict[str, Any] = items[0]
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("nothing was recorded")


async def chat(
    appliance: Appliance, client: httpx.AsyncClient, said: list[str | bytes]
) -> dict[str, Any]:
    """A WebSocket through the appliance whose upstream echoes *said*."""

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        base_url = f"http://127.0.0.1:{port}"
        await register(client, base_url=base_url, redact_fields=["$.pin"])
        address = appliance.proxy_url.replace("http", "ws", 1)
        async with websockets.connect(f"{address}/pay/chat", proxy=None) as socket:
            for message in said:
                await socket.send(message)
                await socket.recv()
    return await recorded(client, "/chat")


async def listen(appliance: Appliance, client: httpx.AsyncClient) -> dict[str, Any]:
    """A stream of three events through the appliance."""

    async def stream(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for n in range(3):
            writer.write(b'event: price\nid: %d\ndata: {"n": %d}\n\n' % (n, n))
            await writer.drain()

    async with upstream(stream) as port:
        base_url = f"http://127.0.0.1:{port}"
        await register(client, name="feed", base_url=base_url)
        await client.get(f"{appliance.proxy_url}/feed/events")
    return await recorded(client, "/events")


async def test_it_is_accessible_fits_and_runs_nothing(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
) -> None:
    logs = [await chat(appliance, client, SAID), await listen(appliance, client)]
    watched = await watch(browser, appliance)
    for log in logs:
        await watched.go(f"/log/{log['id']}")
        for opened in await watched.page.locator(".messages summary").all():
            await opened.click()
        assert await watched.findings_on_all_screens() == []
        assert await watched.page.evaluate("window.stolen") is None
    assert watched.complaints == []


async def test_a_websockets_messages_are_read_in_order(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    log = await chat(appliance, client, SAID)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"/log/{log['id']}")
    messages = page.get_by_role("region", name="Messages").get_by_role("listitem")
    await expect(messages).to_have_count(2 * len(SAID) + 2)
    await expect(messages.nth(0)).to_contain_text("sent")
    await expect(messages.nth(1)).to_contain_text("received")
    await expect(messages.nth(1)).to_contain_text("hello")
    await expect(messages.nth(3)).to_contain_text(HOSTILE)
    await expect(messages.nth(4)).to_contain_text("masked in part")
    await expect(messages.nth(6)).to_contain_text("c8 c9 ca")
    await expect(messages.nth(8)).to_contain_text("withheld")
    await expect(messages.nth(10)).to_contain_text("truncated")
    await expect(messages.last).to_contain_text("1000")
    assert "4111" not in await page.content()
    long = messages.nth(12)
    await expect(long.locator("pre")).to_be_hidden()
    await long.locator("summary").click()
    await expect(long.locator("pre")).to_have_text("long" * 200)
    assert watched.complaints == []


async def test_many_messages_are_pages_with_addresses(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    log = await chat(appliance, client, [f"message {n}" for n in range(80)])
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"/log/{log['id']}?from=method%3DGET")
    messages = page.get_by_role("region", name="Messages").get_by_role("listitem")
    await expect(messages).to_have_count(100)
    await page.get_by_role("link", name="Later").click()
    await expect(messages).to_have_count(62)
    await expect(messages.first).to_contain_text("message 50")
    back = page.get_by_role("link", name="← Logs")
    await expect(back).to_have_attribute("href", "/dashboard?method=GET")
    await page.get_by_role("link", name="Earlier").click()
    await expect(messages.first).to_contain_text("message 0")
    for odd in ("-1", "x", "9" * 30, "%F0%9D%9F%99"):
        answer = await client.get(f"/log/{log['id']}?messages={odd}")
        assert answer.status_code == 200
    assert watched.complaints == []


async def test_events_and_the_time_an_exchange_took_are_shown(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    log = await listen(appliance, client)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"/log/{log['id']}")
    events = page.get_by_role("region", name="Events").get_by_role("listitem")
    await expect(events).to_have_count(3)
    for n in range(3):
        await expect(events.nth(n)).to_contain_text("price")
        await expect(events.nth(n)).to_contain_text(f"id {n}")
        await expect(events.nth(n)).to_contain_text(f'"n": {n}')
    time = page.get_by_role("region", name="Time", exact=True)
    for part in ("Connect", "Waiting", "Download", "Proxy"):
        await expect(time.get_by_role("listitem").filter(has_text=part)).to_be_visible()
    assert watched.complaints == []


async def test_a_pushed_log_has_neither(
    appliance: Appliance, client: httpx.AsyncClient
) -> None:
    service = await register(client)
    headers = bearer((await make_key(client, service["id"]))["raw_key"])
    pushed = await client.post("/v1/logs", json=LOG, headers=headers)
    text = (await client.get(f"/log/{pushed.json()['id']}")).text
    assert 'id="timing-title"' not in text
    assert 'id="messages"' not in text
