"""How the appliance stands, as a page; and a banner while anything is degraded."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start import running
from appliance.start.running import Appliance
from monitor.spool.segments import segments
from monitor.spool.writer import Spool
from tests.support.browsing import watch
from tests.support.running import appliance_on, client_of, register
from tests.support.upstreams import OK, answering, upstream

PAGES = ("/", "/dashboard", "/metrics-ui", "/alerts-ui", "/status", "/nothing")
AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


async def eventually_shown(client: httpx.AsyncClient, path: str, words: str) -> str:
    for _ in range(1_200):
        page = (await client.get(path)).text
        if words in page:
            return page
        await asyncio.sleep(0.05)
    raise AssertionError(f"{words!r} is not in {path}")


async def test_the_ledger_the_spool_and_postgresql_are_shown(
    client: httpx.AsyncClient, appliance: Appliance
) -> None:
    async with upstream(answering(OK)) as port:
        await register(client, base_url=f"http://127.0.0.1:{port}")
        for _ in range(7):
            assert (await client.get(f"{appliance.proxy_url}/pay/x")).status_code == 200
        await client.get(f"{appliance.proxy_url}/nobody")
    for _ in range(1_200):
        if (await client.get("/v1/ledger")).json()["stored"] == 7:
            break
        await asyncio.sleep(0.05)
    page = await eventually_shown(client, "/status", "closed")
    for words in ("pay", "no_service", "18.", "logs", "SPOOL_LIMIT_BYTES", "1.0 GiB"):
        assert words in page, words
    assert 'class="banner"' not in page
    page = await eventually_shown(client, "/status", "in our schema")
    for words in ("What it costs", "where DATA_DIR lies", "not known yet"):
        assert words in page, words


async def test_secrets_are_not_shown(database_url: str, tmp_path: Path) -> None:
    secret = "a-password-of-the-tests"
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD=secret) as appliance,
        client_of(appliance) as client,
    ):
        assert (await client.get("/status")).status_code == 302
        entered = await client.get("/signin")
        token = entered.text.split('name="token" value="')[1].split('"')[0]
        form = {"token": token, "password": secret, "next": "/status"}
        await client.post("/signin", data=form, headers={"Origin": appliance.app_url})
        page = await client.get("/status")
        assert page.status_code == 200
        assert "ADMIN_PASSWORD" in page.text
        assert secret not in page.text
        assert database_url not in page.text
        # Those that differ from their default come first.
        rows = page.text.split('id="settings-title"')[1].split("<tr>")[2:]
        differ = ['class="mark"' in row for row in rows]
        assert differ == sorted(differ, reverse=True)
        assert 5 < sum(differ) < len(differ)


async def test_while_postgresql_is_away_every_page_says_so_at_once(
    tmp_path: Path,
) -> None:
    async with (
        appliance_on(AWAY, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        for path in PAGES:
            page = await client.get(path)
            assert 'data-condition="database_away"' in page.text, path
        page = await client.get("/status")
        assert page.status_code == 200
        assert "PostgreSQL could not be asked yet" in page.text
        # What the disk holds is known all the same.
        await eventually_shown(client, "/status", "where DATA_DIR lies")
        figures = (await client.get("/metrics")).text
        assert "apimonitor_schema_bytes NaN" in figures
        assert 'apimonitor_data_bytes{part="spool"}' in figures


@pytest.mark.browser
async def test_a_page_comes_back_by_itself_once_postgresql_does(
    browser: Browser, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "OTHER_S", 0.2)
    parts = urlsplit(database_url)
    socket = Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432"
    door = tmp_path / "door"
    door.mkdir()
    url = urlunsplit(parts._replace(query=urlencode({"host": str(door)})))
    async with appliance_on(url, tmp_path) as appliance:
        watched, other = (
            await watch(browser, appliance),
            await watch(browser, appliance),
        )
        await watched.go("/alerts-ui")
        page = watched.page
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            "PostgreSQL is away"
        )
        await expect(page.get_by_text("comes back by itself")).to_be_visible()
        again = page.get_by_role("link", name="Try again")
        assert await again.get_attribute("href") == "/alerts-ui"
        assert await watched.serious_findings() == []
        # What is being written stays.
        await other.go("/replay")
        await expect(other.page.get_by_text("Services are not known")).to_be_visible()
        await other.page.get_by_label("Path or URL").fill("/mine")
        (door / socket.name).symlink_to(socket)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Alerts")
        back = other.page.get_by_role("link", name="Load the page anew")
        await expect(back).to_be_visible()
        await expect(other.page.get_by_label("Path or URL")).to_have_value("/mine")
    refused = "the server responded with a status of 503"
    assert [one for one in watched.complaints if refused not in one] == []


async def test_a_filling_spool_is_said_on_every_page(
    tmp_path: Path,
) -> None:
    limit = 1 << 20
    spool = Spool(tmp_path / "data" / "spool", limit_bytes=limit)
    while spool.held_bytes < limit * 0.7:
        spool.append(b"x" * 10_000)
    spool.close()
    async with (
        appliance_on(AWAY, tmp_path, SPOOL_LIMIT_BYTES=str(limit)) as appliance,
        client_of(appliance) as client,
    ):
        words = "bodies of successful exchanges are not kept"
        await eventually_shown(client, "/", words)
        for path in PAGES:
            assert words in (await client.get(path)).text, path
        for segment in segments(tmp_path / "data" / "spool"):
            segment.path.unlink()
        for _ in range(1_200):
            page = (await client.get("/")).text
            if words not in page:
                break
            await asyncio.sleep(0.05)
        assert words not in page


async def test_a_ledger_that_does_not_close_is_said(
    database_url: str, client: httpx.AsyncClient, appliance: Appliance
) -> None:
    import asyncpg

    async with upstream(answering(OK)) as port:
        await register(client, base_url=f"http://127.0.0.1:{port}")
        await client.get(f"{appliance.proxy_url}/pay/x")
    for _ in range(1_200):
        ledger = (await client.get("/v1/ledger")).json()
        if ledger["stored"]:
            break
        await asyncio.sleep(0.05)
    assert ledger["is_closed"] is True
    connection = await asyncpg.connect(database_url)
    await connection.execute("DELETE FROM apimonitor.ledger")
    await connection.close()
    ledger = (await client.get("/v1/ledger")).json()
    assert (ledger["is_closed"], ledger["difference"]) == (False, 1)
    assert "differ" in ledger["explanation"]
    await client.get("/v1/ledger")
    await eventually_shown(client, "/", 'data-condition="ledger_open"')
    assert "apimonitor_ledger_closed 0.0" in (await client.get("/metrics")).text
    closed = (await client.post("/v1/ledger/write-off", json={})).json()
    assert (closed["is_closed"], closed["difference"]) == (True, 0)
    assert closed["dropped"] == {"written_off": 1}
    assert "ledger_open" not in (await client.get("/")).text
    again = (await client.post("/v1/ledger/write-off", json={})).json()
    assert again["dropped"] == {"written_off": 1}


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
async def test_it_reads_well_in_a_browser(
    browser: Browser, appliance: Appliance, width: int
) -> None:
    async with client_of(appliance) as client:
        await register(client, base_url="http://127.0.0.1:1")
        await client.get(f"{appliance.proxy_url}/pay/x")
    watched = await watch(browser, appliance, width=width)
    await watched.go("/status")
    assert await watched.page.get_by_role("heading", name="Ledger").is_visible()
    ledger = watched.page.get_by_role("region", name="Ledger")
    row = ledger.get_by_role("row", name="pay")
    assert await row.is_visible()
    assert watched.complaints == []
    assert not await watched.is_wider_than_its_window()
    assert await watched.serious_findings() == []
    await watched.page.keyboard.press("g")
    await watched.page.keyboard.press("l")
    await watched.page.wait_for_url("**/dashboard*")
    await watched.page.keyboard.press("g")
    await watched.page.keyboard.press("t")
    await watched.page.wait_for_url("**/status")
