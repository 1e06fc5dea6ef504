"""The page of the endpoints: its figures lead to their logs, names are set by hand."""

import os
import re
from html import unescape
from uuid import UUID

import httpx
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.page_traffic import store, traffic
from tests.support.running import register

ROW = re.compile(
    r'class="num( bad)?"><a\s+href="(/dashboard\?[^"]*)">([\d,]+)</a>', re.DOTALL
)
PATH = "/metrics-ui/endpoints"


async def test_each_count_leads_to_just_its_logs(
    client: httpx.AsyncClient, database_url: str
) -> None:
    service = await register(client)
    await store(database_url, traffic(UUID(service["id"]), 200))
    page = await client.get(PATH)
    found = ROW.findall(page.text)
    assert len(found) > 10
    assert any(bad for bad, _, _ in found)
    for _, target, text in found:
        listed = await client.get(unescape(target))
        shown = re.search(r'id="count">\s*([\d,]+) log', listed.text)
        assert shown, target
        assert shown[1] == text, target
    rows = len(re.findall(r'<th scope="row">', page.text))
    assert re.search(rf">{rows}\s+endpoints<", page.text)
    for query in ("sort=p95", "sort=endpoint&order=desc", "limit=2&offset=2"):
        page = await client.get(f"{PATH}?{query}")
        assert page.status_code == 200
    assert {">Before<", ">Next<"} <= set(re.findall(r">\w+<", page.text))
    page = await client.get(f"{PATH}?new_since=2999-01-01T00:00:00Z")
    assert "No endpoints like these" in page.text
    page = await client.get(f"{PATH}?sort=x&since=y")
    assert page.status_code == 422
    assert "must be one of requests" in page.text


async def test_names_are_set_and_undone_by_hand(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    database_url: str,
) -> None:
    service = await register(client)
    await store(database_url, traffic(UUID(service["id"]), 100))
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"{PATH}?service_id={service['id']}")
    await page.get_by_label("Templates, one a line").fill("no path")
    await page.get_by_role("button", name="Set").click()
    await expect(page.get_by_text("must begin with /")).to_be_visible()
    await page.get_by_label("Templates, one a line").fill("/{name-of-it}")
    await page.get_by_role("button", name="Set").click()
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    # Stored logs follow in the background.
    while not await page.locator("tbody bdi", has_text="/{name-of-it}").count():
        await page.reload()
    for width in (1280, 390):
        again = await watch(browser, appliance, width=width)
        await again.go(f"{PATH}?service_id={service['id']}")
        assert await again.serious_findings() == []
        assert not await again.is_wider_than_its_window()
        assert again.complaints == []
        if folder := os.environ.get("SCREENSHOTS"):
            shot = f"{folder}/endpoints-{width}.png"
            await again.page.screenshot(path=shot, full_page=True)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)
