"""What is done with logs in a browser without scripts: marked, sent again, compared."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import plain_page, press
from tests.support.replay_shop import HOSTILE, Shop, record
from tests.support.upstreams import upstream

pytestmark = pytest.mark.browser


async def test_a_log_is_marked_sent_again_compared_and_deleted(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    shop, page = Shop(), await plain_page(browser)
    sent = {"Authorization": "s3cret", "X-Old": "1", "X-Keep": "k"}
    async with upstream(shop) as port:
        id = await record(appliance, client, port, json={"amount": 1}, headers=sent)

        async def log() -> Any:
            return (await client.get(f"/v1/logs/{id}")).json()

        # Marks: what is refused is said at its field, with what was given.
        await page.goto(f"{appliance.app_url}/log/{id}?from=status%3D200")
        await page.get_by_role("link", name="Pin, tag, note").click()
        form = page.get_by_role("dialog")
        await form.get_by_label("Keep this log").check()
        await form.get_by_label("Tags").fill(f"checked\n{'x' * 200}")
        await form.get_by_label("Note").fill(HOSTILE)
        await press(page, "Save")
        await expect(form.locator('[data-error="tags"]')).not_to_be_empty()
        await expect(form.get_by_label("Note")).to_have_value(HOSTILE)
        await form.get_by_label("Tags").fill("checked\nmine")
        await press(page, "Save")
        await expect(page.get_by_role("link", name="★ Pinned")).to_be_visible()
        kept = await log()
        assert (kept["pinned"], kept["tags"]) == (True, ["checked", "mine"])
        assert kept["note"] == HOSTILE
        # Sent again, changed: its answer stands beside the recorded one.
        await page.get_by_role("link", name="Replay").first.click()
        headers = page.get_by_label("Headers, one a line")
        text = await headers.input_value()
        assert "authorization: \n" in text.lower()
        await headers.fill(f"{text}no header at all")
        await press(page, "Send through the proxy")
        await expect(page.locator('[data-error="override_headers"]')).to_contain_text(
            "is no header"
        )
        changed = re.sub(r"(?im)^x-old: .*\n", "", text)
        changed = re.sub(r"(?im)^x-keep: .*$", "X-Keep: changed", changed)
        await headers.fill(f"{changed}X-New: n\n")
        await page.get_by_label("Body", exact=True).fill('{"amount": 2}')
        await press(page, "Send through the proxy")
        await expect(page).to_have_url(re.compile(f"/replay/{id}.replay="))
        await expect(page.get_by_text("different", exact=True).first).to_be_visible()
        again = shop.requests[-1].lower()
        assert again.endswith(b'{"amount": 2}')
        assert b"x-keep: changed" in again
        assert b"x-new: n" in again
        assert b"x-old" not in again
        assert b"authorization" not in again
        # What is known to vary is ignored from now on, and counts again.
        await page.get_by_role("button", name="Always ignore here").first.click()
        undo = page.get_by_role("button", name="Undo the rule of")
        await expect(undo).to_have_count(1)
        assert (await client.get("/v1/compare/rules")).json()["total"] == 1
        await undo.click()
        await expect(undo).to_have_count(0)
        assert (await client.get("/v1/compare/rules")).json()["total"] == 0
        # Many times, by the other button of the same form.
        await page.goto(f"{appliance.app_url}/replay/{id}")
        before = len(shop.requests)
        await page.get_by_text("Send it many times").click()
        await page.get_by_label("How many times").fill("3")
        await press(page, "Send all")
        await expect(page.locator("#history tbody tr")).to_have_count(4)
        assert len(shop.requests) == before + 3
        # Two logs beside each other, with the same rules.
        await page.get_by_role("link", name="open the log of this replay").first.click()
        await (
            page.get_by_role("link", name="compare both")
            .or_(page.get_by_role("link", name="What differs"))
            .first.click()
        )
        await page.get_by_role("button", name="Always ignore here").first.click()
        await page.get_by_role("button", name="Remove the rule of").click()
        await expect(page.get_by_text("Rules here")).to_have_count(0)
        assert (await client.get("/v1/compare/rules")).json()["total"] == 0
        # A request from scratch.
        await page.goto(f"{appliance.app_url}/replay")
        await page.get_by_label("Method").fill("PUT")
        await page.get_by_label("Path or URL").fill("/orders/7")
        await page.get_by_label("Headers, one a line").fill("X-Made: by hand")
        await page.get_by_label("Body", exact=True).fill("a body")
        await press(page, "Send through the proxy")
        await expect(page).to_have_url(re.compile("/replay.sent="))
        await expect(page.get_by_role("link", name="its log")).to_be_visible()
        made = shop.requests[-1]
        assert made.startswith(b"PUT /v1/orders/7 ")
        assert b"x-made: by hand" in made.lower()
        assert made.endswith(b"a body")
    await page.goto(f"{appliance.app_url}/log/{id}")
    await page.get_by_role("link", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page).to_have_url(re.compile("/dashboard"))
    assert (await client.get(f"/v1/logs/{id}")).status_code == 404
    assert await page.evaluate("window.stolen") is None


async def test_endpoints_are_named_by_hand_and_that_is_undone(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    made = await client.post("/v1/services", json={"name": "shop"})
    id, page = made.json()["id"], await plain_page(browser)
    await page.goto(f"{appliance.app_url}/metrics-ui/endpoints?service_id={id}")
    templates = page.get_by_label("Templates, one a line")
    await templates.fill("no path")
    await press(page, "Set")
    await expect(page.locator('[data-error="templates"]')).not_to_be_empty()
    await expect(templates).to_have_value("no path")
    await templates.fill("/products/{name}\n/products/new")
    await press(page, "Set")
    undo = page.get_by_role("button", name="Undo")
    await expect(undo).to_be_visible()
    await undo.click()
    await expect(undo).to_have_count(0)
    await expect(page.locator("td code").first).to_have_text("/products/{name}")


async def test_picked_logs_are_exported_pinned_tagged_sent_again_and_deleted(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    shop, page = Shop(), await plain_page(browser)
    async with upstream(shop) as port:
        await record(appliance, client, port, json={"amount": 1})
        listed = f"{appliance.app_url}/dashboard?method=POST"

        async def pick(count: int, do: str) -> None:
            await page.goto(listed)
            for n in range(count):
                await page.locator("[data-pick]").nth(n).check()
            await press(page, do)

        async def found(query: str = "method:POST") -> int:
            answer = await client.get(f"/v1/logs?query={query}")
            total: int = answer.json()["total"]
            return total

        await pick(0, "Pin …")
        await expect(page.get_by_role("alert")).to_contain_text("No log is picked")
        await pick(3, "Compare")
        await expect(page.get_by_role("alert")).to_contain_text("3 picked")
        await pick(2, "Compare")
        await expect(page).to_have_url(re.compile("/compare.a="))
        # How many they are is said before anything is done.
        await pick(2, "Pin …")
        assert await found("is:pinned") == 0
        await press(page, "Pin: 2 logs")
        await expect(page.get_by_text("2 logs pinned.")).to_be_visible()
        assert await found("is:pinned") == 2
        await pick(2, "Tag …")
        await page.get_by_label("Tag", exact=True).fill(HOSTILE)
        await press(page, "Tag: 2 logs")
        await expect(page.get_by_text("2 logs tagged.")).to_be_visible()
        await page.get_by_role("link", name="To the list").click()
        assert page.url == listed
        await expect(page.locator(".logs").get_by_text(HOSTILE)).to_have_count(2)
        before = len(shop.requests)
        await pick(2, "Replay …")
        await expect(page.get_by_text("each to its service: 2 POST")).to_be_visible()
        assert len(shop.requests) == before
        await press(page, "Send again: 2 logs")
        await expect(page.get_by_role("link", name="beside the")).to_have_count(2)
        assert len(shop.requests) == before + 2
        await page.goto(listed)
        await page.locator("[data-pick]").first.check()
        async with page.expect_download() as begun:
            await press(page, "NDJSON")
        saved = await (await begun.value).path()
        assert saved is not None
        assert len(saved.read_text().splitlines()) == 1
        await pick(1, "Delete …")
        await press(page, "Delete: 1 log")
        await expect(page.get_by_text("1 log deleted.")).to_be_visible()
        assert await found() == 4
        await page.goto(f"{listed}&query=tag:*")
        await press(page, "Delete all found …")
        assert await found() == 4
        await page.get_by_role("button", name="Delete:").click()
        await expect(page.get_by_text("logs deleted.")).to_be_visible()
        assert await found("has:tag") == 0
        # Whoever has no token of this session does nothing.
        answer = await client.post(
            "/dashboard/picked", data={"do": "delete-found", "from": "method=POST"}
        )
        assert answer.status_code == 403
    assert await page.evaluate("window.stolen") is None
