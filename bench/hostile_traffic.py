"""What a stranger sends to make us work, at every door; and a service beside it."""

import asyncio
import io
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bench import hostile_bodies

QUIET_EVERY_S = 0.02
LONGEST_WAIT_S = 120.0
# Of what was recorded: each is replayed, and looked at on four pages.
MAX_SHOWN = 30
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n"
)
# One that looks at every value, at any depth, and one that is a name in forms.
RULES = ["$..a", "$.*.*", "token"]
Door = Callable[[], Awaitable[int]]


@dataclass(slots=True)
class Quiet:
    """What the quiet service's client saw: statuses, and ms of each request."""

    statuses: Counter[int] = field(default_factory=Counter)
    taken_ms: list[float] = field(default_factory=list)

    def percentile_ms(self, share: float) -> float:
        taken = sorted(self.taken_ms)
        return taken[min(int(len(taken) * share), len(taken) - 1)] if taken else 0.0


class Upstream:
    """Answers `/ok`; to anything else what is hostile, by the name in the path."""

    def __init__(self) -> None:
        self._answers = {
            name.replace(" ", "-"): _answer(
                f"Content-Type: {kind}\r\nContent-Encoding: gzip\r\n", body
            )
            for name, (kind, body) in hostile_bodies.coded().items()
        }
        chunked = b"Transfer-Encoding: chunked\r\n\r\n"
        events = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        self._answers |= {
            "chunks": b"HTTP/1.1 200 OK\r\n" + chunked + hostile_bodies.chunks(),
            "events": events + b"Connection: close\r\n\r\n" + hostile_bodies.events(),
            "hints": hostile_bodies.hints() + OK,
            "fields": b"HTTP/1.1 200 OK\r\n" + hostile_bodies.fields() + b"\r\n",
            "frames": SWITCHED + b"\x89\x00" * hostile_bodies.COUNT,
        }

    @property
    def names(self) -> list[str]:
        return list(self._answers)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 24)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await _read_body(reader, head)
                path = head.split(b" ", 2)[1].partition(b"?")[0].decode()
                answer = self._answers.get(path.rpartition("/")[2], OK)
                writer.write(answer)
                await writer.drain()
                if b"Connection: close" in answer or answer.startswith(SWITCHED):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> None:
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        await reader.readuntil(b"0\r\n\r\n")
    elif b"content-length: " in lower:
        size = lower.split(b"content-length: ")[1].partition(b"\r\n")[0]
        await reader.readexactly(int(size))


def _answer(lines: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Hostile:
    """Against the appliance at *app* and *proxy_port*, with *upstream* behind it."""

    def __init__(
        self,
        app: str,
        proxy_port: int,
        upstream: Upstream,
        session: aiohttp.ClientSession,
    ) -> None:
        self._app = app
        self._proxy_port = proxy_port
        self._upstream = upstream
        self._session = session
        self._service = ""
        self._key = ""
        self.statuses: Counter[int] = Counter()
        self.refusals: list[str] = []

    async def register(self, upstream_port: int) -> None:
        base = f"http://127.0.0.1:{upstream_port}"
        await self._made("/v1/services", {"name": "quiet", "base_url": base})
        service = await self._made(
            "/v1/services",
            {
                "name": "hostile",
                "base_url": base,
                "redact_fields": RULES,
                "body_limit": 8 << 20,
            },
        )
        self._service = service["id"]
        self._key = (
            await self._made(f"/v1/services/{service['id']}/keys", {"name": "k"})
        )["raw_key"]

    def doors(self) -> dict[str, Door]:
        """By name; each gives how many requests it made."""
        return {
            "proxy, requests": self._requests,
            "proxy, answers": self._answers,
            "proxy, tiny pieces": self._tiny_pieces,
            "proxy, heads and paths": self._heads,
            "ingest": self._ingest,
            "batch": self._batch,
            "HAR": self._har,
            "replay, compare, pages": self._shown,
            "search": self._search,
            "rules": self._rules,
        }

    async def quiet(self, is_over: asyncio.Event) -> Quiet:
        """Ask the quiet service until *is_over*, each request at its time."""
        seen = Quiet()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._proxy_port)
        request = b"GET /quiet/ok HTTP/1.1\r\nHost: a\r\n\r\n"
        try:
            while not is_over.is_set():
                began = time.perf_counter()
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                await _read_body(reader, head)
                seen.taken_ms.append((time.perf_counter() - began) * 1000)
                seen.statuses[int(head.split(b" ", 2)[1])] += 1
                await asyncio.sleep(QUIET_EVERY_S)
        finally:
            writer.close()
        return seen

    async def _requests(self) -> int:
        bodies = hostile_bodies.coded()
        for kind, body in bodies.values():
            lines = f"Content-Type: {kind}\r\nContent-Encoding: gzip\r\n"
            await self._raw("POST", "/hostile/ok", lines, body)
        return len(bodies)

    async def _answers(self) -> int:
        names = [name for name in self._upstream.names if name != "frames"]
        for name in names:
            await self._raw("GET", f"/hostile/{name}", "", b"")
        return len(names)

    async def _tiny_pieces(self) -> int:
        head = (
            b"POST /hostile/ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        await self._sent(head + hostile_bodies.chunks())
        upgrade = (
            b"GET /hostile/frames HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\n\r\n"
        )
        await self._sent(upgrade + hostile_bodies.frames())
        return 2

    async def _heads(self) -> int:
        paths = (
            "/hostile/" + "a/" * 15_000,
            "/hostile/" + "%2e%2e/" * 4_000,
            "/hostile/ok?" + "a=1&" * 15_000,
            "/hostile/ok?" + "token=1;" * 7_000,
            "/" + "b" * 60_000,
            "/hostile/" + "b" * 70_000,
        )
        for path in paths:
            await self._raw("GET", path, "", b"")
        many = hostile_bodies.fields().decode()
        await self._raw("GET", "/hostile/ok", many, b"")
        return len(paths) + 1

    async def _ingest(self) -> int:
        count = 0
        for _, text in hostile_bodies.texts().values():
            log = {
                "method": "POST",
                "url": "http://a/",
                "path": "/",
                "request_body": text[: 1 << 20].decode(),
                "request_headers": {"Content-Type": "application/json"},
            }
            await self._call("POST", "/v1/logs", json.dumps(log).encode())
            await self._call("POST", "/v1/logs", text[:2_000_000])
            count += 2
        return count

    async def _batch(self) -> int:
        contents = (
            b"[" * 20_000_000,
            b"[" + b"{}," * 300_000 + b"{}]",
            b'["' * 400_000,
        )
        for content in contents:
            await self._call("POST", "/v1/logs/batch", content)
        lines = b"\n" * 4_000_000
        await self._call("POST", "/v1/logs/batch", lines, kind="application/x-ndjson")
        return len(contents) + 1

    async def _har(self) -> int:
        await self._call("POST", "/v1/logs/import/har", hostile_bodies.archive())
        return 1

    async def _shown(self) -> int:
        """What the proxy recorded is replayed, compared, and looked at."""
        query = f"service_id={self._service}&source=proxy&limit={MAX_SHOWN}"
        page = await self._call("GET", f"/v1/logs?{query}")
        count = 1
        for log in page["items"]:
            id = log["id"]
            await self._call("POST", f"/v1/logs/{id}/replay", b"{}")
            for path in (f"/v1/logs/{id}", f"/log/{id}", f"/replay/{id}"):
                await self._call("GET", path)
            await self._call("GET", f"/v1/logs/{id}/har")
            count += 5
        return count

    async def _search(self) -> int:
        texts = ("%25" * 300, "_" * 1000, "a" * 1024, "[a-z]*" * 100, "(" * 500)
        for text in texts:
            await self._call("GET", f"/v1/logs?q={text}")
            await self._call("GET", f"/v1/logs?path={text}")
        await self._call("GET", "/v1/logs?" + "&".join(f"a{n}=1" for n in range(700)))
        return 2 * len(texts) + 1

    async def _rules(self) -> int:
        rule = {
            "service_id": self._service,
            "name": "r",
            "condition_field": "latency_ms",
            "condition_operator": ">=",
            "condition_value": "0",
        }
        for _ in range(120):
            await self._call("POST", "/v1/alerts", json.dumps(rule).encode())
        paths = json.dumps({"redact_fields": ["$" + "..a" * 80] * 64}).encode()
        await self._call("PATCH", f"/v1/services/{self._service}", paths)
        for _ in range(20):
            log = b'{"method":"GET","url":"http://a/","path":"/","latency_ms":1}'
            await self._call("POST", "/v1/logs", log)
        return 141

    async def _made(self, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        async with self._session.post(self._app + path, json=fields) as answer:
            assert answer.status == 201, await answer.text()
            made: dict[str, Any] = await answer.json()
            return made

    async def _call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        kind: str = "application/json",
    ) -> Any:
        """The answer's JSON, if it is any; statuses and refusals are noted."""
        is_push = path in ("/v1/logs", "/v1/logs/batch", "/v1/logs/import/har")
        headers = {"Content-Type": kind} if body else {}
        if is_push and body:
            headers["Authorization"] = f"Bearer {self._key}"
        async with self._session.request(
            method,
            self._app + path,
            data=io.BytesIO(body) if body else None,
            headers=headers,
        ) as answer:
            content = await answer.read()
        self.statuses[answer.status] += 1
        if answer.status >= 400:
            self.refusals.append(f"{answer.status} {content[:2_000].decode()}")
        is_json = answer.content_type == "application/json"
        return json.loads(content) if is_json else {}

    async def _raw(self, method: str, path: str, lines: str, body: bytes) -> None:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        await self._sent(head.encode() + body)

    async def _sent(self, request: bytes) -> None:
        """Through the proxy, and all of the answer is read."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._proxy_port)
        head = bytearray()
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                writer.write(request)
                if b"Upgrade" in request[:200]:
                    writer.write_eof()
                while piece := await reader.read(1 << 18):
                    if len(head) < 20_000:
                        head += piece
        except ConnectionError:
            pass
        finally:
            writer.close()
        if head.startswith(b"HTTP/1.1 "):
            status = int(head[9:12])
            self.statuses[status] += 1
            if status >= 400:
                self.refusals.append(head[:2_000].decode("latin-1"))
