"""A person pins a log, tags it, notes something, and finds it again."""

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.running import LOG, bearer, make_key, register

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_log_is_pinned_tagged_and_noted(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    width: int,
) -> None:
    key = await make_key(client, (await register(client))["id"])
    for _ in range(2):
        pushed = await client.post("/v1/logs", json=LOG, headers=bearer(key["raw_key"]))
    log = pushed.json()
    watched = await watch(browser, appliance, width=width)
    page = watched.page
    await watched.go(f"/log/{log['id']}")
    await page.get_by_role("button", name="Pin, tag, note").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Keep this log").check()
    await dialog.get_by_label("Tags").fill("first\n\nsecond line\n" + "x" * 200)
    await dialog.get_by_label("Note").fill("Look\nat <b>this</b>")
    assert await watched.serious_findings() == []
    assert not await watched.is_wider_than_its_window()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("at most 128")).to_be_visible()
    await dialog.get_by_label("Tags").fill("first\n\nsecond line\n")
    await dialog.get_by_role("button", name="Save").click()
    summary = page.get_by_label("Summary")
    await expect(summary.get_by_text("at <b>this</b>")).to_be_visible()
    await expect(summary.get_by_text("second line")).to_be_visible()
    assert not await watched.is_wider_than_its_window()
    await watched.go("/dashboard?pinned=true")
    await expect(page.locator(".logs tbody tr")).to_have_count(1)
    await expect(page.locator(".logs").get_by_text("pinned")).to_be_visible()
    assert not await watched.is_wider_than_its_window()
    assert await watched.serious_findings() == []
    await watched.go(f"/log/{log['id']}")
    await page.get_by_role("button", name="Pinned").click()
    await dialog.get_by_label("Keep this log").uncheck()
    await dialog.get_by_label("Tags").fill("")
    await dialog.get_by_label("Note").fill("")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("button", name="Pin, tag, note")).to_be_visible()
    shown = (await client.get(f"/v1/logs/{log['id']}")).json()
    assert (shown["pinned"], shown["tags"], shown["note"]) == (False, [], None)
    complaints = [one for one in watched.complaints if "422" not in one]
    assert complaints == []
