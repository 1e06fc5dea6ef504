"""What goes through the appliance in a soak, and what its clients know of it."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

ASKERS, ABORTERS, SLOW, PUSHERS = 4, 2, 2, 2
PAUSE_S = 0.02
LARGE = 512 * 1024
LOG = {"method": "GET", "url": "https://x.example/a", "path": "/a", "status_code": 200}
# Refused while PostgreSQL is away: pushed again with the same key.
AGAIN = frozenset({429, 503})


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An upstream: small, large, chunked and failing answers, by the path."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            if path.endswith(b"/broken"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
                await writer.drain()
                return
            if path.endswith(b"/chunked"):
                writer.write(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"5\r\nhello\r\n6\r\n again\r\n0\r\n\r\n"
                )
            elif path.endswith(b"/error"):
                writer.write(b"HTTP/1.1 503 Away\r\nContent-Length: 4\r\n\r\naway")
            else:
                body = b"x" * (LARGE if path.endswith(b"/large") else 400)
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
                writer.write(head + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


@asynccontextmanager
async def upstream() -> AsyncIterator[int]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class Traffic:
    """Clients of each kind until *stop*; *seen* counts what they know.

    *whole*: answers that clients have whole. *failed*: requests that should have been
    answered and were not. *acknowledged*: pushed logs.
    """

    def __init__(self, app: str, proxy: str, key: str, service: str) -> None:
        self._app, self._proxy, self._service = app, proxy, service
        self._bearer = {"Authorization": f"Bearer {key}"}
        self._chance = random.Random(1)
        self._is_over = False
        self._last_id: str | None = None
        self.seen: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()

    def stop(self) -> None:
        self._is_over = True

    async def run(self) -> None:
        """Returns some time after *stop*, when each client is done."""
        kinds = [
            *[self._ask] * ASKERS,
            *[self._abort] * ABORTERS,
            *[self._read_slowly] * SLOW,
            *[self._push] * PUSHERS,
            self._push_batch,
            self._replay,
            self._look,
        ]
        async with asyncio.TaskGroup() as clients:
            for kind in kinds:
                clients.create_task(self._again_and_again(kind))

    async def _again_and_again(self, kind: Any) -> None:
        limits = httpx.Limits(max_keepalive_connections=2)
        while not self._is_over:
            # Now and then a client is another one.
            async with httpx.AsyncClient(timeout=30, limits=limits) as client:
                for _ in range(200):
                    if self._is_over:
                        return
                    await kind(client)
                    await asyncio.sleep(PAUSE_S)

    async def _ask(self, client: httpx.AsyncClient) -> None:
        kind = self._chance.choice(["a", "b", "chunked", "error", "large", "broken"])
        self.seen["asked"] += 1
        try:
            given = await client.post(f"{self._proxy}/soak/{kind}", content=b"q" * 300)
        except httpx.HTTPError as error:
            if kind != "broken":
                self.failures[f"a request: {type(error).__name__}"] += 1
            return
        self.seen["whole"] += 1
        self._last_id = given.headers.get("X-Monitor-Log-Id", self._last_id)
        if given.status_code != (503 if kind == "error" else 200):
            self.failures[f"a request: {given.status_code}"] += 1

    async def _abort(self, client: httpx.AsyncClient) -> None:
        """Gone in the middle of the answer, or of its own request."""
        self.seen["asked"] += 1
        try:
            url = f"{self._proxy}/soak/large"
            async with client.stream("GET", url) as given:
                async for _ in given.aiter_raw(1000):
                    return
        except httpx.HTTPError as error:
            self.failures[f"an aborted request: {type(error).__name__}"] += 1

    async def _read_slowly(self, client: httpx.AsyncClient) -> None:
        self.seen["asked"] += 1
        size = 0
        async with client.stream("GET", f"{self._proxy}/soak/large") as given:
            async for piece in given.aiter_raw(LARGE // 8):
                size += len(piece)
                await asyncio.sleep(0.1)
        self.seen["whole"] += 1
        if size != LARGE:
            self.failures["a slow client got a part"] += 1

    async def _push(self, client: httpx.AsyncClient) -> None:
        await self._until_taken(client, "/v1/logs", LOG)
        self.seen["acknowledged"] += 1

    async def _push_batch(self, client: httpx.AsyncClient) -> None:
        await self._until_taken(client, "/v1/logs/batch", [LOG] * 20)
        self.seen["acknowledged"] += 20
        await asyncio.sleep(0.5)

    async def _until_taken(
        self, client: httpx.AsyncClient, path: str, content: Any
    ) -> None:
        """With one key for all tries, so that it is stored once, whatever happens."""
        headers = {**self._bearer, "Idempotency-Key": uuid4().hex}
        for _ in range(300):
            given = await client.post(self._app + path, json=content, headers=headers)
            if given.status_code == 201:
                return
            if given.status_code not in AGAIN or "Retry-After" not in given.headers:
                break
            self.seen["refused"] += 1
            await asyncio.sleep(0.2)
        self.failures[f"a push: {given.status_code}"] += 1

    async def _replay(self, client: httpx.AsyncClient) -> None:
        await asyncio.sleep(1)
        if self._last_id is None:
            return
        url = f"{self._app}/v1/logs/{self._last_id}/replay"
        given = await client.post(url, json={}, headers=self._bearer)
        # 404: not recorded yet.
        if given.status_code not in (201, 404, 503):
            self.failures[f"a replay: {given.status_code}"] += 1
        self.seen["replayed"] += given.status_code == 201

    async def _look(self, client: httpx.AsyncClient) -> None:
        """As people do: lists, searches, metrics, pages."""
        for path in (
            "/v1/logs?limit=50",
            "/v1/logs?q=again&limit=10",
            f"/v1/metrics?service_id={self._service}",
            "/dashboard",
            "/status",
        ):
            given = await client.get(self._app + path)
            if given.status_code not in (200, 503):
                self.failures[f"{path}: {given.status_code}"] += 1
        await asyncio.sleep(1)
