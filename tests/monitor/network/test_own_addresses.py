"""The app behind its own proxy: not registered, and refused where it was."""

import asyncio
import socket
from pathlib import Path

import asyncpg
import pytest
import websockets

from monitor.network.own_addresses import OwnAddresses
from tests.support.routes import with_routes
from tests.support.running import client_of, register

LOOPBACK = [
    "localhost",
    "LocalHost.",
    "any.name.localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "127.0.0.1",
    "127.255.3.4",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "0.0.0.0",
    "0",
    "[::1]",
    "[0:0::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    socket.gethostname(),
    f"{socket.gethostname().upper()}.",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_a_name_of_this_machine_leads_to_the_appliance(host: str) -> None:
    own = OwnAddresses([("127.0.0.1", 8000), ("127.0.0.1", 80)])
    assert own.include(f"http://{host}:8000")
    assert own.include(f"HTTP://{host}:8000/below")
    assert own.include(f"https://{host}:8000")
    assert own.include(f"http://{host}") and own.include(f"http://{host}:80/x")
    assert not own.include(f"https://{host}")
    assert not own.include(f"http://{host}:8001")


def test_an_address_of_this_machine_does_where_all_are_bound() -> None:
    """127.0.1.9 stands for any that can be bound, 192.0.2.1 is nobody's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        here = probe.getsockname()[0]
    everywhere = OwnAddresses([("0.0.0.0", 8000)])
    assert everywhere.include(f"http://{here}:8000")
    assert everywhere.include(f"http://[::ffff:{here}]:8000")
    assert OwnAddresses([("::", 8000)]).include(f"http://{here}:8000")
    assert OwnAddresses([(here, 8000)]).include(f"http://{here}:8000")
    for other in (
        "192.0.2.1",
        "[2001:db8::1]",
        "upstream.example",
        "localhost.example",
    ):
        assert not everywhere.include(f"http://{other}:8000")
    assert not everywhere.include("http://unix:/run/app.sock")


def test_names_of_the_app_and_of_the_file_of_hosts_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("# x\n127.0.0.1 a Monitor.Lan # b\n192.0.2.1 far\n::1 \xff six\n")
    monkeypatch.setattr("monitor.network.own_addresses.HOSTS_FILE", hosts)
    own = OwnAddresses(
        [("127.0.0.1", 8000)], names=("apm.example", "Two.example:443", "fd00::1")
    )
    for name in ("a", "monitor.lan", "six", "apm.example", "two.example."):
        assert own.include(f"http://{name}:8000"), name
    for name in ("b", "far", "x", "example"):
        assert not own.include(f"http://{name}:8000"), name


async def test_the_app_is_not_registered_and_refuses_what_its_proxy_sends(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        with_routes(database_url, tmp_path, monkeypatch) as (made, routes),
        client_of(made) as client,
    ):
        service = await register(client, name="self", base_url="http://a.example")
        app, proxy = (url.rpartition(":")[2] for url in (made.app_url, made.proxy_url))
        for base_url in (f"http://localhost:{app}/v1", f"https://[::1]:{proxy}"):
            for answer in (
                await client.post(
                    "/v1/services", json={"name": "n", "base_url": base_url}
                ),
                await client.patch(
                    f"/v1/services/{service['id']}", json={"base_url": base_url}
                ),
            ):
                assert answer.status_code == 422, answer.text
                assert answer.json()["errors"][0]["loc"] == ["body", "base_url"]
        await _register_all_the_same(database_url, made.app_url)
        through = f"{made.proxy_url}/self"
        while (await client.get(f"{through}/health")).status_code == 502:
            await asyncio.sleep(0.02)
        unknown = [("GET", "/nothing"), ("PROPFIND", "/"), ("OPTIONS", "/v1/logs")]
        for method, path in (*routes, *unknown):
            headers = {"Host": "rebound.example", "X-Monitor-Service": "self"}
            answer = await client.request(
                method, f"{made.proxy_url}{path}", headers=headers
            )
            seen = (method, path, answer.text[:300])
            assert answer.status_code == 403, seen
            assert method == "HEAD" or "its own proxy" in answer.text, seen
        with pytest.raises(websockets.InvalidStatus, match="403"):
            url = f"{through.replace('http', 'ws', 1)}/v1/logs/stream"
            await websockets.connect(url, proxy=None)
        via = f"1.1 {(tmp_path / 'data/installation').read_text()}"
        via = via.replace("1.1 ", "1.1 apimonitor-")
        for value, status in (
            (via.upper(), 403),
            (f"1.0 other, {via} (note),HTTP/2 b", 403),
            ("1.1 apimonitor-0123456789ab", 200),
            ("1.1 other", 200),
        ):
            for fields in ([("Via", value)], [("Via", "1.1 x"), ("vIA", value)]):
                answer = await client.get("/v1/services", headers=fields)
                assert answer.status_code == status, fields


async def _register_all_the_same(database_url: str, base_url: str) -> None:
    """As a version before this one did."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "UPDATE apimonitor.services SET base_url = $1 WHERE name = 'self'", base_url
        )
        await connection.execute("NOTIFY apimonitor_services")
    finally:
        await connection.close()
