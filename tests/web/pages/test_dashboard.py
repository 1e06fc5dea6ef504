"""The list of logs in a real browser: narrowed, opened, picked, saved, by keys too."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from appliance.start.running import Appliance
from monitor.traffic.exchange import Body, BodyState
from monitor.traffic.ids import timestamp_of
from monitor.traffic.message import Medium, Messages
from tests.support.browsing import watch
from tests.support.exchanges import an_exchange
from tests.support.page_traffic import store
from tests.support.running import LOG, appliance_on, bearer, make_key, register

pytestmark = pytest.mark.browser
HOSTILE = "<script>window.stolen=1</script><img src=x onerror=window.stolen=1>\"'"


@pytest_asyncio.fixture(loop_scope="session")
async def appliance(database_url: str, tmp_path: Path) -> AsyncIterator[Appliance]:
    """One that has the time to count, however busy the machine is."""
    times = {"FACETS_TIMEOUT_MS": "60000"}
    async with appliance_on(database_url, tmp_path, **times) as made:
        yield made


async def push(client: httpx.AsyncClient, count: int = 12) -> list[dict[str, Any]]:
    """Logs of a service with a hostile name, every third a failure."""
    service = await register(client, name=f"Pay {HOSTILE}"[:80])
    key = bearer((await make_key(client, service["id"]))["raw_key"])
    logs = [
        {
            **LOG,
            "method": ("GET", "POST")[n % 2],
            "path": f"/orders/{n}" if n else f"/{HOSTILE}",
            "status_code": (200, 404, 503)[n % 3],
            "latency_ms": 10.0 + n,
            "tags": [HOSTILE] if n == 0 else [],
            "response_headers": {"X-Odd": HOSTILE},
            "response_body": HOSTILE,
            "error": "client_disconnect: gone" if n == 1 else None,
        }
        for n in range(count)
    ]
    answer = await client.post("/v1/logs/batch", json=logs, headers=key)
    assert answer.status_code == 201, answer.text
    return [
        {"id": id, **log} for id, log in zip(answer.json()["ids"], logs, strict=True)
    ]


def rows_of(page: Page) -> Any:
    return page.locator(".logs tbody tr")


async def test_it_is_narrowed_by_time_by_values_and_by_what_is_offered(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await push(client)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/dashboard?live=false")
    rows, facets = rows_of(page), page.get_by_label("Facets")
    await expect(rows).to_have_count(12)
    await expect(facets.get_by_role("heading", name="Status")).to_be_visible()
    heights = await rows.evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert set(heights) == {28}
    first = rows.filter(has_text=re.compile(r"/orders/1(?!\d)"))
    await expect(rows.get_by_text("aborted")).to_have_count(1)
    assert await watched.serious_findings() == []

    await facets.get_by_role("link", name=re.compile("^5xx")).click()
    await expect(rows).to_have_count(4)
    await expect(page.get_by_label("Search")).to_have_value("status:5xx")
    await expect(facets.locator("a[aria-current]")).to_contain_text("5xx")
    await facets.get_by_role("link", name="Without POST").focus()
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(2)
    assert "-method" in page.url
    await page.go_back()
    await expect(rows).to_have_count(4)
    await page.go_back()
    await expect(rows).to_have_count(12)
    await expect(page.get_by_label("Search")).to_have_value("")

    await first.hover()
    await first.locator(".status").hover()
    await first.get_by_label(re.compile("Only logs with status:404")).first.click()
    await expect(rows).to_have_count(4)
    await page.get_by_label("Search").fill("")
    await expect(rows).to_have_count(12)

    box = page.get_by_role("combobox", name="Search")
    await box.press_sequentially("meth")
    offer = page.get_by_role("option", name="method:")
    await expect(offer).to_be_visible()
    # What was offered for fewer letters is gone.
    await expect(page.locator("#query-options > li")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await expect(box).to_have_attribute("aria-activedescendant", "query-option-0")
    assert await watched.serious_findings() == []
    await page.keyboard.press("Enter")
    await expect(box).to_have_value("method:")
    await expect(page.get_by_role("option", name="method:POST")).to_contain_text("6")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await expect(box).to_have_value(re.compile("^method:(GET|POST) $"))
    await expect(rows).to_have_count(6)
    await page.keyboard.press("Escape")
    await box.fill("")
    await expect(rows).to_have_count(12)

    strip = page.get_by_role("slider")
    await expect(strip).to_have_attribute("aria-valuetext", re.compile("12 requests"))
    await strip.focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("since=.*until="))
    await expect(rows).to_have_count(12)
    await page.get_by_role("link", name="15m").click()
    await expect(page).to_have_url(re.compile(r"range=15m"))
    assert "since" not in page.url
    await expect(page.get_by_role("link", name="15m")).to_have_attribute(
        "aria-current", "true"
    )
    await expect(strip).to_have_attribute(
        "aria-valuetext", re.compile(": 0 requests|: 12")
    )
    await strip.hover(position={"x": 3, "y": 20})
    await page.mouse.down()
    box_of = await strip.bounding_box()
    assert box_of is not None
    await page.mouse.move(box_of["x"] + box_of["width"] - 2, box_of["y"] + 20)
    await page.mouse.up()
    await expect(page).to_have_url(re.compile("since=.*until="))
    own = page.locator("[data-window]")
    await expect(own).to_have_text(re.compile(r"\d to .*\d"))
    await expect(own).to_have_attribute("title", re.compile("^UTC: 20.*Z to 20.*Z$"))
    await expect(rows).to_have_count(12)
    await page.go_back()
    await expect(page).to_have_url(re.compile("range=15m"))
    await page.get_by_text("Columns", exact=True).click()
    await page.get_by_label("Client column").check()
    await page.get_by_label("Size column").uncheck()
    await expect(page).to_have_url(re.compile("columns=(?!.*size).*client"))
    await page.reload()
    await expect(page.get_by_role("columnheader", name="Client")).to_be_visible()
    await expect(page.get_by_role("columnheader", name="Size")).to_have_count(0)
    assert await page.evaluate("window.stolen") is None
    assert watched.complaints == []


async def test_a_log_opens_beside_the_list_at_its_own_address(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    logs = await push(client)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/dashboard?query=-status:404&live=false")
    rows, pane = rows_of(page), page.get_by_label("The log", exact=True)
    await expect(rows).to_have_count(8)
    listed = page.url
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(pane.get_by_role("heading", level=1)).to_contain_text("/orders/11")
    assert page.url.startswith(f"{appliance.app_url}/log/{logs[11]['id']}?from=")
    await expect(rows).to_have_count(8)
    await expect(pane).to_be_focused()
    await expect(rows.first).to_have_attribute("aria-current", "true")
    assert await watched.serious_findings() == []
    assert not await watched.is_wider_than_its_window()
    await page.keyboard.press("j")
    await expect(pane.get_by_role("heading", level=1)).to_contain_text("/orders/9")
    assert logs[9]["id"] in page.url
    await page.keyboard.press("Escape")
    await expect(pane).to_be_hidden()
    assert page.url == listed
    await page.go_back()
    await expect(pane).to_be_visible()
    assert logs[9]["id"] in page.url
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("/orders/9")
    await expect(page.locator(".logs")).to_have_count(0)

    await watched.go("/dashboard?live=false")
    await rows.last.locator(".path-line > a").click()
    await expect(pane.get_by_role("heading", level=1)).to_contain_text("<script>")
    await pane.get_by_role("button", name="Pin, tag, note").click()
    await page.get_by_label("Keep this log past its retention").check()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(pane.get_by_role("button", name="Pinned")).to_be_visible()
    assert logs[0]["id"] in page.url
    await page.go_back()
    await expect(pane).to_be_hidden()
    assert await page.evaluate("window.stolen") is None
    assert watched.complaints == []


async def test_rows_are_picked_and_what_is_done_with_them_is_counted_before(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    logs = await push(client)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/dashboard?live=false")
    rows, bar = rows_of(page), page.get_by_role("toolbar", name="Selected logs")
    await expect(rows).to_have_count(12)
    await expect(bar).to_be_hidden()
    await rows.nth(0).get_by_role("checkbox").check()
    await rows.nth(2).get_by_role("checkbox").click(modifiers=["Shift"])
    await expect(bar).to_contain_text("3 selected")
    await expect(bar.get_by_role("link", name="Compare")).to_be_hidden()
    await rows.nth(1).get_by_role("checkbox").uncheck()
    both = {logs[11]["id"], logs[9]["id"]}
    href = await bar.get_by_role("link", name="Compare").get_attribute("href") or ""
    assert set(re.findall(r"[ab]=([0-9a-f-]+)", href)) == both
    assert await watched.serious_findings() == []

    await bar.get_by_role("button", name="Tag").click()
    await page.get_by_role("dialog").get_by_label("Tag").fill("mine")
    await page.keyboard.press("Enter")
    await expect(rows.get_by_text("mine")).to_have_count(2)
    await bar.get_by_role("button", name="Pin").click()
    await expect(rows.get_by_title("pinned", exact=True)).to_have_count(2)
    async with page.expect_download() as loading:
        await bar.get_by_role("button", name="HAR").click()
    path = await (await loading.value).path()
    assert path is not None
    assert path.read_text().count('"startedDateTime"') == 2

    asked: list[str] = []

    async def agree(dialog: Any) -> None:
        asked.append(dialog.message)
        await dialog.accept()

    page.on("dialog", agree)
    await bar.get_by_role("button", name="Replay").click()
    sent = page.get_by_role("dialog", name="Sent again")
    await expect(sent.get_by_role("listitem")).to_have_count(2)
    await sent.get_by_role("button", name="Close").click()
    await bar.get_by_role("button", name="Delete").click()
    await expect(bar).to_be_hidden()
    await expect(page.locator("#count")).to_contain_text("10 logs")
    assert asked[0].startswith("Send 2 requests again (2 POST)?")
    assert asked[1].startswith("Delete 2 logs")
    assert [c for c in watched.complaints if "409" not in c] == []


@pytest.mark.parametrize(
    ("width", "touch", "scheme"),
    [(1280, False, "light"), (390, True, "dark"), (1024, True, "light")],
)
async def test_a_row_is_pinned_noted_and_narrowed_by_where_it_is(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    width: int,
    touch: bool,
    scheme: str,
) -> None:
    logs = await push(client)
    watched = await watch(browser, appliance, scheme=scheme, width=width, touch=touch)
    page = watched.page
    await watched.go("/dashboard?live=false")
    rows, dialog = rows_of(page), page.get_by_role("dialog")
    row = page.locator(f'.logs tr[data-log="{logs[0]["id"]}"]')
    link = row.locator(".path-line > a")
    await expect(rows).to_have_count(12)
    if touch:
        await row.get_by_role("button", name="What to do").tap()
        assert await watched.serious_findings() == []
        assert not await watched.is_wider_than_its_window()
        await dialog.get_by_role("button", name="Pin").tap()
        await expect(row.get_by_title("pinned", exact=True)).to_be_visible()
        await row.get_by_role("button", name="What to do").tap()
        await dialog.get_by_role("button", name="Tags and note").tap()
    else:
        await link.focus()
        await page.keyboard.press("p")
        await expect(row.get_by_title("pinned", exact=True)).to_be_visible()
        await expect(link).to_be_focused()
        pin = row.get_by_role("button", name="Pin")
        await expect(pin).to_have_attribute("aria-pressed", "true")
        await pin.click()
        await expect(row.get_by_title("pinned", exact=True)).to_have_count(0)
        await link.focus()
        await page.keyboard.press("t")
    await dialog.get_by_label("Tags").fill(f"mine\n{HOSTILE}")
    await dialog.get_by_label("Note").fill(HOSTILE)
    await dialog.get_by_role("button", name="Save").click()
    await expect(row.get_by_text("mine")).to_be_visible()
    await expect(row.get_by_title("note: <script>")).to_be_visible()
    await expect(link if not touch else row.locator(":focus")).to_be_focused()
    shown = (await client.get(f"/v1/logs/{logs[0]['id']}")).json()
    assert (shown["pinned"], shown["note"]) == (touch, HOSTILE)
    assert set(shown["tags"]) == {"mine", HOSTILE}

    await row.get_by_role("button", name="What to do").click()
    await expect(dialog.get_by_text(HOSTILE, exact=True)).to_be_visible()
    only = dialog.get_by_label("Only logs with method:GET")
    box = await only.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= (40 if touch else 24)
    await only.click()
    await expect(rows).to_have_count(6)
    await expect(dialog).to_be_hidden()
    await expect(page).to_have_url(re.compile("live=false"))
    await row.get_by_role("button", name="What to do").click()
    await dialog.get_by_label("Only logs without tag:mine").click()
    await expect(rows).to_have_count(5)
    await rows.first.get_by_role("button", name="What to do").click()
    slower = dialog.get_by_label(re.compile("Only logs with latency:>="))
    await expect(slower.locator("xpath=ancestor::p")).to_contain_text(
        re.compile(r"Latency\s*\d+ ms")
    )
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    assert await page.evaluate("window.stolen") is None
    assert watched.complaints == []


async def test_each_mark_is_said_in_its_row_and_times_are_of_both_clocks(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    database_url: str,
) -> None:
    service = await register(client, base_url="http://127.0.0.1:9")
    key = bearer((await make_key(client, service["id"]))["raw_key"])
    owner = UUID(service["id"])
    made: dict[str, dict[str, Any]] = {
        "truncated": {"response_body": Body(kept=b"ab", size=9)},
        "masked": {"request_body": Body(kept=b"{}", size=2, state=BodyState.REDACTED)},
        "body withheld": {
            "response_body": Body(kept=b"", size=5, state=BodyState.WITHHELD)
        },
        "WebSocket": {"messages": Messages(medium=Medium.WEBSOCKET, kept=(), count=3)},
        "event stream": {
            "messages": Messages(medium=Medium.EVENT_STREAM, kept=(), count=3)
        },
        "client_disconnect: gone": {"error": "client_disconnect: gone"},
        "upstream_timeout: 60 s": {"error": "upstream_timeout: 60 s"},
        "pinned": {},
        "replayed since": {"url": "http://127.0.0.1:9/a"},
    }
    logs = {name: an_exchange(owner, **fields) for name, fields in made.items()}
    await store(database_url, list(logs.values()))
    pinned, replayed = logs["pinned"].id, logs["replayed since"].id
    await client.patch(f"/v1/logs/{pinned}", json={"pinned": True})
    answer = await client.post(f"/v1/logs/{replayed}/replay", json={}, headers=key)
    assert answer.status_code == 201, answer.text
    context = await browser.new_context(timezone_id="Asia/Tokyo")
    page = await context.new_page()
    await page.goto(f"{appliance.app_url}/dashboard?live=false")
    for name, log in logs.items():
        row = page.locator(f'.logs tr[data-log="{log.id}"]')
        await expect(row.locator(".signs > [title]")).to_have_count(1)
        await expect(row.get_by_title(name, exact=True)).to_be_visible()
    time = page.locator(f'.logs tr[data-log="{pinned}"] time')
    utc = timestamp_of(pinned)
    local = utc.astimezone(ZoneInfo("Asia/Tokyo"))
    await expect(time).to_contain_text(f"{local:%H:%M:%S}")
    await expect(time).to_have_attribute("title", re.compile(f"T{utc:%H:%M:%S}.*Z$"))

    # What is chosen by one's own clock is a link that says the same elsewhere.
    picker, zones = page.locator("[data-window]"), page.get_by_label("Times are shown")
    minute = local.replace(second=0, microsecond=0)
    await picker.click()
    await page.get_by_label("From", exact=True).fill(f"{minute:%Y-%m-%dT%H:%M}")
    until = minute + timedelta(minutes=2)
    await page.get_by_label("Until", exact=True).fill(f"{until:%Y-%m-%dT%H:%M}")
    await page.get_by_role("button", name="Show", exact=True).click()
    since = minute.astimezone(UTC)
    await expect(page).to_have_url(re.compile(f"since={since:%Y-%m-%dT%H}%3A"))
    await expect(page).to_have_url(re.compile("tz=Asia%2FTokyo"))
    await expect(time).to_be_visible()
    other = await browser.new_context(timezone_id="America/New_York")
    shared = await other.new_page()
    await shared.goto(page.url)
    window = shared.locator("[data-window]")
    await expect(window).to_have_text(
        re.compile(f"{minute:%H:%M} to .*{until:%H:%M}, Asia/Tokyo")
    )
    there = shared.locator(f'.logs tr[data-log="{pinned}"] time')
    await expect(there).to_contain_text(f"{local:%H:%M:%S}")
    await window.click()
    await shared.get_by_label("Times are shown").select_option("America/New_York")
    await expect(there).to_contain_text(
        f"{utc.astimezone(ZoneInfo('America/New_York')):%H:%M:%S}"
    )
    await page.goto(f"{appliance.app_url}/dashboard?live=false")
    await picker.click()
    await zones.select_option("UTC")
    await expect(page).to_have_url(re.compile("tz=UTC"))
    await expect(time).to_contain_text(f"{utc:%H:%M:%S}")
    await page.locator(".logs .path-line > a").first.click()
    began = page.get_by_label("The log", exact=True).locator("time").first
    await expect(began).to_contain_text(f"{utc:%I:%M}".lstrip("0"))
    await page.goto(f"{appliance.app_url}/dashboard?tz=No/Where")
    await expect(page.locator("[data-window]")).to_contain_text("UTC")
    answer = await client.get("/dashboard?tz=../etc")
    assert (answer.status_code, "must name a time zone" in answer.text) == (422, True)


async def test_views_are_saved_for_all_and_the_palette_reaches_everything(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await push(client)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/dashboard?query=status:5xx&range=24h&live=false")
    await page.get_by_text("Views", exact=True).click()
    await page.get_by_role("button", name="Save this as a view").click()
    saving = page.get_by_role("dialog", name="Save this as a view")
    await saving.get_by_label("Name").fill("Failed <b>")
    await saving.get_by_role("button", name="Save").click()
    tabs = page.get_by_label("Saved views")
    shown = tabs.get_by_role("link", name="Failed <b>")
    await expect(shown).to_have_attribute("aria-current", "page")
    await expect(rows_of(page)).to_have_count(4)
    await tabs.get_by_role("link", name="All").click()
    await expect(rows_of(page)).to_have_count(12)
    await expect(shown).not_to_have_attribute("aria-current", "page")
    await page.keyboard.press("]")
    await expect(rows_of(page)).to_have_count(4)
    [view] = (await client.get("/v1/views")).json()["items"]
    assert view["filters"] == {"query": "status:5xx"}
    assert view["range"] == "24h"

    await page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Go to")
    for text, kind in [
        ("tok", "Page"),
        ("open now", "Page"),
        ("send a request", "Page"),
        ("compare two", "Page"),
        ("endpoints", "Page"),
        ("failed", "View"),
        ("pay", "Service"),
        ("live", "Action"),
    ]:
        await palette.get_by_role("combobox").fill(text)
        option = palette.get_by_role("option").filter(has_text=kind).first
        await expect(option).to_be_visible()
    assert await watched.serious_findings() == []
    await palette.get_by_role("combobox").fill("failed")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("query=status"))
    await page.keyboard.press("Control+k")
    await palette.get_by_role("combobox").fill("dark")
    await page.keyboard.press("Enter")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_text("Views", exact=True).click()
    await page.get_by_role("button", name="Change or remove").click()
    await page.get_by_role("button", name="Remove").click()
    await expect(tabs.get_by_role("link")).to_have_count(1)
    # Its scripts are there by then.
    await page.wait_for_load_state("load")
    await page.keyboard.press("?")
    help = page.get_by_role("dialog", name="Keyboard shortcuts")
    await help.get_by_label("Single letters are shortcuts").uncheck()
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await page.keyboard.press("?")
    await expect(help).to_be_hidden()
    assert page.url.endswith("/dashboard")
    assert watched.complaints == []


async def test_on_a_phone_it_fits_and_a_log_is_a_page(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await push(client)
    watched = await watch(browser, appliance, width=390)
    page = watched.page
    await watched.go("/dashboard?live=false")
    await expect(rows_of(page)).to_have_count(12)
    await page.get_by_role("button", name="Facets").click()
    await expect(page.get_by_label("Facets")).to_contain_text("Endpoint")
    assert await watched.serious_findings() == []
    assert not await watched.is_wider_than_its_window()
    await page.get_by_label("Search").fill("sta")
    await page.get_by_role("option", name="status:").first.click()
    await expect(page.get_by_label("Search")).to_have_value("status:")
    await page.get_by_label("Search").fill("")
    await rows_of(page).first.locator(".path-line > a").click()
    await expect(page.locator(".logs")).to_have_count(0)
    assert watched.complaints == []


async def test_without_scripts_it_is_listed_filtered_and_opened(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await push(client)
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{appliance.app_url}/dashboard")
    await page.get_by_label("Search").fill("status:503 -method:POST")
    await page.get_by_role("button", name="Filter").click()
    await expect(rows_of(page)).to_have_count(2)
    await page.get_by_text("Columns", exact=True).click()
    await page.get_by_label("Client column").check()
    await page.get_by_role("button", name="Show these").click()
    await expect(page.get_by_role("columnheader", name="Client")).to_be_visible()
    await page.get_by_role("link", name="24h").click()
    await expect(rows_of(page)).to_have_count(2)
    # What needs a script is not there to be pressed.
    assert await page.locator("button[type=button]:visible").count() == 0
    await page.goto(f"{appliance.app_url}/dashboard?query=-status:404&counts=wait")
    await page.get_by_text("By time, as a table").click()
    over_time = page.get_by_role("region", name="By time").get_by_role("link")
    await over_time.last.click()
    assert "since=" in page.url
    await expect(rows_of(page)).to_have_count(8)
    await page.goto(f"{page.url}&counts=wait")
    facets = page.get_by_label("Facets")
    await facets.get_by_role("link", name=re.compile("^5xx")).click()
    await expect(rows_of(page)).to_have_count(4)
    await expect(page.get_by_label("Search")).to_have_value("-status:404 status:5xx")
    await page.set_viewport_size({"width": 390, "height": 900})
    await page.goto(f"{page.url}&counts=wait")
    await facets.get_by_role("link", name="Without POST").click()
    await expect(rows_of(page)).to_have_count(2)
    await rows_of(page).first.locator(".path-line > a").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("/orders/8")

    listed = f"{appliance.app_url}/dashboard?query=status:503&range=24h&columns=id"
    await page.goto(listed)
    await page.get_by_text("Views", exact=True).click()
    await page.get_by_role("link", name="All views, as a page").click()
    await page.get_by_label("Name", exact=True).fill(HOSTILE)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("columnheader", name="Id")).to_be_visible()
    [view] = (await client.get("/v1/views")).json()["items"]
    kept = {"filters": {"query": "status:503"}, "range": "24h", "name": HOSTILE}
    assert kept.items() <= view.items() and "id" in view["columns"]
    await page.goto(f"{appliance.app_url}/views?from=range=1h")
    await page.get_by_label("Name", exact=True).fill(HOSTILE)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("already")
    await expect(page.get_by_label("Name", exact=True)).to_have_value(HOSTILE)
    await page.get_by_role("button", name="Have it show this list").click()
    view = (await client.get("/v1/views")).json()["items"][0]
    assert (view["name"], view["filters"], view["range"]) == (HOSTILE, {}, "1h")
    await page.goto(f"{appliance.app_url}/views?from=query=status:503")
    await page.get_by_role("button", name="Have it show this list").click()
    await page.get_by_label(f"New name of {HOSTILE}").fill("Broken")
    await page.get_by_role("button", name="Rename").click()
    await page.get_by_role("link", name="Broken").click()
    await expect(page.get_by_label("Search")).to_have_value("status:503")
    await page.go_back()
    await page.get_by_text("Remove …").click()
    await page.get_by_role("button", name="Remove “Broken”").click()
    await expect(page.get_by_text("None is saved yet.")).to_be_visible()
    assert (await client.get("/v1/views")).json()["total"] == 0


async def test_a_form_of_views_says_what_is_wrong_and_needs_its_token(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/views")).text
    [token] = set(re.findall('name="token" value="([^"]+)"', page))
    for path, fields, status, reason in (
        ("/views", {"name": " "}, 422, "name must not be blank"),
        ("/views", {"name": "a\0b"}, 422, "must not hold NUL"),
        ("/views", {"name": "x" * 129}, 422, "at most 128 characters"),
        ("/views", {"name": "a", "from": "query=(("}, 422, "query "),
        ("/views", {"name": "a", "from": "nothing=1"}, 422, "no such parameter"),
        ("/views", {"name": "a", "from": "range=2y"}, 422, "range must be one of"),
        ("/views", {"name": "a", "token": "x"}, 403, "out of date"),
        (f"/views/{UUID(int=1)}", {"name": "a"}, 404, "no such view"),
        ("/views/x", {"do": "remove"}, 404, "no such view"),
    ):
        answer = await client.post(path, data={"token": token, **fields})
        assert (answer.status_code, reason in answer.text) == (status, True), fields
    assert (await client.get("/v1/views")).json()["total"] == 0
