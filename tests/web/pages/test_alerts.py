"""The pages of alerts in a real browser: rules, events, channels, deliveries."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.patience import PATIENCE_S
from tests.support.receivers import receiver, refusing_url
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

pytestmark = pytest.mark.browser
HOSTILE = "<script>window.stolen=1</script><img src=x onerror=window.stolen=1>\u202e"
PATHS = ("/alerts-ui", "/alerts-ui/channels")


async def made(client: httpx.AsyncClient, path: str, **fields: Any) -> dict[str, Any]:
    answer = await client.post(path, json=fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def fill(
    client: httpx.AsyncClient, database_url: str, url: str
) -> dict[str, Any]:
    """Rules of all kinds, a broken one and one with many events; two channels."""
    service = await register(client, name=f"Pay {HOSTILE}"[:60])
    key = await make_key(client, service["id"])
    of = {"service_id": service["id"]}
    await made(client, "/v1/channels", name=HOSTILE[:100], kind="webhook", url=url)
    await made(
        client, "/v1/channels", name="ops", kind="slack", url=refusing_url(), **of
    )
    over = {"window_s": 300, "condition_operator": ">", **of}
    await made(
        client,
        "/v1/alerts",
        name="Errors " * 15,
        aggregate="error_rate",
        condition_value="0.05",
        for_s=86_400,
        cooldown_s=3600,
        **over,
    )
    compared = {"condition_operator": ">=", "condition_value": "500", **of}
    broken = await made(
        client, "/v1/alerts", name="Slow", condition_field="latency_ms", **compared
    )
    paused = await made(
        client, "/v1/alerts", name="Old", condition_field="status_code", **compared
    )
    await client.patch(f"/v1/alerts/{paused['id']}", json={"is_active": False})
    rule = await made(
        client,
        "/v1/alerts",
        name=f"Broken {HOSTILE}"[:90],
        description=HOSTILE,
        condition_field="error",
        condition_operator="!=",
        condition_value=HOSTILE,
        **of,
    )
    for n in range(55):
        log = {**LOG, "error": f"{HOSTILE} {n}", "latency_ms": 700}
        await client.post("/v1/logs", json=log, headers=bearer(key["raw_key"]))
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "UPDATE apimonitor.alerts SET error = 'latency_ms is compared with a number' "
        "WHERE id = $1",
        broken["id"],
    )
    await connection.close()
    return {"rule": rule, "broken": broken, "service": service, "key": key}


async def test_the_pages_of_alerts_are_accessible_fit_and_keep_to_themselves(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    database_url: str,
) -> None:
    watched = await watch(browser, appliance)
    for path in PATHS:
        await watched.go(path)
        assert await watched.findings_on_all_screens() == [], path
    async with receiver(500) as there:
        filled = await fill(client, database_url, there.url)
        await there.until(1)
    broken = f"/alerts-ui?alert={filled['broken']['id']}"
    full = f"/alerts-ui?alert={filled['rule']['id']}&offset=50"
    for path in (*PATHS, broken, full):
        await watched.go(path)
        assert await watched.findings_on_all_screens() == [], path
        for opening in ("New rule", "Edit", "New channel"):
            button = watched.page.get_by_role("button", name=opening)
            if await button.count():
                await button.click()
                assert await watched.findings_on_all_screens() == [], (path, opening)
                await watched.page.keyboard.press("Escape")
        assert await watched.page.evaluate("window.stolen") is None
    assert watched.complaints == []


async def test_a_rule_is_made_fires_is_changed_paused_and_deleted(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    service = await register(client, name="Payments")
    key = await make_key(client, service["id"])
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/alerts-ui")
    # A link that opens a dialog is pressed as a button is.
    await page.get_by_role("button", name="Make the first rule").press("Space")
    form = page.get_by_role("dialog", name="New rule")
    await form.get_by_label("Name").fill("Too slow")
    await expect(form.get_by_label("Window, seconds")).to_be_hidden()
    await form.get_by_label("Field").select_option("latency_ms")
    await form.get_by_label("Value").fill("soon")
    await form.get_by_role("button", name="Make the rule").click()
    await expect(
        form.get_by_text("latency_ms is compared with a number")
    ).to_be_visible()
    await expect(form.get_by_label("Value")).to_be_focused()
    await expect(form.get_by_text("once the rule is complete")).to_be_visible()
    await form.get_by_label("Value").fill("2000")
    fired = "Would have fired 0 times in the last day, 0 times in the last week"
    await expect(form.get_by_text(fired)).to_be_visible()
    await form.get_by_role("button", name="Make the rule").click()
    await expect(page.get_by_role("heading", name="Too slow")).to_be_visible()
    await expect(page.get_by_text("a log has latency_ms >= 2000")).to_be_visible()
    await expect(page.get_by_text("This rule has not fired yet.")).to_be_visible()

    log = {**LOG, "latency_ms": 2500, "path": "/slow"}
    await client.post("/v1/logs", json=log, headers=bearer(key["raw_key"]))
    await page.reload()
    events = page.get_by_role("region", name="Events of this rule")
    await expect(events).to_contain_text("latency_ms >= 2000: GET had 2500")
    await events.get_by_role("link", name="Open").click()
    await expect(page.get_by_role("heading", name="GET 200 /slow")).to_have_count(0)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("/slow")
    await page.go_back()

    await page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Edit Too slow")
    await form.get_by_label("Looks at").select_option("count")
    await form.get_by_label("From how many logs").fill("3")
    await form.get_by_label("Window, seconds").fill("600")
    await form.get_by_role("button", name="Save").click()
    words = "3 or more logs have latency_ms >= 2000 within 10 min"
    await expect(page.get_by_text(words)).to_be_visible()
    await page.get_by_role("button", name="Edit").click()
    await form.get_by_label("Looks at").select_option("request_count")
    await expect(form.get_by_label("Field")).to_be_hidden()
    await form.get_by_label("Comparison").select_option("==")
    await form.get_by_label("Value").fill("0")
    await form.get_by_role("button", name="Save").click()
    words = "the number of requests is == 0 within 10 min"
    await expect(page.get_by_text(words)).to_be_visible()

    await page.get_by_role("button", name="Edit").click()
    await form.get_by_label("Looks at").select_option("")
    await form.get_by_label("Only logs that match").fill("pth:/v1")
    await form.get_by_label("Field").select_option("")
    await expect(form.get_by_label("Value")).to_be_hidden()
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_label("Only logs that match")).to_be_focused()
    await form.get_by_label("Only logs that match").fill("path:/v1")
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("a log matches `path:/v1`")).to_be_visible()

    await page.get_by_role("button", name="Edit").click()
    endpoint, query = form.get_by_label("Only an endpoint"), '"GET" endpoint:="/slow"'
    await endpoint.select_option("GET /slow")
    matching = form.get_by_label("Only logs that match")
    await expect(matching).to_have_value(f"method:={query} path:/v1")
    await matching.fill(f"method:={query}")
    await form.get_by_label("Looks at").select_option("p95_latency_ms")
    await form.get_by_label("Value").fill("1000")
    await form.get_by_role("button", name="Save").click()
    # It fires, and leads to what it measured.
    await expect(page.get_by_text("latency, in ms, of logs")).to_be_visible()
    async with asyncio.timeout(PATIENCE_S):
        while (await client.get("/v1/alerts")).json()["items"][0]["state"] != "firing":
            await asyncio.sleep(0.1)
    await page.reload()
    await events.get_by_role("link", name="Logs").first.click()
    await expect(page.locator(".logs tbody tr")).to_have_count(1)
    await expect(page.locator(".logs tbody tr")).to_contain_text("/slow")
    await page.go_back()

    await page.get_by_text("Mute", exact=True).click()
    until = page.get_by_label("Until", exact=True)
    await until.fill("2099-01-02T03:04")
    await until.press("Enter")
    await expect(page.get_by_text("2099", exact=False)).to_be_visible()
    await page.get_by_role("button", name="Unmute").click()
    await page.get_by_text("Mute", exact=True).click()
    await page.get_by_role("button", name="For an hour").click()
    await expect(page.get_by_text("events are made, nobody is told")).to_be_visible()
    await page.get_by_role("button", name="Unmute").click()
    await expect(page.get_by_text("Mute", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_role("button", name="Resume")).to_be_visible()
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Make the first rule")).to_be_visible()
    assert [c for c in watched.complaints if "422" not in c] == []


async def test_a_channel_is_made_tested_and_shows_each_attempt(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    watched = await watch(browser, appliance)
    page = watched.page
    async with receiver(500, 200) as there:
        await watched.go("/alerts-ui/channels")
        await page.get_by_role("button", name="Make the first channel").click()
        form = page.get_by_role("dialog", name="New channel")
        await form.get_by_label("Name").fill("on call")
        await form.get_by_label("Address").fill("mailto:x")
        await form.get_by_role("button", name="Make the channel").click()
        await expect(form.get_by_text("must begin with http://")).to_be_visible()
        await form.get_by_label("Address").fill(there.url)
        await form.get_by_role("button", name="Make the channel").click()
        await expect(page.get_by_label("The secret")).to_contain_text("whsec_")
        await page.get_by_role("link", name="I have copied it").click()
        await expect(page.get_by_role("heading", name="on call")).to_be_visible()
        rows = page.locator(".deliveries tbody tr")
        await page.get_by_role("button", name="Send a test").click()
        await expect(rows).to_have_count(1)
        await expect(rows.first).to_contain_text("failed")
        await expect(rows.first).to_contain_text("answered 500")
        await page.get_by_role("button", name="Send a test").click()
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text("delivered")
        await expect(rows.first).to_contain_text("answered 200")
        await page.get_by_role("button", name="Edit").click()
        form = page.get_by_role("dialog", name="Edit on call")
        await form.get_by_label("Name").fill("nobody")
        await form.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("heading", name="nobody")).to_be_visible()
        page.on("dialog", lambda dialog: dialog.accept())
        await page.get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("Make the first channel")).to_be_visible()
    assert [c for c in watched.complaints if "422" not in c] == []


async def test_a_closed_app_asks_for_the_password_first(
    browser: Browser, database_url: str, tmp_path: Path
) -> None:
    closed = appliance_on(database_url, tmp_path, ADMIN_PASSWORD="correct horse")
    async with closed as appliance, client_of(appliance) as client:
        for path in PATHS:
            answer = await client.get(path)
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/signin?next=")
        watched = await watch(browser, appliance)
        page = watched.page
        await watched.go("/alerts-ui/channels")
        await page.get_by_label("Password").fill("correct horse")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Make the first channel").click()
        form = page.get_by_role("dialog", name="New channel")
        await form.get_by_label("Name").fill("chat")
        await form.get_by_label("Kind").select_option("slack")
        await form.get_by_label("Address").fill("https://hooks.slack.example/T/B/X")
        await form.get_by_role("button", name="Make the channel").click()
        await expect(page.get_by_role("heading", name="chat")).to_be_visible()
        await expect(page.get_by_text("/***MASKED***")).to_be_visible()
        assert "/T/B/X" not in await page.content()
        assert watched.complaints == []
