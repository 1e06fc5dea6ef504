"""The three pages in a real browser: what people do with them works."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.running import LOG, bearer, make_key, register

pytestmark = pytest.mark.browser
HOSTILE = "<script>window.stolen=1</script><img src=x onerror=window.stolen=1>\u202e"


async def fill(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """A service with logs of several kinds, a hostile one among them."""
    base_url = f"https://pay.{'long' * 15}.internal/{'path' * 30}"
    service = await register(client, name=f"Pay {HOSTILE}"[:60], base_url=base_url)
    key = await make_key(client, service["id"])
    made = []
    for n in range(60):
        log = {
            **LOG,
            "path": f"/orders/{n}" if n % 3 else "/charge",
            "status_code": (200, 404, 503)[n % 3],
            "latency_ms": 10.0 * n,
            "request_headers": {"Authorization": "x", "X-Odd": HOSTILE},
            "request_body": '{"amount": 1.10, "deep": [1, 2]}',
            "response_headers": {"Content-Type": "text/html"},
            "response_body": HOSTILE,
            "tags": ["nightly"],
            "error": HOSTILE if n == 59 else None,
        }
        answer = await client.post("/v1/logs", json=log, headers=bearer(key["raw_key"]))
        made.append(answer.json())
    return made


async def test_a_service_whose_upstream_is_not_verified_says_so(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await register(client, base_url="https://pay.internal")
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/")
    assert await page.get_by_text("TLS not verified").count() == 0
    await page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("Routing, retention and masking").click()
    await dialog.get_by_label("Verify the upstream's certificate").uncheck()
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("TLS not verified")).to_have_count(2)
    assert await watched.serious_findings() == []
    assert watched.complaints == []


async def test_a_base_url_of_this_machine_is_offered_the_clients_host(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/")
    await page.get_by_role("button", name="Register a service").click()
    dialog = page.get_by_role("dialog")
    offer = dialog.get_by_text("this machine or network")
    for url, is_private in [
        ("http://127.0.0.1:3000", True),
        ("https://payments.example", False),
        ("http://[::1]:3000/a", True),
        ("http://10.example.org", False),
        ("http://192.168.1.5", True),
        ("https://172.32.0.1", False),
        ("http://web:8000", True),
        ("http://unix:/run/app.sock", True),
        ("nonsense", False),
        ("http://localhost:3000", True),
    ]:
        await dialog.get_by_label("Base URL").fill(url)
        await expect(offer).to_be_visible(visible=is_private)
    await dialog.get_by_label("Name").fill("shop")
    await dialog.get_by_label("Keep the client's Host").check()
    assert await watched.serious_findings() == []
    await dialog.get_by_role("button", name="Register").click()
    await expect(page.get_by_role("heading", name="shop")).to_be_visible()
    [made] = (await client.get("/v1/services")).json()["items"]
    assert (made["preserve_host"], made["forwarded_headers"]) == (True, "add")
    await watched.go("/troubleshooting")
    assert await watched.serious_findings() == []
    assert watched.complaints == []


async def test_every_page_is_accessible_fits_and_keeps_to_itself(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
) -> None:
    watched = await watch(browser, appliance)
    for path in ("/", "/dashboard"):
        await watched.go(path)
        assert await watched.findings_on_all_screens() == [], path
    [*_, log] = await fill(client)
    for path in ("/", "/dashboard", "/dashboard?q=zzz", f"/log/{log['id']}"):
        await watched.go(path)
        assert await watched.findings_on_all_screens() == [], path
        assert await watched.page.evaluate("window.stolen") is None
    assert watched.complaints == []


async def test_a_service_is_registered_changed_and_deleted(
    browser: Browser, appliance: Appliance
) -> None:
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/")
    await page.get_by_role("button", name="Register the first service").click()
    form = page.get_by_role("dialog", name="Register a service")
    await form.get_by_label("Name").fill("Payments API")
    await form.get_by_label("Base URL").fill("ftp://x")
    await form.get_by_role("button", name="Register").click()
    await expect(form.get_by_text("must begin with http://")).to_be_visible()
    await expect(form.get_by_label("Base URL")).to_be_focused()
    await form.get_by_label("Base URL").fill("https://pay.internal/v2")
    await form.get_by_role("button", name="Register").click()
    await expect(page.get_by_role("heading", name="Payments API")).to_be_visible()
    await page.get_by_role("link", name="Services").click()
    await expect(page.get_by_text("http://payments-api.localhost:")).to_be_visible()

    await page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Edit Payments API")
    await form.get_by_label("Description").fill("Takes money")
    await form.get_by_text("Routing, retention and masking").click()
    await form.get_by_label("Mask in addition").fill("$.card.number\npin")
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Takes money", exact=True).first).to_be_visible()

    await page.get_by_role("button", name="Delete").click()
    form = page.get_by_role("dialog", name="Delete Payments API?")
    await form.get_by_label("Type the name").fill("Payments")
    await form.get_by_role("button", name="Delete").click()
    await expect(form.get_by_text("not the same")).to_be_visible()
    await form.get_by_label("Type the name").fill("Payments API")
    await form.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Register the first service")).to_be_visible()
    assert [c for c in watched.complaints if "422" not in c] == []


async def test_line_breaks_survive_an_edit_of_something_else(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    broken = "\nfirst\n\nsecond"
    service = await register(client, name="Pay", description=broken)
    rule = {
        "service_id": service["id"],
        "name": "Exactly",
        "description": broken,
        "condition_field": "error",
        "condition_operator": "==",
        "condition_value": "one\ntwo",
    }
    made = (await client.post("/v1/alerts", json=rule)).json()
    watched = await watch(browser, appliance)
    page = watched.page
    for path, named in (("/", "Pay"), (f"/alerts-ui?alert={made['id']}", "Exactly")):
        await watched.go(path)
        await page.get_by_role("button", name="Edit").click()
        form = page.locator("dialog[open]")
        await form.get_by_label("Name").first.fill(f"{named} anew")
        await form.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("heading", name=f"{named} anew")).to_be_visible()
    found = (await client.get(f"/v1/services/{service['id']}")).json()
    assert (found["name"], found["description"]) == ("Pay anew", broken)
    changed = (await client.get(f"/v1/alerts/{made['id']}")).json()
    assert changed["description"] == broken
    assert changed["condition_value"] == "one\ntwo"


async def test_a_key_is_shown_once_copied_and_revoked(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await register(client)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/")
    await page.get_by_label("Name of a new key").fill("ci")
    await page.get_by_role("button", name="Create a key").click()
    shown = page.get_by_label("The new key")
    await expect(shown).to_contain_text("mkey_")
    raw = await shown.inner_text()
    await page.get_by_role("button", name="Copy the new key").click()
    await expect(page.get_by_text("Copied.")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == raw
    assert (await client.post("/v1/logs", json=LOG, headers=bearer(raw))).is_success
    await page.get_by_role("link", name="I have copied it").click()
    await expect(page.get_by_text(raw)).to_have_count(0)
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Revoke ci").click()
    await expect(page.get_by_text("revoked")).to_be_visible()
    refused = await client.post("/v1/logs", json=LOG, headers=bearer(raw))
    assert refused.status_code == 401
    assert watched.complaints == []


async def test_filters_act_at_once_and_live_in_the_url(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await fill(client)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/dashboard")
    rows = page.locator(".logs tbody tr")
    await expect(page.locator("#count")).to_contain_text("60 logs")
    await expect(rows).to_have_count(50)
    await page.get_by_text("More filters").click()
    await page.get_by_label("Status", exact=True).select_option("5xx")
    await expect(page.locator("#count")).to_contain_text("20 logs")
    assert "status_class=5xx" in page.url
    await page.get_by_label("Search").fill("orders/5")
    await expect(rows).to_have_count(5)
    assert "query=orders%2F5" in page.url
    await page.reload()
    await expect(rows).to_have_count(5)
    await expect(page.get_by_label("Search")).to_have_value("orders/5")
    await page.get_by_label("Search").fill("nothing like it")
    await expect(page.get_by_role("heading", name="No log matches")).to_be_visible()
    await page.get_by_label("Status", exact=True).select_option("")
    await page.get_by_label("Search").fill("status:5xx nothing")
    parts = page.locator(".parts li")
    await expect(parts).to_have_text(
        [
            re.compile("status:5xx alone matches 20; *without it 0"),
            re.compile("nothing alone matches 0; *without it 20"),
        ]
    )
    assert watched.complaints == []
    await page.get_by_label("Search").fill("status:5xx statu:1")
    wrong = page.locator("#query-wrong")
    await expect(wrong.locator("mark")).to_have_text("statu")
    await expect(wrong).to_contain_text("perhaps `status`")
    await page.reload()
    await expect(wrong.locator("mark")).to_have_text("statu")
    await page.get_by_label("Search").fill("status:5xx")
    await expect(rows).to_have_count(20)
    await expect(wrong).to_be_hidden()


async def test_a_narrow_table_shows_how_long_each_took(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await fill(client)
    watched = await watch(browser, appliance, width=390)
    await watched.go("/dashboard")
    first = watched.page.locator(".logs tbody tr").first
    await expect(first.get_by_text("590 ms")).to_be_visible()


async def test_older_and_newer_lead_through_the_list(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await fill(client)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/dashboard")
    rows = page.locator(".logs tbody tr")
    first = await rows.first.inner_text()
    await page.get_by_role("link", name="Older").click()
    await expect(rows).to_have_count(10)
    await page.get_by_role("link", name="Newer").click()
    await expect(rows).to_have_count(50)
    assert await rows.first.inner_text() == first
    await page.get_by_role("link", name="Newest").click()
    await expect(page).to_have_url(f"{appliance.app_url}/dashboard")


async def test_a_log_is_opened_by_keyboard_and_shown_as_text(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await fill(client)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/dashboard?status_class=5xx")
    await page.keyboard.press("/")
    await expect(page.get_by_label("Search")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    first = page.locator(".logs tbody tr").first.locator(".path-line > a")
    await expect(first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(
        page.get_by_role("heading", name="Request", exact=True)
    ).to_be_visible()
    await expect(page.get_by_text("masked", exact=True)).to_be_visible()
    body = page.get_by_role("region", name="Request body")
    await expect(body).to_contain_text('"amount": 1.10')
    await page.get_by_role("button", name="Raw request body").click()
    raw = page.get_by_role("region", name="Request body, raw")
    await expect(raw).to_have_text('{"amount": 1.10, "deep": [1, 2]}')
    answered = page.get_by_role("region", name="Response body")
    await expect(answered).to_contain_text("<script>window.stolen=1</script>")
    assert await page.evaluate("window.stolen") is None
    await page.get_by_role("link", name="← Logs").click()
    assert page.url.endswith("/dashboard?status_class=5xx")
    assert watched.complaints == []
