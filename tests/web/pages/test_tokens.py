"""The page of admin tokens, in a real browser."""

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.running import bearer

pytestmark = pytest.mark.browser


async def test_a_token_is_made_copied_and_revoked(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/")
    await page.keyboard.press("g")
    await page.keyboard.press("k")
    await expect(page.get_by_text("There are none yet")).to_be_visible()
    assert await watched.serious_findings() == []
    # By keyboard alone: each field after the other, Enter sends.
    await page.get_by_label("Name").focus()
    await page.keyboard.type("grafana")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Copy this token now.")).to_be_visible()
    await expect(page.get_by_role("button", name="Copy the new token")).to_be_focused()
    raw = await page.get_by_label("The new token").inner_text()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Copied.")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == raw
    [made] = (await client.get("/v1/tokens")).json()["items"]
    assert (made["name"], made["read_only"]) == ("grafana", True)
    assert made["expires_at"] is not None
    using = bearer(raw)
    assert (await client.get("/v1/logs", headers=using)).status_code == 200
    await page.get_by_role("link", name="I have copied it").click()
    row = page.get_by_role("row", name="grafana")
    await expect(row.get_by_role("cell", name="read", exact=True)).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    await row.get_by_role("button", name="Revoke grafana").click()
    await expect(row.get_by_text("revoked")).to_be_visible()
    assert (await client.get("/v1/logs", headers=using)).status_code == 401
    assert watched.complaints == []


async def test_the_page_is_accessible_and_fits(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    for name in ("n" * 128, "<b>x</b>", "ci"):
        new = {"name": name, "expires_at": "2100-01-01T00:00:00Z"}
        assert (await client.post("/v1/tokens", json=new)).status_code == 201
    for width in (390, 1280):
        watched = await watch(browser, appliance, width=width)
        await watched.go("/tokens")
        assert await watched.serious_findings() == []
        assert not await watched.is_wider_than_its_window()
        assert watched.complaints == []
