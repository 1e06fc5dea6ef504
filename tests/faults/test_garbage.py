"""What ends is freed at once: nothing is left that only the collector would find.

Its pauses are ones that all clients wait for. It is kept from looking while a kind of
traffic passes, and then says what nobody held and yet was there. Clients and upstream
are blocking sockets in threads: what they leave is nothing.
"""

import asyncio
import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import uvloop

from bench.corpus.corpus import corpus
from tests.support.connections import port_of
from tests.support.patience import PATIENCE_S
from tests.support.plain_sockets import Client, upstream
from tests.support.ports import free_port
from tests.support.running import appliance_on

# Of each kind; all kinds of exchanges together are more than a thousand.
EXCHANGES, CALLS = 70, 6
JSON = "Content-Type: application/json"
LINES = "Content-Type: application/x-ndjson"
LOG = b'{"method":"GET","url":"https://x.example/a","path":"/a","status_code":200}'
MESSAGE = {
    "httpVersion": "HTTP/1.1",
    "headers": [],
    "cookies": [],
    "headersSize": -1,
    "bodySize": -1,
}
ENTRY: dict[str, Any] = {
    "startedDateTime": "2026-11-27T10:00:00.000Z",
    "time": 5,
    "request": {
        "method": "GET",
        "url": "https://x.example/a",
        "httpVersion": "HTTP/1.1",
    }
    | {"queryString": []}
    | MESSAGE,
    "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1"}
    | {"content": {"size": 0, "mimeType": "text/plain"}, "redirectURL": ""}
    | MESSAGE,
    "cache": {},
    "timings": {"send": 1, "wait": 3, "receive": 1},
}
HAR = {"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}}}
ARCHIVE = json.dumps({"log": HAR["log"] | {"entries": [ENTRY] * 5}}).encode()
UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
PAGES = (
    *("/", "/dashboard", "/metrics-ui", "/status", "/alerts-ui", "/alerts-ui/channels"),
    *("/tokens", "/troubleshooting", "/import", "/docs", "/redoc"),
)
QUERIES = (
    *("/v1/logs?limit=5", "/v1/logs?q=a", "/v1/metrics", "/v1/metrics/timeseries"),
    *(
        "/v1/metrics/endpoints",
        "/v1/services",
        "/v1/ledger",
        "/v1/alerts",
        "/v1/tokens",
    ),
    *("/metrics", "/health", "/readyz", "/openapi.json"),
    *("/v1/logs.har?limit=5", "/v1/logs.ndjson?limit=5"),
)
# aiohttp makes a route for each request that has none, which holds its own method: with
# it, its exception, two dicts, headers, and what else is allowed.
STATED = {"no page": 6, "no call": 6, "not this way": 7}
# Passes so many of one kind.
Passing = Callable[[int], None]


class Traffic:
    """Each kind of it, through the proxy and to the app of one appliance."""

    def __init__(self, app_port: int, proxy_port: int, upstream_port: int) -> None:
        self.app_port, self.proxy_port = app_port, proxy_port
        self.service = self._register("up", upstream_port)
        self._register("gone", free_port())
        key = self.created(f"/v1/services/{self.service}/keys", {"name": "k"})
        self.key = f"Authorization: Bearer {key['raw_key']}"

    def _register(self, name: str, port: int) -> str:
        fields = {"name": name, "base_url": f"http://127.0.0.1:{port}"}
        id: str = self.created("/v1/services", fields)["id"]
        return id

    def created(self, path: str, fields: dict[str, Any]) -> Any:
        with self.app() as client:
            status, body = client.ask("POST", path, json.dumps(fields).encode(), JSON)
        assert status == 201, body
        return json.loads(body)

    @contextmanager
    def app(self) -> Iterator[Client]:
        client = Client(self.app_port, f"127.0.0.1:{self.app_port}")
        yield client
        client.close()

    @contextmanager
    def proxy(self, name: str = "up") -> Iterator[Client]:
        client = Client(self.proxy_port, f"{name}.localhost:{self.proxy_port}")
        # Whoever breaks off may be met by a reset.
        with suppress(ConnectionError):
            yield client
        client.close()

    def exchanges(self) -> dict[str, Passing]:
        return {
            "ordinary": self.kept("/plain"),
            "with a secret": self.kept("/plain", JSON, body=b'{"password":"x"}'),
            "gzip": self.kept("/gzip"),
            "chunked": self.kept("/chunked"),
            "not modified": self.kept("/same", status=304),
            "event stream": self.kept("/events"),
            "refused by the upstream": self.kept("/plain", name="gone", status=502),
            "of no service": self.kept("/plain", name="nobody", status=404),
            "real": self.real,
            "closed": partial(self.apart, self.closed),
            "left": partial(self.apart, lambda client: client.ask("GET", "/plain")),
            "aborted": partial(self.apart, self.aborted),
            "cut off": partial(self.apart, lambda client: client.ask("GET", "/broken")),
            "malformed": partial(self.apart, self.malformed),
            "WebSocket": partial(self.apart, self.websocket),
        }

    def kept(
        self,
        target: str,
        *fields: str,
        body: bytes = b"",
        name: str = "up",
        status: int = 200,
    ) -> Passing:
        """On one connection."""

        def run(count: int) -> None:
            with self.proxy(name) as client:
                for number in range(count):
                    method = "POST" if body else "GET"
                    asked = f"{target}?n={number}"
                    assert client.ask(method, asked, body, *fields)[0] == status

        return run

    def real(self, count: int) -> None:
        with self.proxy() as client:
            for exchange in corpus()[:count]:
                client.sendall(exchange.request("up.localhost", uuid4().hex[:16]))
                assert client.read_message()

    def apart(self, do: Callable[[Client], object], count: int) -> None:
        """Each on a connection of its own."""
        for _ in range(count):
            with self.proxy() as client:
                do(client)

    def closed(self, client: Client) -> None:
        assert client.ask("GET", "/plain", b"", "Connection: close")[0] == 200

    def aborted(self, client: Client) -> None:
        client.send("GET", "/large")
        client.read_some()

    def malformed(self, client: Client) -> None:
        client.sendall(b"GET nonsense\r\n\r\n")
        assert client.read_message()

    def websocket(self, client: Client) -> None:
        client.send("GET", "/socket", b"", *UPGRADE)
        assert b" 101 " in client.read_some()
        client.sendall(b"\x81\x82\0\0\0\0hi")
        assert client.read_some()
        client.sendall(b"\x88\x82\0\0\0\0\x03\xe8")

    def calls(self) -> dict[str, Passing]:
        with self.app() as client:
            found = client.ask("GET", f"/v1/logs?service_id={self.service}&q=/plain")
            log = json.loads(found[1])["items"][0]
        one, its_page = f"/v1/logs/{log['id']}", f"/log/{log['id']}"
        asked = [*PAGES, its_page, f"/replay/{log['id']}", *QUERIES, one]
        asked += [f"{one}/curl", f"{one}/har", f"{one}/replays"]
        key = self.key
        batch, har = "/v1/logs/batch", "/v1/logs/import/har"
        return {
            **{path: self.asking(200, "GET", path) for path in asked},
            "no page": self.asking(404, "GET", "/nowhere"),
            "no call": self.asking(404, "GET", "/v1/nowhere"),
            "not this way": self.asking(405, "PUT", "/v1/logs"),
            "no log": self.asking(404, "GET", f"/v1/logs/{uuid4()}"),
            "bad query": self.asking(422, "GET", "/v1/logs?limit=x"),
            "nothing to delete": self.asking(404, "DELETE", f"/v1/logs/{uuid4()}"),
            "push": self.asking(201, "POST", "/v1/logs", LOG, key, JSON),
            "batch": self.asking(201, "POST", batch, LOG + b"\n" + LOG, key, LINES),
            "archive": self.asking(201, "POST", har, ARCHIVE, key, JSON),
            "bad push": self.asking(422, "POST", "/v1/logs", b"{}", key, JSON),
            "broken push": self.asking(422, "POST", "/v1/logs", b"{", key, JSON),
            "push without a key": self.asking(401, "POST", "/v1/logs", LOG, JSON),
            "bad batch": self.asking(422, "POST", batch, LOG + b"\n{}", key, LINES),
            "bad archive": self.asking(422, "POST", har, b'{"log":{}}', key, JSON),
            "replay": self.asking(201, "POST", f"{one}/replay", b"{}", JSON),
        }

    def asking(
        self, wanted: int, method: str, path: str, body: bytes = b"", *fields: str
    ) -> Passing:
        def run(count: int) -> None:
            with self.app() as client:
                for _ in range(count):
                    status, answer = client.ask(method, path, body, *fields)
                    assert status == wanted, (path, answer[:500])

        return run

    async def settle(self) -> None:
        """Until all of it is stored, and connections' ends have been told."""
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(self._is_stored):
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.02)

    def _is_stored(self) -> bool:
        with self.app() as client:
            ledger = json.loads(client.ask("GET", "/v1/ledger")[1])
        return not (ledger["spooled"] or ledger["in_flight"] or ledger["difference"])


@contextmanager
def uncollected() -> Iterator[Counter[str]]:
    """Filled, as the block is left, with what nobody holds, by its type."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found.update([f"{type(o).__module__}.{type(o).__name__}" for o in gc.garbage])
    finally:
        gc.garbage.clear()
        gc.set_debug(0)
        gc.enable()


async def left_by(traffic: Traffic, run: Passing, count: int) -> Counter[str]:
    """What is made once, at the first time, is no garbage."""
    await asyncio.to_thread(run, 1)
    await traffic.settle()
    with uncollected() as found:
        await asyncio.to_thread(run, count)
        await traffic.settle()
    return found


async def left_by_all(database_url: str, folder: Path) -> dict[str, Counter[str]]:
    """Where more is left than is stated, as much as was asked: less is not of each."""
    left = {}
    with upstream() as port:
        async with appliance_on(database_url, folder) as appliance:
            ports = port_of(appliance.app_url), port_of(appliance.proxy_url)
            traffic = await asyncio.to_thread(Traffic, *ports, port)
            for make, count in ((traffic.exchanges, EXCHANGES), (traffic.calls, CALLS)):
                for kind, run in (await asyncio.to_thread(make)).items():
                    found = await left_by(traffic, run, count)
                    if found.total() >= count + count * STATED.get(kind, 0):
                        left[kind] = found
    return left


@pytest.mark.timeout(300)
def test_nothing_is_left_for_the_collector(database_url: str, tmp_path: Path) -> None:
    # What is there already is not looked at each time.
    gc.collect()
    gc.freeze()
    try:
        assert uvloop.run(left_by_all(database_url, tmp_path)) == {}
    finally:
        gc.unfreeze()
