"""The pages of what is open: it is there while it lasts, and leads to its log."""

import asyncio

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.connections import connected, port_of
from tests.support.patience import PATIENCE_S
from tests.support.running import register
from tests.support.upstreams import Reader, Writer, read_head, upstream

pytestmark = pytest.mark.browser
PATIENCE_MS = PATIENCE_S * 1000
HOSTILE = "<script>window.stolen=1</script>"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Odd: %b\r\n\r\n"


@pytest.mark.parametrize("width", [1280, 390])
async def test_it_is_seen_while_it_lasts_and_leads_to_its_log(
    appliance: Appliance,
    client: httpx.AsyncClient,
    browser: Browser,
    width: int,
) -> None:
    said, over = asyncio.Event(), asyncio.Event()

    async def events(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(STREAM % HOSTILE.encode())
        writer.write(f"data: {HOSTILE}\n\n".encode())
        await said.wait()
        writer.write(b"data: the second\n\n")
        await over.wait()

    name = f"open-{width}"
    async with (
        upstream(events) as port,
        connected(port_of(appliance.proxy_url)) as (reader, writer),
    ):
        await register(client, name=name, base_url=f"http://127.0.0.1:{port}")
        watched = await watch(browser, appliance, width=width)
        page = watched.page
        await watched.go("/exchanges")
        await expect(page.locator("#count")).to_have_text("0 open")
        assert await watched.serious_findings() == []
        target = f"/{name}/events?q={HOSTILE.replace(' ', '+')}"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        # It comes by itself.
        row = page.locator("tbody tr")
        await expect(row).to_contain_text("/events", timeout=PATIENCE_MS)
        await expect(row).to_contain_text("lasting")
        assert await watched.serious_findings() == []
        assert not await watched.is_wider_than_its_window()
        # The list says so too.
        await watched.go("/dashboard")
        said_open = page.locator("#open-now a")
        await expect(said_open).to_contain_text("/events", timeout=PATIENCE_MS)
        await expect(said_open).to_contain_text("1 message", timeout=PATIENCE_MS)
        assert await watched.serious_findings() == []
        assert not await watched.is_wider_than_its_window()
        # It grows there, and becomes its log where it is.
        watched_too = await watch(browser, appliance, width=width)
        await watched_too.go("/dashboard")
        beside = watched_too.page.locator("#open-now a")
        await expect(beside).to_contain_text("1 message", timeout=PATIENCE_MS)
        await said_open.click()
        await expect(page.locator("#open")).to_contain_text(HOSTILE)
        said.set()
        await expect(page.locator("#open")).to_contain_text(
            "the second", timeout=PATIENCE_MS
        )
        await expect(beside).to_contain_text("2 messages", timeout=PATIENCE_MS)
        assert await watched.serious_findings() == []
        assert not await watched.is_wider_than_its_window()
        over.set()
        await expect(beside).to_contain_text("ended", timeout=PATIENCE_MS)
        await expect(watched_too.page.locator(".logs .path-line > a")).to_have_count(1)
        await beside.click()
        await watched_too.page.wait_for_url("**/log/*", timeout=PATIENCE_MS)
        assert watched_too.complaints == []
        # And becomes its log.
        await page.wait_for_url("**/log/*", timeout=PATIENCE_MS)
        assert await page.evaluate("window.stolen") is None
        assert watched.complaints == []
        for odd in ("x", "00000000-0000-7000-8000-000000000000"):
            answer = await client.get(f"/exchanges/{odd}")
            assert answer.status_code == (404 if odd == "x" else 200)
