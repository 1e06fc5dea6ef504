"""The page that takes HAR archives, in a real browser."""

from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, FilePayload, expect

from appliance.start.running import Appliance
from tests.support.browsing import plain_page, watch
from tests.support.har_archives import har
from tests.support.running import appliance_on, client_of, register

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=window.stolen=1>"


def archive(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/json", "buffer": content}


async def test_archives_are_dropped_sent_and_what_was_left_out_is_named(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await register(client, name="first")
    service = await register(client, name="second")
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/dashboard")
    await page.get_by_role("link", name="Import").click()
    await page.wait_for_url("**/import")
    await page.get_by_label("Service").select_option("second")
    good = archive(f"{HOSTILE}.har", har("https://x.example/a", "blob:x", "no URL"))
    bad = archive("b.har", b"[]")
    await page.get_by_label("Choose archives").set_input_files([good, bad])
    await page.get_by_role("button", name="Import").press("Enter")
    await expect(page.locator("#result-list article")).to_have_count(2)
    text = await page.locator("#results").inner_text()
    assert "1 stored" in text
    assert "2 entries were left out" in text
    assert "entry 1: request.url" in text
    assert "no array log.entries" in text
    await expect(page.locator("#results-title")).to_be_focused()
    assert await watched.serious_findings() == []
    assert await page.evaluate("window.stolen") is None
    # Dropped, as a file manager does.
    await page.evaluate(
        """(content) => {
          const data = new DataTransfer();
          data.items.add(new File([content], "dropped.har"));
          for (const name of ["dragover", "drop"]) {
            const event = new DragEvent(name, { dataTransfer: data, cancelable: true });
            document.getElementById("drop").dispatchEvent(event);
          }
        }""",
        har("https://x.example/b").decode(),
    )
    await page.get_by_role("button", name="Import").click()
    await expect(page.locator("#result-list article")).to_have_count(3)
    logs = (await client.get(f"/v1/logs?service_id={service['id']}")).json()["items"]
    assert {log["path"] for log in logs} == {"/a", "/b"}
    # The refusal of b.har is one that a browser notes.
    assert [one for one in watched.complaints if "422" not in one] == []


@pytest.mark.parametrize("width", [1280, 390])
async def test_it_is_accessible_and_fits(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    width: int,
) -> None:
    watched = await watch(browser, appliance, width=width)
    await watched.go("/import")
    assert await watched.serious_findings() == []
    await register(client, name="pay")
    await watched.go("/import")
    assert await watched.serious_findings() == []
    assert not await watched.is_wider_than_its_window()
    assert watched.complaints == []


async def test_a_closed_appliance_asks_who_imports(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD="pw-of-tests") as appliance,
        client_of(appliance) as client,
    ):
        assert (await client.get("/import")).headers["Location"].startswith("/signin")
        path = "/v1/logs/import/har?service_id=01a21e34-b814-7dc3-a688-79ae9a7fb7fe"
        answer = await client.post(path, json={"log": {"entries": []}})
        assert answer.status_code == 401


async def test_archives_are_taken_without_a_script_as_they_come(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await register(client, name="first")
    service = await register(client, name="second")
    page = await plain_page(browser)
    await page.goto(f"{appliance.app_url}/import")
    await page.get_by_label("Service").select_option("second")
    # The second is refused long before its end, and more than is ever held of it.
    good = archive(f"{HOSTILE}.har", har("https://x.example/a", "blob:x", "no URL"))
    bad = archive("b.har", b"[1," + b" " * 4_000_000 + b"2]")
    last = archive("c.har", har("https://x.example/c"))
    await page.get_by_label("Choose archives").set_input_files([good, bad, last])
    await page.get_by_role("button", name="Import").click()
    results = page.locator("#result-list article")
    await expect(results).to_have_count(3)
    await expect(results.nth(0)).to_contain_text("1 stored")
    await expect(results.nth(0)).to_contain_text("2 entries were left out")
    await expect(results.nth(0)).to_contain_text("entry 1: request.url")
    await expect(results.nth(1)).to_contain_text("no array log.entries")
    await results.nth(2).get_by_role("link", name="See them").click()
    logs = (await client.get(f"/v1/logs?service_id={service['id']}")).json()
    assert sorted(log["path"] for log in logs["items"]) == ["/a", "/c"]
    assert await page.evaluate("window.stolen") is None
    # Without the form's token, or what is no form, nothing is taken.
    for given, status in (
        ({"files": {"archive": ("a.har", har("https://x.example/d"))}}, 403),
        ({"data": {"archive": "x"}}, 400),
        ({"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
    ):
        answer = await client.post("/import", **given)
        assert answer.status_code == status, answer.text
    logs = (await client.get(f"/v1/logs?service_id={service['id']}")).json()
    assert logs["total"] == 2
