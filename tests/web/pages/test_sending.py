"""Requests written by hand and sent many times, in a real browser."""

import json

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.replay_shop import HOSTILE, Shop, record
from tests.support.running import register
from tests.support.upstreams import upstream

pytestmark = pytest.mark.browser


async def test_a_request_is_written_from_scratch_sent_and_stays(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/replay")
    send = page.get_by_role("button", name="Send through the proxy")
    await expect(send).to_be_disabled()
    await expect(page.get_by_text("nowhere to send to")).to_be_visible()
    shop = Shop()
    async with upstream(shop) as port:
        await register(client, base_url=f"http://127.0.0.1:{port}/v1")
        await watched.go("/replay")
        await page.get_by_label("Method").fill("POST")
        url = page.get_by_label("Path or URL")
        await url.fill("/orders?keep=a%2Fb+c&gone=1")
        await page.get_by_text("Parameters", exact=False).first.click()
        values = page.get_by_label("Value of a parameter")
        await expect(values).to_have_count(2)
        assert await values.first.input_value() == "a/b c"
        await page.get_by_role("button", name="Remove the parameter").last.click()
        await page.get_by_role("button", name="Add a parameter").click()
        await page.get_by_label("Name of a parameter").last.fill("ü")
        await values.last.fill("1&2")
        # What was not touched stays as it was spelled.
        await expect(url).to_have_value("/orders?keep=a%2Fb+c&%C3%BC=1%262")
        await page.get_by_role("button", name="Add a header").click()
        await page.get_by_label("Name", exact=True).fill("X-Odd")
        await page.get_by_label("Value", exact=True).fill(HOSTILE)
        body = page.get_by_label("Body", exact=True)
        await body.fill('{"a": 1,\n "b": }')
        check = page.locator("[data-json-check]")
        await expect(check).to_contain_text("line 2, column 7")
        await check.get_by_role("button", name="Go there").click()
        start = await body.evaluate("(field) => field.selectionStart")
        assert start == len('{"a": 1,\n "b": ')
        await body.fill('{"a": 1}')
        await expect(check).to_contain_text("It is JSON.")
        await send.click()
        answer = page.locator("#result")
        await expect(answer.get_by_role("link", name="its log")).to_be_visible()
        await expect(answer).to_contain_text('"orders"')
        sent = shop.requests[-1]
        assert sent.startswith(b"POST /v1/orders?keep=a%2Fb+c&%C3%BC=1%262 HTTP/1.1")
        assert sent.endswith(b'\r\n\r\n{"a": 1}')
        assert HOSTILE.encode() in sent
        await expect(body).to_have_value('{"a": 1}')
        assert "sent=" in page.url
        # The same many times from where it was written.
        await page.get_by_text("Send it many times").click()
        await page.get_by_label("How many times").fill("3")
        await page.get_by_label("At once").fill("2")
        await page.get_by_role("button", name="Send all").click()
        spread = page.locator("[data-spread]")
        await expect(spread).to_contain_text("3 of 3 sent: 3 \u00d7 200")
        await expect(spread.locator("rect")).to_have_count(3)
        opened = await spread.get_by_role("link").first.get_attribute("href")
        assert (await client.get(str(opened))).status_code == 200
        assert len(shop.requests) == 4
        assert (
            shop.requests[-1].partition(b" HTTP/1.1")[0] == sent.partition(b" HTTP")[0]
        )
        await expect(body).to_have_value('{"a": 1}')
        await url.fill("http://elsewhere.example/")
        await send.click()
        await expect(
            page.get_by_text("does not lie under the base_url")
        ).to_be_visible()
        assert await watched.serious_findings() == []
    assert await page.evaluate("window.stolen") is None
    complaints = [one for one in watched.complaints if "422" not in one]
    assert complaints == []


@pytest.mark.parametrize("width", [1280, 390])
async def test_overrides_stand_beside_what_was_and_many_are_sent(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    width: int,
) -> None:
    shop = Shop()
    async with upstream(shop) as port:
        id = await record(
            appliance, client, port, json={"n": 1}, headers={"X-Keep": HOSTILE}
        )
        watched = await watch(browser, appliance, width=width)
        page = watched.page
        await watched.go(f"/replay/{id}")
        keep = page.get_by_label("Value of x-keep")
        await keep.fill("changed")
        was = page.locator(".was")
        await expect(was).to_have_text(f"was {HOSTILE} Put back")
        await was.get_by_role("button", name="Put back").click()
        await expect(keep).to_have_value(HOSTILE)
        await expect(was).to_have_count(0)
        await page.get_by_label("Method").fill("PUT")
        await expect(was).to_contain_text("was POST")
        await page.get_by_text("Send it many times").click()
        await page.get_by_label("How many times").fill("1000")
        await page.get_by_label("At once").fill("2")
        await page.get_by_role("button", name="Send all").click()
        await expect(page.get_by_text("must be at most 100")).to_be_visible()
        await page.get_by_label("How many times").fill("4")
        await page.get_by_role("button", name="Send all").click()
        spread = page.locator("[data-spread]")
        await expect(spread).to_contain_text("4 of 4 sent: 4 \u00d7 200")
        await expect(spread).to_contain_text("different answers")
        await expect(spread).to_contain_text("They differ from each other in $.")
        await expect(spread.locator("rect")).to_have_count(4)
        assert len(shop.requests) == 7
        assert shop.requests[-1].startswith(b"PUT /v1/orders?a=1 HTTP/1.1")
        assert json.loads(shop.requests[-1].partition(b"\r\n\r\n")[2]) == {"n": 1}
        await page.get_by_role("button", name="Send through the proxy").click()
        overridden = page.locator("dt", has_text="Overridden").locator("+ dd")
        await expect(overridden).to_contain_text("method: PUT was POST")
        await expect(page.locator("#result")).to_contain_text("ms")
        await expect(page.locator("[data-delta=status]")).to_have_text("same")
        # A rule is made and taken back where it stands; what was edited stays.
        row = page.locator("tr[data-difference]").first
        await row.get_by_role("button", name="ignore").click()
        await row.get_by_role("button", name="Undo").click()
        await expect(row.get_by_role("button", name="Undo")).to_have_count(0)
        await expect(page.get_by_label("Method")).to_have_value("PUT")
        # Of the series each is in the history.
        await expect(page.locator(".history tbody tr")).to_have_count(5)
        assert await watched.serious_findings() == []
        assert not await watched.is_wider_than_its_window()
        assert await page.evaluate("window.stolen") is None
    complaints = [one for one in watched.complaints if "422" not in one]
    assert complaints == []
