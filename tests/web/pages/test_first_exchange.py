"""From the registration of a service to its first log, on the pages."""

import asyncio
import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from monitor.settings import SettingsError, load
from tests.support.browsing import watch
from tests.support.running import appliance_on, client_of, register
from tests.support.upstreams import OK, answering, upstream

COMMAND = re.compile(r'aria-label="Command">curl -i ([^<]*)</code>')
OPENED = re.compile(r'href="([^"]*)" target="_blank"')


async def ways(client: httpx.AsyncClient, service: dict[str, Any]) -> list[str]:
    """The commands of a service's page, which its empty log page shows as well."""
    page = (await client.get(f"/?service={service['id']}")).text
    log_page = (await client.get(f"/dashboard?service_id={service['id']}")).text
    assert "Waiting for the first request" in log_page
    found = COMMAND.findall(page)
    assert COMMAND.findall(log_page) == found
    # A browser opens what needs no header.
    assert OPENED.findall(page) == [one for one in found if "-H" not in one]
    return [unescape(one) for one in found]


async def test_every_way_that_is_offered_leads_to_the_service(
    client: httpx.AsyncClient, appliance: Appliance
) -> None:
    port = appliance.proxy_url.rpartition(":")[2]
    async with upstream(answering(OK)) as behind:
        base_url = f"http://127.0.0.1:{behind}"
        one = await register(client, name="one", base_url=base_url)
        header = f"-H 'X-Monitor-Service: one' http://127.0.0.1:{port}/"
        host = f"http://one.localhost:{port}/"
        prefix = f"http://127.0.0.1:{port}/one/"
        assert await ways(client, one) == [host, prefix, header]
        # The label of one is the host of another.
        taking = ["one.localhost", "x.example"]
        two = await register(client, name="two", base_url=base_url, hosts=taking)
        assert await ways(client, one) == [prefix, header]
        offered = await ways(client, two)
        names = ("one.localhost", "x.example", "two.localhost")
        assert set(offered[:3]) == {f"http://{name}:{port}/" for name in names}
        # The page was asked for by a name that is a service's.
        by_name = {"Host": "one.localhost:8000"}
        page = (await client.get(f"/?service={two['id']}", headers=by_name)).text
        assert f"http://localhost:{port}/two/" in page
        assert f"one.localhost:{port}/two" not in page
        for hosts in (["localhost"], ["127.0.0.1"], ["[::1]"]):
            change = {"hosts": hosts}
            await client.patch(f"/v1/services/{two['id']}", json=change)
            for service in (one, two):
                offered = await ways(client, service)
                assert not any(f"/{service['slug']}/" in way for way in offered)
            assert await ways(client, one) == [host, header]
        assert (await client.get(f"/?service={one['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("public", "expected"),
    [
        (
            "https://proxy.example:8443",
            [
                "-H 'Host: own.localhost' https://proxy.example:8443/",
                "https://own.example:8443/",
                "-H 'Host: pay.localhost' https://proxy.example:8443/",
                "https://proxy.example:8443/pay/",
                "-H 'X-Monitor-Service: pay' https://proxy.example:8443/",
            ],
        ),
        (
            "http://localhost:9090/",
            [
                "http://own.localhost:9090/",
                "http://own.example:9090/",
                "http://pay.localhost:9090/",
                "http://localhost:9090/pay/",
                "-H 'X-Monitor-Service: pay' http://localhost:9090/",
            ],
        ),
        (
            "http://[fd00::1]/p",
            [
                "-H 'Host: own.localhost' http://[fd00::1]/p/",
                "http://own.example/p/",
                "-H 'Host: pay.localhost' http://[fd00::1]/p/",
                "http://[fd00::1]/p/pay/",
                "-H 'X-Monitor-Service: pay' http://[fd00::1]/p/",
            ],
        ),
    ],
)
async def test_addresses_are_those_that_clients_use(
    database_url: str, tmp_path: Path, public: str, expected: list[str]
) -> None:
    async with (
        appliance_on(database_url, tmp_path, PUBLIC_PROXY_URL=public) as appliance,
        client_of(appliance) as client,
    ):
        hosts = ["own.localhost", "own.example"]
        service = await register(client, base_url="http://10.0.0.1", hosts=hosts)
        assert sorted(await ways(client, service)) == sorted(expected)


@pytest.mark.parametrize("value", ["proxy:8080", "ftp://x", "http://x/?a", "http://"])
def test_an_address_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_PROXY_URL: must"):
        load({"APIMONITOR_PUBLIC_PROXY_URL": value})


async def test_what_is_not_to_come_is_not_waited_for(client: httpx.AsyncClient) -> None:
    silent = await register(client, name="pushed")
    page = (await client.get(f"/dashboard?service_id={silent['id']}")).text
    assert "It has no base URL" in page
    off = {"base_url": "http://10.0.0.1", "is_recording": False}
    quiet = await register(client, name="quiet", **off)
    page = (await client.get(f"/dashboard?service_id={quiet['id']}")).text
    assert "It is not recording" in page
    assert not COMMAND.search(page)
    for query in (f"service_id={quiet['id']}&method=GET", f"service_id={'0' * 32}"):
        page = (await client.get(f"/dashboard?{query}")).text
        assert "No log matches" in page


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
async def test_the_first_exchange_is_seen(
    browser: Browser,
    appliance: Appliance,
    client: httpx.AsyncClient,
    width: int,
) -> None:
    watched = await watch(browser, appliance, width=width)
    page = watched.page
    async with upstream(answering(OK)) as port:
        await watched.go("/")
        await page.get_by_role("button", name="Register the first service").click()
        form = page.get_by_role("dialog", name="Register a service")
        await form.get_by_label("Name").fill("Payments API")
        await form.get_by_label("Base URL").fill(f"http://127.0.0.1:{port}")
        await form.get_by_role("button", name="Register").click()
        waiting = page.get_by_role("heading", name="Waiting for the first request")
        await expect(waiting).to_be_visible()
        await expect(page.get_by_text("Following")).to_be_visible()
        assert await watched.serious_findings() == []
        assert not await watched.is_wider_than_its_window()
        command = await page.get_by_label("Command").first.inner_text()
        link = page.get_by_role("link", name="Open by prefix")
        address = await link.get_attribute("href") or ""
        assert address.endswith("/payments-api/")
        ran = await asyncio.create_subprocess_exec(
            *command.split(), stdout=asyncio.subprocess.DEVNULL, stderr=-3
        )
        assert await ran.wait() == 0
        rows = page.locator(".logs tbody tr")
        await expect(rows).to_have_count(1)
        await expect(waiting).to_have_count(0)
        await client.get(address)
        await expect(rows).to_have_count(2)
    assert await watched.serious_findings() == []
    assert not await watched.is_wider_than_its_window()
    assert watched.complaints == []
