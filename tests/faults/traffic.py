"""Traffic that counts: what was answered, what was acknowledged, what is stored."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.patience import PATIENCE_S, eventually
from tests.support.running import bearer
from tests.support.serving import Served
from tests.support.upstreams import Reader, Writer, read_head

CLIENTS = 4
PUSHERS = 2
# Between two requests of one client. Many at once are not what these tests ask for, and
# whoever sends without a pause takes the CPU that the broken parts need to come back.
ASKS_EVERY_S, PUSHES_EVERY_S = 0.01, 0.02
ENOUGH = 100


def body_of(number: int) -> bytes:
    """What the upstream answers to `/n/<number>`: no two alike, some in pieces."""
    return f"answer {number} ".encode() * (1 + number % 40)


async def numbered(reader: Reader, writer: Writer) -> None:
    """An upstream whose answers can be told apart: by length, or in chunks."""
    while True:
        head = await read_head(reader)
        number = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
        body = body_of(number)
        if number % 3:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(body)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        await writer.drain()


@dataclass(slots=True)
class Tally:
    """What both ends say. *answered*: requests whose whole answer a client has."""

    answered: set[int] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)
    refused: Counter[int | str] = field(default_factory=Counter)


class Traffic:
    """Clients through the proxy, and clients that push, until told to end."""

    def __init__(self, appliance: Served, key: str) -> None:
        self._appliance = appliance
        self._key = key
        self._next = 0
        self._is_over = False
        self.tally = Tally()

    async def ask(self) -> None:
        """One client: a connection a request, so that none is reused by luck."""
        while not self._is_over:
            number = self._number()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    answer = await self._appliance.through_proxy(f"/pay/n/{number}")
            except (OSError, TimeoutError) as error:
                self.tally.failed.append(f"{number}: {error!r}")
                await asyncio.sleep(0.05)
                continue
            if is_whole(answer, body_of(number)):
                self.tally.answered.add(number)
            else:
                self.tally.failed.append(f"{number}: {answer[:80]!r}")
            await asyncio.sleep(ASKS_EVERY_S)

    async def push(self) -> None:
        """One client that pushes; what is refused is not tried again."""
        url = f"http://127.0.0.1:{self._appliance.port}/v1/logs"
        async with httpx.AsyncClient(headers=bearer(self._key), timeout=15) as client:
            while not self._is_over:
                number = self._number()
                log = {
                    "method": "GET",
                    "url": f"https://x.example/i/{number}",
                    "path": f"/i/{number}",
                    "response_body": body_of(number).decode(),
                }
                try:
                    answer = await client.post(url, json=log)
                except httpx.HTTPError as error:
                    self.tally.refused[type(error).__name__] += 1
                    await asyncio.sleep(0.05)
                    continue
                if answer.status_code == 201:
                    self.tally.acknowledged.add(number)
                else:
                    self.tally.refused[answer.status_code] += 1
                await asyncio.sleep(PUSHES_EVERY_S)

    def end(self) -> None:
        self._is_over = True

    def _number(self) -> int:
        self._next += 1
        return self._next


def is_whole(answer: bytes, body: bytes) -> bool:
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b"chunked" in head:
        return rest.endswith(b"0\r\n\r\n") and body in rest.replace(b"\r\n", b"")
    return rest == body


@asynccontextmanager
async def flowing(traffic: Traffic) -> AsyncIterator[None]:
    """For the length of the block, and until enough is answered on a slow machine, too.

    At its end all of it is answered or failed.
    """
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CLIENTS):
            tasks.create_task(traffic.ask())
        for _ in range(PUSHERS):
            tasks.create_task(traffic.push())
        try:
            yield
            await eventually(lambda: len(traffic.tally.answered) > ENOUGH)
        finally:
            traffic.end()


async def stored(appliance: Served) -> dict[str, list[dict[str, Any]]]:
    """All logs by path, in full."""
    found: dict[str, list[dict[str, Any]]] = {}
    url = f"http://127.0.0.1:{appliance.port}/v1/logs.ndjson"
    async with httpx.AsyncClient(timeout=60) as client:
        for _ in range(600):
            answer = await client.get(url)
            if answer.status_code != 503:
                break
            await asyncio.sleep(0.1)
    assert answer.status_code == 200, answer.text
    for line in answer.text.splitlines():
        log = httpx.Response(200, content=line).json()
        found.setdefault(log["path"], []).append(log)
    return found
