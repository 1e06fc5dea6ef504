"""The page of services in a real browser: figures, settings, archives dropped."""

from uuid import UUID

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.har_archives import har
from tests.support.page_traffic import store, traffic
from tests.support.running import register

pytestmark = pytest.mark.browser
DROP = """(content) => {
  const data = new DataTransfer();
  data.items.add(new File([content], "dropped.har"));
  for (const name of ["dragover", "drop"]) {
    const event = new DragEvent(name, { dataTransfer: data, cancelable: true });
    document.getElementById("drop").dispatchEvent(event);
  }
}"""


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_a_service_shows_how_it_goes_what_holds_for_it_and_takes_archives(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    database_url: str,
    scheme: str,
    width: int,
) -> None:
    quiet = await register(client, name="a quiet one")
    service = await register(client, name="busy <b>", body_limit=1234, hosts=["x.test"])
    rows = traffic(UUID(service["id"]), 200)
    await store(database_url, rows)
    watched = await watch(browser, appliance, scheme=scheme, width=width)
    page = watched.page
    await watched.go("/")
    # Of each its figures and what it had over the day; nothing of one without logs.
    listed = page.get_by_role("navigation", name="Registered services")
    one = listed.get_by_role("link").filter(has_text="busy <b>")
    await expect(one.locator("svg.spark polyline")).to_have_count(1)
    none = listed.get_by_role("link").filter(has_text=quiet["name"])
    await expect(none.locator("svg.spark")).to_have_count(0)
    await one.click()
    tiles = page.get_by_role("list", name="The last 24 hours")
    await expect(tiles.get_by_role("link")).to_have_count(4)
    text = await tiles.get_by_role("link").filter(has_text="Requests").inner_text()
    measured = sum(row.source != "replay" for row in rows)
    assert text.split() == ["Requests", f"{measured}"]
    await tiles.get_by_role("link").filter(has_text="Requests").click()
    await expect(page.locator("#count")).to_contain_text(f"{measured} logs")
    await page.go_back()

    settings = page.get_by_role("region", name="Settings of this service")
    held = settings.get_by_role("row", name="Bytes kept of a body")
    await expect(held).to_contain_text("1,234 changed")
    await expect(held).to_contain_text("its true size is counted")
    await expect(settings.get_by_role("row", name="Own hosts")).to_contain_text(
        "x.test"
    )
    days = settings.get_by_role("row", name="Days logs are kept")
    await expect(days).to_contain_text("30 as for all")
    assert await watched.serious_findings() == []
    assert not await watched.is_wider_than_its_window()

    await page.evaluate(DROP, har("https://x.example/dropped").decode())
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.locator("#results")).to_contain_text("1 stored")
    found = await client.get("/v1/logs?query=path:/dropped")
    assert [log["service_id"] for log in found.json()["items"]] == [service["id"]]
    assert watched.complaints == []
