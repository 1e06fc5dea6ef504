"""The live tail of the log table in a real browser."""

from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from appliance.start.running import Appliance
from tests.support.browsing import Watched, watch
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(loop_scope="session")
async def key(client: httpx.AsyncClient) -> dict[str, str]:
    service = await register(client)
    return bearer((await make_key(client, service["id"]))["raw_key"])


async def push(
    client: httpx.AsyncClient, key: dict[str, str], path: str, **fields: object
) -> None:
    log = {**LOG, "path": path, **fields}
    assert (await client.post("/v1/logs", json=log, headers=key)).status_code == 201


async def following(watched: Watched, query: str = "") -> Page:
    await watched.go(f"/dashboard?live=true{query}")
    await expect(watched.page.get_by_text("Following")).to_be_visible()
    return watched.page


async def test_new_logs_appear_by_themselves_until_it_is_paused(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    key: dict[str, str],
) -> None:
    watched = await watch(browser, appliance)
    page = watched.page
    await push(client, key, "/before")
    await watched.go("/dashboard")
    rows = page.locator(".logs tbody tr")
    button = page.get_by_role("button", name="Live")
    await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_text("Following")).to_be_visible()
    for n in range(3):
        await push(client, key, f"/live/{n}")
        await expect(rows.first).to_contain_text(f"/live/{n}")
    await expect(rows).to_have_count(4)
    await expect(page.locator("#count")).to_contain_text("4 logs")
    await page.reload()
    await expect(page.get_by_text("Following")).to_be_visible()
    await page.keyboard.press("f")
    await expect(button).to_have_attribute("aria-pressed", "false")
    assert page.url.endswith("/dashboard?live=false")
    await push(client, key, "/paused")
    news = page.get_by_role("button", name="1 new")
    await expect(news).to_be_visible()
    await expect(rows).to_have_count(4)
    await news.click()
    await expect(rows.first).to_contain_text("/paused")
    await expect(news).to_be_hidden()
    await expect(button).to_have_attribute("aria-pressed", "false")
    # It is remembered.
    await watched.go("/dashboard")
    await expect(button).to_have_attribute("aria-pressed", "false")
    await expect(rows.first).to_contain_text("/paused")
    await push(client, key, "/again")
    await button.click()
    await expect(rows.first).to_contain_text("/again")
    assert page.url.endswith("/dashboard?live=true")
    await watched.go("/dashboard?tag=none")
    await expect(page.get_by_text("Following")).to_be_visible()
    assert watched.complaints == []


async def test_it_follows_what_the_filters_find(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    key: dict[str, str],
) -> None:
    watched = await watch(browser, appliance)
    page = await following(watched, "&status_class=5xx")
    rows = page.locator(".logs tbody tr")
    await push(client, key, "/fine", status_code=200)
    await push(client, key, "/broken", status_code=503)
    await expect(rows.first).to_contain_text("/broken")
    await expect(rows).to_have_count(1)
    await page.get_by_label("Status", exact=True).select_option("2xx")
    await expect(rows.first).to_contain_text("/fine")
    assert "status_class=2xx" in page.url
    assert "live=true" in page.url
    await push(client, key, "/broken/again", status_code=503)
    await push(client, key, "/fine/again", status_code=200)
    await expect(rows.first).to_contain_text("/fine/again")
    await expect(rows).to_have_count(2)
    await page.locator(".logs .path a").first.click()
    await page.get_by_role("link", name="← Logs").click()
    await expect(page.get_by_text("Following")).to_be_visible()
    await expect(page.get_by_label("Status", exact=True)).to_have_value("2xx")
    assert watched.complaints == []


async def test_who_is_reading_is_told_and_not_moved(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    key: dict[str, str],
) -> None:
    watched = await watch(browser, appliance)
    for n in range(3):
        await push(client, key, f"/before/{n}")
    page = await following(watched)
    await page.keyboard.press("j")
    first = page.locator(".logs .path a").first
    await expect(first).to_be_focused()
    for n in range(2):
        await push(client, key, f"/new/{n}")
    news = page.get_by_role("button", name="2 new")
    await expect(news).to_be_visible()
    await expect(first).to_be_focused()
    await expect(first).to_contain_text("/before/2")
    await news.click()
    await expect(first).to_contain_text("/new/1")
    await expect(news).to_be_hidden()
    assert watched.complaints == []


async def test_thousands_of_new_logs_leave_the_page_as_large_as_it_was(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    key: dict[str, str],
) -> None:
    many = [{**LOG, "path": f"/many/{n}"} for n in range(2_500)]
    await client.post("/v1/logs/batch", json=many[:60], headers=key)
    watched = await watch(browser, appliance)
    page = await following(watched)
    rows = page.locator(".logs tbody tr")
    await expect(rows).to_have_count(50)
    elements = "document.querySelectorAll('*').length"
    before = await page.evaluate(elements)
    for _ in range(4):
        answer = await client.post("/v1/logs/batch", json=many, headers=key)
        assert answer.status_code == 201, answer.text
    await expect(page.locator("#count")).to_contain_text("10,000+ logs")
    await push(client, key, "/last")
    await expect(rows.first).to_contain_text("/last")
    await expect(rows).to_have_count(50)
    # Facets and the timeline may have come meanwhile.
    assert await page.evaluate(elements) < before + 500
    heap = await page.evaluate("performance.memory.usedJSHeapSize")
    assert heap < 200 * 1024 * 1024
    assert watched.complaints == []


async def test_older_logs_are_not_live(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    key: dict[str, str],
) -> None:
    for n in range(3):
        await push(client, key, f"/{n}")
    watched = await watch(browser, appliance)
    page = await following(watched, "&limit=2")
    await page.get_by_role("link", name="Older").click()
    button = page.get_by_role("button", name="Live")
    await expect(button).to_have_attribute("aria-pressed", "false")
    assert "live" not in page.url
    await button.click()
    await expect(page.get_by_text("Following")).to_be_visible()
    assert "cursor" not in page.url
    await expect(page.locator(".logs tbody tr").first).to_contain_text("/2")


async def test_a_refused_stream_says_why(
    browser: Browser, database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path, STREAM_LIMIT="1") as appliance,
        client_of(appliance) as client,
        client.stream("GET", "/v1/logs/stream"),
    ):
        watched = await watch(browser, appliance)
        await watched.go("/dashboard?live=true")
        reason = watched.page.get_by_text("STREAM_LIMIT followers are there")
        await expect(reason).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
async def test_it_is_accessible_and_fits(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    key: dict[str, str],
    width: int,
) -> None:
    watched = await watch(browser, appliance, width=width)
    page = await following(watched)
    await push(client, key, "/a")
    await expect(page.locator(".logs tbody tr")).to_have_count(1)
    await page.keyboard.press("j")
    await push(client, key, "/b")
    await expect(page.get_by_role("button", name="1 new")).to_be_visible()
    assert await watched.serious_findings() == []
    assert not await watched.is_wider_than_its_window()
    assert watched.complaints == []


async def test_what_comes_in_is_text(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    key: dict[str, str],
) -> None:
    hostile = "\"'></td><b class=\"probe\" data-probe='1'>x</b><script>1</script>"
    watched = await watch(browser, appliance)
    page = await following(watched)
    fields = {"error": hostile, "tags": [hostile], "source_ip": hostile}
    await push(client, key, f"/{hostile}", method="GET", **fields)
    row = page.locator(".logs tbody tr").first
    await expect(row).to_contain_text(f"/{hostile}")
    await expect(page.locator(".probe, [data-probe]")).to_have_count(0)
    assert watched.complaints == []
