"""Swagger UI and ReDoc in a real browser, under the policy, without another host."""

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch

pytestmark = pytest.mark.browser


async def test_a_call_is_tried_in_swagger_ui(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/docs")
    await expect(page.get_by_text("Register a service")).to_be_visible()
    await page.get_by_role("button", name="post /v1/services", exact=True).click()
    await page.get_by_role("button", name="Try it out").click()
    await page.get_by_role("button", name="Execute").click()
    await expect(
        page.locator(".live-responses-table .response-col_status").last
    ).to_contain_text("201")
    services = (await client.get("/v1/services")).json()["items"]
    assert [service["name"] for service in services] == ["payments-api"]
    assert watched.complaints == []


async def test_redoc_shows_every_call_and_is_accessible_and_fits(
    browser: Browser, appliance: Appliance
) -> None:
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/redoc")
    await expect(page.get_by_role("heading", name="Register a service")).to_be_visible()
    heading = page.get_by_role("heading", name="Push many logs")
    await expect(heading).to_be_visible()
    # Its own styles apply: the list of calls stands beside the calls.
    box = await page.locator(".menu-content").bounding_box()
    assert box is not None
    assert box["width"] < 400
    # It looks the same in the dark; to examine all of it takes its time.
    assert await watched.serious_findings(in_both=False) == []
    assert not await watched.is_wider_than_its_window()
    await page.set_viewport_size({"width": 390, "height": 900})
    assert not await watched.is_wider_than_its_window()
    assert watched.complaints == []


async def test_swagger_ui_is_accessible_and_fits(
    browser: Browser, appliance: Appliance
) -> None:
    watched = await watch(browser, appliance)
    await watched.go("/docs")
    await expect(watched.page.get_by_text("Register a service").last).to_be_visible()
    assert await watched.findings_on_all_screens() == []
    assert watched.complaints == []
