"""A person removes a log, and what a filter finds."""

import asyncio

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.patience import PATIENCE_S
from tests.support.running import LOG, bearer, make_key, register

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
async def test_logs_are_removed_with_the_keyboard(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    width: int,
) -> None:
    key = await make_key(client, (await register(client))["id"])
    rows = [{**LOG, "tags": [tag]} for tag in ("a", "b", "b", "b")]
    headers = bearer(key["raw_key"])
    pushed = await client.post("/v1/logs/batch", json=rows, headers=headers)
    watched = await watch(browser, appliance, width=width)
    page = watched.page
    await watched.go(f"/log/{pushed.json()['ids'][1]}?from=tag%3Db")
    await page.get_by_role("button", name="Delete").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("cannot be undone")).to_be_visible()
    assert await watched.serious_findings() == []
    assert not await watched.is_wider_than_its_window()
    await dialog.get_by_role("button", name="Delete").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/dashboard?tag=b")
    shown = page.locator(".logs tbody tr")
    await expect(shown).to_have_count(2)

    asked: list[str] = []
    button = page.get_by_role("button", name="Delete … all that the filters find")
    for is_meant in (False, True):
        await expect(shown).to_have_count(2)
        await button.focus()
        # It returns once the question is answered.
        async with page.expect_event("dialog", timeout=PATIENCE_S * 1000) as asking:
            pressed = asyncio.create_task(page.keyboard.press("Enter"))
        question = await asking.value
        asked.append(question.message)
        await (question.accept() if is_meant else question.dismiss())
        await pressed
    await expect(page.get_by_text("No log matches")).to_be_visible()
    assert asked == ["Delete 2 logs, pinned ones too? This cannot be undone."] * 2
    await watched.go("/dashboard")
    await expect(shown).to_have_count(1)
    await expect(button).to_have_count(0)
    assert await watched.serious_findings() == []
    assert not await watched.is_wider_than_its_window()
    assert watched.complaints == []
