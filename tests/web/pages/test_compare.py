"""Two logs side by side in a real browser: read, walked, and told what to ignore."""

import json
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.running import bearer, make_key, register

pytestmark = pytest.mark.browser
HOSTILE = "<script>window.stolen=1</script><img src=x onerror=window.stolen=1>"


def answer(n: int, **fields: Any) -> dict[str, Any]:
    orders = [{"id": i, "note": HOSTILE} for i in range(30)]
    return {
        "method": "POST",
        "url": f"https://pay.internal/orders/{n}?{HOSTILE}",
        "path": f"/orders/{n}",
        "status_code": 200,
        "latency_ms": 20.0,
        "request_headers": {"Content-Type": "application/json", "X-Odd": HOSTILE},
        "request_body": json.dumps({"n": n, HOSTILE: HOSTILE}),
        "response_headers": {"Content-Type": "application/json", "X-Node": f"n{n}"},
        "response_body": json.dumps({"at": n, "ok": True, "orders": orders}),
        **fields,
    }


async def fill(client: httpx.AsyncClient) -> list[str]:
    """Three that went well, then one that did not."""
    service = await register(client)
    key = await make_key(client, service["id"])
    failed = json.dumps({"at": 4, "error": HOSTILE})
    logs = [
        *(answer(n) for n in range(3)),
        answer(
            3, status_code=503, latency_ms=2345, response_body=failed, error=HOSTILE
        ),
    ]
    made = []
    for log in logs:
        pushed = await client.post("/v1/logs", json=log, headers=bearer(key["raw_key"]))
        assert pushed.status_code == 201, pushed.text
        made.append(pushed.json()["id"])
    return made


async def test_what_differs_from_the_last_good_one_is_one_click_away(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    *_, earlier, good, bad = await fill(client)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"/log/{bad}")
    await page.get_by_role("link", name="What differs from the last good one").click()
    await expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    for name, text in (
        ("status", "200 → 503"),
        ("time", "+2.33 s"),
        ("sent", "±0"),
    ):
        await expect(page.locator(f"[data-delta={name}]")).to_have_text(text)
    body = page.get_by_role("region", name="Body, by path").first
    await expect(body).to_contain_text("$.error")
    # It differs between any two, so it is folded with the reason.
    headers = page.get_by_role("region", name="Headers 1", exact=True).first
    await expect(headers.get_by_text("x-node").first).to_be_hidden()
    await headers.get_by_text("1 that differs anyway").click()
    await expect(
        headers.get_by_text("earlier answers of this endpoint")
    ).to_be_visible()

    # Keys go through what is to be seen, around the end.
    at = page.locator("tr[data-at]")
    await page.keyboard.press("n")
    await expect(at).to_contain_text("x-node")
    await page.keyboard.press("n")
    await expect(at).to_contain_text("$.")
    await page.keyboard.press("p")
    await page.keyboard.press("p")
    await expect(at).to_contain_text("$.")
    await expect(at).to_be_focused()

    row = body.locator("tr", has_text="$.error")
    await row.get_by_role("button", name="Always ignore here").click()
    await expect(body.get_by_text("2 that differ anyway")).to_be_visible()
    await expect(row).to_be_hidden()
    rules = page.locator("section", has=page.get_by_role("heading", name="Rules here"))
    await expect(rules).to_contain_text("/orders/{id}")
    await body.get_by_text("2 that differ anyway").click()
    await row.get_by_role("button", name="Do not ignore").click()
    await expect(rules).to_contain_text("counts")
    await expect(row).to_be_visible()
    await rules.get_by_role("button", name="Remove").click()
    await expect(rules).to_have_count(0)

    await page.get_by_role("link", name="Text", exact=True).click()
    lines = page.get_by_role("region", name="Lines of both answers")
    await expect(lines).to_contain_text('"error"')
    # Until then its scripts hear no key.
    await page.wait_for_load_state("load")
    await page.keyboard.press("x")
    await expect(page.locator("[data-delta=status]")).to_have_text("503 → 200")
    assert f"a={bad}&b={good}&view=text" in page.url

    await watched.go(f"/compare?a={appliance.app_url}/log/{earlier}?from=x&b={good}")
    await expect(page.locator("[data-delta=status]")).to_have_text("same")
    assert await page.evaluate("window.stolen") is None
    assert watched.complaints == []
    await watched.go(f"/compare?b={earlier}")
    await expect(page.get_by_text("went well")).to_be_visible()


async def test_it_is_accessible_fits_and_keeps_to_itself(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
) -> None:
    *_, good, bad = await fill(client)
    watched = await watch(browser, appliance)
    for path in ("", f"?a={good}&b={bad}", f"?b={bad}&view=text", f"?a={bad}&b={bad}"):
        await watched.go(f"/compare{path}")
        assert await watched.findings_on_all_screens() == [], path
        assert await watched.page.evaluate("window.stolen") is None
    assert watched.complaints == []
