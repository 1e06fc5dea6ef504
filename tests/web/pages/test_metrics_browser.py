"""The metrics in a real browser: charts are drawn, read, zoomed and followed."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.page_traffic import held, store, traffic
from tests.support.running import appliance_on, client_of, register

T = TypeVar("T")
pytestmark = pytest.mark.browser
# How many pixels of a canvas have each of the colours of the legend above it.
COUNT_INKS = """
plot => {
  const canvas = plot.querySelector("canvas");
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const swatches = plot.parentElement.querySelectorAll(".swatch");
  return Array.from(swatches, (swatch) => {
    const ink = getComputedStyle(swatch).backgroundColor.match(/\\d+/g).map(Number);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (ink.every((value, channel) => data[at + channel] === value)) count += 1;
    }
    return count;
  });
}
"""


async def fill(client: httpx.AsyncClient, database_url: str, count: int = 400) -> str:
    service = await register(client, name="pay <b>&")
    await store(database_url, traffic(UUID(service["id"]), count))
    id: str = service["id"]
    return id


async def inks(page: Page, id: str) -> list[int]:
    counted: list[int] = await page.locator(f"#{id}").evaluate(COUNT_INKS)
    return counted


async def comes_true(
    look: Callable[[], Awaitable[T]], is_so: Callable[[T], bool]
) -> bool:
    """Looking until it is so, two seconds at most; the policy forbids the browser's own
    waiting, which is made of eval."""
    for _ in range(3_000):
        if is_so(await look()):
            return True
        await asyncio.sleep(0.02)
    return False


async def place(plot: Locator) -> dict[str, float]:
    """Where the part of a chart is that is pointed at."""
    box: Any = await plot.locator(".u-over").bounding_box()
    return {**box, "middle": box["y"] + box["height"] / 2}


def query_of(page: Page) -> dict[str, str]:
    return {
        name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()
    }


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_page_is_accessible_fits_and_draws(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    database_url: str,
    width: int,
) -> None:
    watched = await watch(browser, appliance, width=width)
    page = watched.page
    await watched.go("/metrics-ui")
    await expect(page.get_by_text("Nothing to measure yet")).to_be_visible()
    assert await watched.serious_findings() == []
    id = await fill(client, database_url)
    for path in ("/metrics-ui", f"/metrics-ui?range=all&service_id={id}"):
        await watched.go(path)
        await expect(page.locator("#charts")).to_be_visible()
        await page.get_by_text("The series as a table").click()
        assert await watched.serious_findings() == [], path
        assert not await watched.is_wider_than_its_window(), path
        assert min(await inks(page, "volume")) > 20, path
        assert min(await inks(page, "latency")) > 20, path
    await watched.go(
        "/metrics-ui?range=15m&source=replay&since=2001-01-01&until=2001-01-02"
    )
    await expect(page.get_by_role("alert")).to_contain_text("since")
    assert await watched.serious_findings() == []
    assert [c for c in watched.complaints if "422" not in c] == []
    assert await page.evaluate("window.stolen") is None


async def test_a_chart_follows_the_theme_and_the_window(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient, database_url: str
) -> None:
    await fill(client, database_url)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/metrics-ui")
    canvas = page.locator("#volume canvas")
    await expect(canvas).to_be_visible()
    swatch = page.locator(".ink-requests")
    colour = "swatch => getComputedStyle(swatch).backgroundColor"
    light = await swatch.evaluate(colour)
    await page.emulate_media(color_scheme="dark")
    assert await swatch.evaluate(colour) != light
    assert await comes_true(lambda: inks(page, "volume"), lambda found: found[0] > 20)

    async def width() -> float:
        found: float = await canvas.evaluate("canvas => canvas.clientWidth")
        return found

    assert await width() > 500
    await page.set_viewport_size({"width": 500, "height": 800})
    assert await comes_true(width, lambda found: found < 500)
    assert not await watched.is_wider_than_its_window()
    assert watched.complaints == []


async def test_dragging_zooms_and_the_way_back_is_open(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient, database_url: str
) -> None:
    id = await fill(client, database_url)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"/metrics-ui?service_id={id}&range=24h")
    plot = page.locator("#volume")
    box = await place(plot)
    await page.mouse.move(box["x"] + box["width"] * 0.7, box["middle"])
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.9, box["middle"], steps=4)
    await page.mouse.up()
    await page.wait_for_url("**/metrics-ui?*since=*until=*")
    zoomed = query_of(page)
    assert zoomed["service_id"] == id
    assert "range" not in zoomed
    asked = {**zoomed, "is_replay": "false"}
    listed = (await client.get("/v1/logs", params=asked)).json()
    assert listed["total"] > 0
    tile = page.get_by_role("list", name="Totals").get_by_role("link").first
    await expect(tile).to_have_text(f"Requests {listed['total']}")
    await page.get_by_role("link", name="Zoom out").click()
    await page.wait_for_url(lambda url: zoomed["since"][:19] not in url)
    assert query_of(page)["since"] < zoomed["since"]
    await page.go_back()
    await page.go_back()
    assert query_of(page) == {"service_id": id, "range": "24h"}
    assert watched.complaints == []


async def test_a_bucket_is_read_and_opened_by_keyboard_and_mouse(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient, database_url: str
) -> None:
    await fill(client, database_url)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/metrics-ui?range=all")
    readout = page.locator("#volume-readout")
    await expect(readout).to_contain_text("most at")
    await page.locator("#volume").focus()
    await page.keyboard.press("Home")
    await expect(readout).to_contain_text("request")
    first = await readout.inner_text()
    await page.keyboard.press("End")
    await expect(readout).not_to_have_text(first)
    await page.keyboard.press("Home")
    await expect(readout).to_have_text(first)
    requests = first.split(" · ")[1].split()[0]
    await page.keyboard.press("Enter")
    await expect(page.locator("#count")).to_contain_text(f"{requests} log")

    await watched.go("/metrics-ui?range=all")
    box = await place(page.locator("#latency"))
    await page.mouse.move(box["x"] + box["width"] / 2, box["middle"])
    readout = page.locator("#latency-readout")
    await expect(readout).to_contain_text("p95")
    requests = (await readout.inner_text()).split(" · ")[1].split()[0]
    await page.mouse.click(box["x"] + box["width"] / 2, box["middle"])
    await expect(page.locator("#count")).to_contain_text(f"{requests} log")
    assert watched.complaints == []


async def test_the_table_behind_the_charts_leads_to_the_same_logs(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient, database_url: str
) -> None:
    await fill(client, database_url, 60)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/metrics-ui?range=all")
    await page.get_by_text("The series as a table").click()
    rows = page.locator("#series tr")
    await expect(rows.first).to_be_visible()
    total = 0
    for row in await rows.all():
        links = row.get_by_role("link")
        for link in (links.nth(1), links.nth(2)):
            target = str(await link.get_attribute("href"))
            listed = await client.get(target.replace("/dashboard", "/v1/logs"))
            assert listed.json()["total"] == int(await link.inner_text()), target
        total += int(await links.nth(1).inner_text())
    tile = page.get_by_role("list", name="Totals").get_by_role("link").first
    await expect(tile).to_have_text(f"Requests {total}")
    await rows.first.get_by_role("link").first.click()
    await page.wait_for_url("**since=*")
    assert watched.complaints == []


async def test_what_is_chosen_is_asked_at_once(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient, database_url: str
) -> None:
    id = await fill(client, database_url)
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/dashboard")
    await page.keyboard.press("g")
    await page.keyboard.press("m")
    await expect(page.get_by_role("heading", name="Metrics")).to_be_visible()
    await page.get_by_role("link", name="6 hours").click()
    await page.wait_for_url("**/metrics-ui?range=6h")
    await page.get_by_label("Service").select_option(id)
    await page.wait_for_url(f"**service_id={id}*")
    await page.get_by_label("Source").select_option("replay")
    await page.wait_for_url("**source=replay*")
    assert query_of(page) == {"range": "6h", "service_id": id, "source": "replay"}
    await page.get_by_label("Since, UTC").fill("2026-01-01T00:00:00Z")
    await page.get_by_role("button", name="Show").click()
    await page.wait_for_url("**since=*")
    assert "range" not in query_of(page)
    status = page.get_by_role("region", name="By status").get_by_role("row", name="404")
    shown = (await status.get_by_role("link").inner_text()).strip()
    await status.get_by_role("link").click()
    await expect(page.locator("#count")).to_contain_text(f"{shown} log")
    await expect(page.get_by_label("Status code")).to_have_value("404")
    assert watched.complaints == []


async def test_charts_that_cannot_be_had_say_why(
    browser: Browser, database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path, QUERY_TIMEOUT_MS="3000") as appliance,
        client_of(appliance) as client,
    ):
        await fill(client, database_url)
        watched = await watch(browser, appliance)
        page = watched.page

        async def too_late(route: Route) -> None:
            async with held(database_url, "logs"):
                await route.fulfill(response=await route.fetch())

        await page.route("**/v1/metrics/timeseries*", too_late)
        await watched.go("/metrics-ui")
        # On a busy machine PostgreSQL may not even say that it gives up, or what waits
        # for the same lock may have all connections.
        why = re.compile(
            "took longer than|PostgreSQL did not answer in time|hold all connections"
        )
        await expect(page.get_by_role("alert")).to_contain_text(why)
        await expect(page.get_by_role("list", name="Totals")).to_be_visible()
        await expect(page.locator("#charts")).to_be_hidden()


async def test_a_cell_of_the_heat_map_leads_to_its_logs(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient, database_url: str
) -> None:
    id = await fill(client, database_url)
    evil = "<script>window.stolen=1</script> v2"
    await client.post("/v1/marks", json={"text": evil, "service_id": id})
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"/metrics-ui?service_id={id}")
    readout = page.locator("#heat-readout")
    await expect(readout).to_contain_text("Most in one cell")
    text = await readout.inner_text()
    fullest = text.removeprefix("Most in one cell: ").rstrip(".")
    moment, between, count = fullest.split(" · ")
    plot = page.locator("#heat")
    await plot.focus()
    await page.keyboard.press("Home")
    for _ in range(200):
        if (await readout.inner_text()).startswith(moment):
            break
        await page.keyboard.press("ArrowRight")
    await expect(readout).to_have_text(f"{moment} · {between} · {count}")
    target = str(await plot.locator("~ .readout a").get_attribute("href"))
    listed = await client.get(target.replace("/dashboard", "/v1/logs"))
    assert listed.json()["total"] == int(count.split()[0]), target
    await page.keyboard.press("ArrowUp")
    await expect(readout).not_to_contain_text(between)

    # One cursor: what is pointed at in one chart, all others say too.
    await expect(page.locator("#failures-readout")).to_contain_text(moment)
    await page.get_by_text("The heat map as a table").click()
    for row in await page.locator("#bands tr").all():
        link = row.get_by_role("link").first
        target = str(await link.get_attribute("href"))
        listed = await client.get(target.replace("/dashboard", "/v1/logs"))
        assert listed.json()["total"] == int(await link.inner_text()), target

    # The mark is on the chart of its moment, as text, and in the table.
    await page.locator("#volume").focus()
    await page.keyboard.press("End")
    await expect(page.locator("#volume-readout")).to_contain_text(evil)
    await page.keyboard.press("Shift+ArrowLeft")
    await page.keyboard.press("Shift+ArrowLeft")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/metrics-ui?*since=*until=*")
    marks = page.get_by_role("region", name="Deploys and other marks")
    row = marks.get_by_role("row", name=evil)
    page.on("dialog", lambda dialog: dialog.accept())
    await row.get_by_role("button").click()
    await expect(page.get_by_text("None in this time")).to_be_visible()
    await page.get_by_text("Mark a moment").click()
    await page.get_by_label("What it is").fill("by hand")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Mark now").click()
    await expect(page.locator(".deploys")).to_contain_text("None in this time")
    (mark,) = (await client.get("/v1/marks")).json()["items"]
    assert (mark["text"], mark["service_id"]) == ("by hand", id)
    assert await page.evaluate("window.stolen") is None
    assert await watched.serious_findings() == []
    assert watched.complaints == []


async def test_all_charts_stand_beside_what_they_are_compared_with(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient, database_url: str
) -> None:
    id, week, hours = await fill(client, database_url), timedelta(7), timedelta(hours=3)
    await store(database_url, traffic(UUID(id), 400, ago=week))
    now = datetime.now(UTC).replace(microsecond=0)
    await client.post(
        "/v1/marks", json={"text": "v1", "marked_at": f"{now - 1.5 * hours:%FT%TZ}"}
    )
    watched = await watch(browser, appliance)
    page = watched.page
    window = f"since={now - hours:%FT%TZ}&until={now:%FT%TZ}&service_id={id}"
    await watched.go(f"/metrics-ui?{window}")

    async def logs_before(chart: str) -> tuple[str, dict[str, str]]:
        """Read by keys until a moment's place before has logs: its words, and these."""
        plot = page.locator(f"#{chart}")
        await plot.focus()
        await page.keyboard.press("Home")
        link = plot.locator("~ .readout a").last
        for _ in range(200):
            if await link.is_visible():
                break
            await page.keyboard.press("ArrowRight")
        query = parse_qsl(urlsplit(str(await link.get_attribute("href"))).query)
        return await page.locator(f"#{chart}-readout").inner_text(), dict(query)

    async def total(query: dict[str, str]) -> int:
        listed = await client.get("/v1/logs", params=query)
        return int(listed.json()["total"])

    for ago in (hours, week):
        await expect(page.locator("#charts")).to_be_visible()
        since, until = now - hours - ago, now - ago
        # The map of the time before has moments and logs of its own.
        said, cell = await logs_before("heat-before")
        assert since <= datetime.fromisoformat(cell["since"]) < until
        assert await total(cell) == int(said.split(" · ")[2].split()[0]) > 0
        said, logs = await logs_before("volume")
        found = re.search(r"before: ([\d,]+) requests? · \d+ error", said)
        assert found and await total(logs) == int(found[1]) > 0, (said, logs)
        assert datetime.fromisoformat(logs["since"]) >= since
        assert datetime.fromisoformat(logs["until"]) <= until
        assert re.search(r"before: [\d.]+ %", (await logs_before("failures"))[0])
        said, _ = await logs_before("latency")
        assert re.search(r"before: (p50 .+ · p95 .+ · p99 |no latency)", said)
        await page.get_by_text("The heat map as a table").click()
        for link in await page.locator("#bands td:nth-child(3) a").all():
            query = dict(
                parse_qsl(urlsplit(str(await link.get_attribute("href"))).query)
            )
            assert datetime.fromisoformat(query["until"]) == until
            assert await total(query) == int(await link.inner_text())
        assert await watched.serious_findings() == []
        await page.get_by_label("Compared with").select_option("week")
        await page.wait_for_url("**compare=week**")
    await watched.go(f"/metrics-ui?range=all&service_id={id}")
    await expect(page.get_by_text("nothing to compare")).to_be_visible()
    await expect(page.locator("#heat-before")).to_have_count(0)
    assert watched.complaints == []


async def test_endpoints_are_sorted_and_compared_without_scripts(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient, database_url: str
) -> None:
    await fill(client, database_url)
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{appliance.app_url}/metrics-ui?range=1h")
    table = page.get_by_role("region", name="By endpoint")
    # What would do nothing is not there, and it is said what would.
    await expect(page.get_by_text("Without JavaScript all can be read")).to_be_visible()
    assert await page.locator("form[data-api] button:visible").count() == 0

    async def column(at: int) -> list[str]:
        cells = table.locator(f"tbody tr td:nth-child({at})")
        return [text.strip() for text in await cells.all_inner_texts()]

    requests = [int(text) for text in await column(3)]
    assert requests == sorted(requests, reverse=True)
    await table.get_by_role("link", name="p95", exact=True).click()
    await page.wait_for_url("**sort=p95&order=desc**")
    chosen = table.locator("th[aria-sort]").first
    await expect(chosen).to_have_text("p95")
    await expect(chosen).to_have_attribute("aria-sort", "descending")
    slowest = await table.locator("tbody tr").first.inner_text()
    await chosen.get_by_role("link").click()
    await expect(chosen).to_have_attribute("aria-sort", "ascending")
    assert await table.locator("tbody tr").first.inner_text() != slowest
    # Of the hour before there are logs, too: each figure says how it changed.
    tiles = page.get_by_role("list", name="Totals").locator(".tile-was")
    await expect(tiles).to_have_count(8)
    await page.goto(f"{appliance.app_url}/metrics-ui?range=1h&compare=none")
    await expect(tiles).to_have_count(0)
    await page.goto(f"{appliance.app_url}/metrics-ui?range=24h&compare=week")
    await expect(tiles).to_have_count(0)
    await page.goto(f"{appliance.app_url}/metrics-ui?compare=x&sort=y&order=up")
    for name in ("compare", "sort", "order"):
        await expect(page.get_by_role("alert")).to_contain_text(name)


async def test_the_zone_of_the_address_is_that_of_every_page_and_links_carry_it(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient, database_url: str
) -> None:
    id = await fill(client, database_url)
    rule = {"service_id": id, "name": "any", "muted_until": "2999-01-01T20:00:00Z"}
    rule |= {"condition_field": "latency_ms", "condition_operator": ">="}
    rule |= {"condition_value": "2000"}
    made = await client.post("/v1/alerts", json=rule)
    assert made.status_code == 201, made.text
    until = datetime.now(UTC).replace(second=0, microsecond=0)
    since = until - timedelta(minutes=30)
    ends = f"since={since:%Y-%m-%dT%H:%M:%SZ}&until={until:%Y-%m-%dT%H:%M:%SZ}"
    watched = await watch(browser, appliance, zone="UTC")
    page = watched.page
    # Not the reader's: 5 hours and 45 minutes ahead.
    zone = "tz=Asia%2FKathmandu"
    there = (since + timedelta(hours=5, minutes=45)).strftime("%-I:%M:%S")
    await watched.go(f"/metrics-ui?{ends}&{zone}")
    note = page.locator("#main > [data-zone-note]")
    await expect(note).to_contain_text("Times are shown in Asia/Kathmandu")
    await expect(page.locator(".count time").first).to_contain_text(there)
    await expect(page.locator("#charts:not([aria-busy])")).to_be_visible()
    await page.locator("#volume").focus()
    await page.keyboard.press("Home")
    first = f"{since + timedelta(hours=5, minutes=45):%H:%M}:00"
    await expect(page.locator("#volume-readout")).to_contain_text(first)
    assert await watched.serious_findings() == []
    # What leads on goes by it, too: a choice, a link, a letter, the palette, a form.
    await page.get_by_label("Compared with").select_option("week")
    await expect(page).to_have_url(re.compile(zone))
    await page.locator(".tile").first.click()
    await expect(page).to_have_url(re.compile(f"/dashboard.*{zone}"))
    await expect(note).to_be_hidden()
    await page.get_by_role("link", name="Alerts", exact=True).click()
    await expect(page).to_have_url(re.compile(f"/alerts-ui.*{zone}"))
    await page.get_by_role("link", name="any").click()
    muted = page.locator('time[datetime="2999-01-01T20:00:00.000Z"]').first
    await expect(muted).to_contain_text("Jan 2, 2999, 1:45:00")
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await expect(page).to_have_url(re.compile(f"/status.*{zone}"))
    await page.get_by_role("button", name="Go to").click()
    await page.locator("#palette-box").fill("endpoints")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/endpoints.*{zone}"))
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page).to_have_url(re.compile(f"{zone}.*service_id="))
    # By the reader's own again, as the menu and the note offer.
    await page.get_by_label("More").click()
    await page.get_by_label("Clock").select_option("UTC")
    await expect(page).not_to_have_url(re.compile("tz="))
    await watched.go(f"/metrics-ui?{ends}&tz=No/Where")
    await expect(note).to_contain_text("No/Where is not known here")
    await note.get_by_role("link").click()
    await expect(page).not_to_have_url(re.compile("tz="))
    await expect(note).to_be_hidden()
    assert watched.complaints == []
    for path in ("/metrics-ui", "/metrics-ui/endpoints"):
        answer = await client.get(f"{path}?tz=../etc")
        assert answer.status_code == 422
        assert "must name a time zone" in answer.text
