"""The replay page in a real browser: change, send, compare."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.replay_shop import HOSTILE, Shop, record
from tests.support.upstreams import upstream

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[tuple[Shop, int]]:
    made = Shop()
    async with upstream(made) as port:
        yield made, port


async def test_a_request_is_changed_sent_and_compared(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    shop: tuple[Shop, int],
) -> None:
    upstream_shop, port = shop
    id = await record(
        appliance,
        client,
        port,
        json={"amount": 1},
        headers={"Authorization": "s3cret", "X-Old": "1", "X-Keep": "k"},
    )
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"/log/{id}")
    await page.get_by_role("link", name="Replay").click()
    await expect(page.get_by_role("heading", name="Replay POST")).to_be_visible()
    await expect(page.get_by_text("Not sent yet.")).to_be_visible()

    await page.get_by_label("Body", exact=True).fill('{"amount": 2}')
    await page.get_by_label("Value of x-keep").fill("changed")
    await page.get_by_role("button", name="Remove x-old").click()
    await page.get_by_role("button", name="Add a header").click()
    await page.get_by_label("Name", exact=True).last.fill("X-New")
    await page.get_by_label("Value", exact=True).last.fill("n")
    await page.get_by_role("button", name="Send through the proxy").click()
    await expect(page.get_by_text("different", exact=True).first).to_be_visible()
    sent = upstream_shop.requests[-1]
    assert sent.endswith(b'{"amount": 2}')
    assert b"x-keep: changed" in sent.lower()
    assert b"x-new: n" in sent.lower()
    assert b"x-old" not in sent.lower()
    assert b"authorization" not in sent.lower()

    differences = page.get_by_role("region", name="Body, by path")
    await expect(differences).to_contain_text("$.orders[1]")
    await expect(differences.locator("tbody tr")).to_have_count(3)
    await page.get_by_role("button", name="Hide what is volatile").click()
    await expect(differences.locator("tbody tr:visible")).to_have_count(2)
    sides = page.get_by_role("region", name="Lines of both bodies")
    await expect(sides).to_contain_text("equal lines")
    await expect(sides).to_contain_text("900")
    await expect(page.get_by_role("link", name="its log")).to_be_visible()
    assert "replay=" in page.url
    assert await page.evaluate("window.stolen") is None

    overridden = page.locator("dt", has_text="Overridden").locator("+ dd")
    await expect(overridden).to_contain_text("X-Keep: changed")
    await expect(overridden).to_contain_text("X-Old: removed")
    await expect(overridden).to_contain_text("body: 13 B")

    # The edits are kept: they go again, with one more.
    await page.get_by_label("Value of x-keep").fill("again")
    await page.get_by_role("button", name="Send through the proxy").click()
    await expect(page.locator(".history tbody tr")).to_have_count(2)
    assert upstream_shop.requests[-1].endswith(b'{"amount": 2}')
    assert b"x-keep: again" in upstream_shop.requests[-1].lower()
    assert b"x-old" not in upstream_shop.requests[-1].lower()

    async with page.expect_navigation():
        await page.get_by_role("link", name="Start over").click()
    await page.get_by_role("button", name="Send through the proxy").click()
    await expect(page.locator(".history tbody tr")).to_have_count(3)
    # Nothing was changed this time: what was recorded goes again.
    assert upstream_shop.requests[-1].endswith(b'{"amount":1}')
    assert b"x-old: 1" in upstream_shop.requests[-1].lower()
    assert watched.complaints == []


async def test_what_cannot_be_sent_is_said_at_its_field(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    shop: tuple[Shop, int],
) -> None:
    upstream_shop, port = shop
    id = await record(appliance, client, port, content="x")
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"/replay/{id}")
    await page.get_by_label("URL", exact=True).fill("http://elsewhere.example/")
    await page.get_by_role("button", name="Send through the proxy").click()
    await expect(page.get_by_text("lies under no service's base_url")).to_be_visible()
    await expect(page.get_by_label("URL", exact=True)).to_be_focused()
    assert len(upstream_shop.requests) == 3


async def test_it_is_accessible_fits_and_keeps_to_itself(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    shop: tuple[Shop, int],
    tmp_path: Path,
) -> None:
    _, port = shop
    headers = {"X-Long": "long" * 200, "X-Api-Key": "s3cret", "X-Odd": HOSTILE}
    id = await record(appliance, client, port, content=HOSTILE, headers=headers)
    watched = await watch(browser, appliance)
    pages = [f"/replay/{id}"]
    await watched.go(pages[0])
    assert await watched.findings_on_all_screens() == []
    answer = await client.post(f"/v1/logs/{id}/replay", json={})
    pages.append(f"/replay/{id}?replay={answer.json()['id']}")
    await client.patch(
        f"/v1/services/{answer.json()['service_id']}",
        json={"base_url": "http://127.0.0.1:1/v1"},
    )
    url = "http://127.0.0.1:1/v1/x"
    await client.post(f"/v1/logs/{id}/replay", json={"override_url": url})
    pages.append(f"/replay/{id}")
    for path in pages:
        await watched.go(path)
        assert await watched.findings_on_all_screens() == [], path
        assert await watched.page.evaluate("window.stolen") is None
    assert watched.complaints == []


async def test_no_such_log_or_replay_is_a_page_that_says_so(
    browser: Browser, appliance: Appliance
) -> None:
    watched = await watch(browser, appliance)
    await watched.go("/replay/x")
    await expect(watched.page.get_by_text("A log's address")).to_be_visible()
