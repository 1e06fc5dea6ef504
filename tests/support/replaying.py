"""A service whose logs are replayed, and what it received."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from appliance.start.running import Appliance
from tests.support.patience import PATIENCE_S
from tests.support.running import (
    appliance_on,
    client_of,
    register,
)
from tests.support.upstreams import Reader, Writer, read_head, upstream


@dataclass
class Dump:
    """An upstream that keeps what it receives, and answers what it is told."""

    answers: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        while True:
            head = await read_head(reader)
            length = 0
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            self.received.append(head + await reader.readexactly(length))
            number = min(len(self.received), len(self.answers)) - 1
            writer.write(self.answers[number])
            await writer.drain()


@dataclass
class Scene:
    appliance: Appliance
    client: httpx.AsyncClient
    dump: Dump
    port: int
    service: dict[str, Any]

    async def through_proxy(self, method: str, target: str, **options: Any) -> str:
        """Send it; the id of its log, once it is there."""
        async with httpx.AsyncClient(
            base_url=self.appliance.proxy_url, verify=False, timeout=PATIENCE_S
        ) as client:
            answer = await client.request(method, f"/pay{target}", **options)
        id = answer.headers["x-monitor-log-id"]
        await self.log(id)
        return id

    async def log(self, id: str) -> dict[str, Any]:
        for _ in range(6_000):
            answer = await self.client.get(f"/v1/logs/{id}")
            if answer.status_code == 200:
                return answer.json()  # type: ignore[no-any-return]
            await asyncio.sleep(0.01)
        raise AssertionError(answer.text)

    async def replay(self, id: str, status: int = 201, **body: Any) -> dict[str, Any]:
        answer = await self.client.post(f"/v1/logs/{id}/replay", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]


def ok(body: bytes, content_type: str = "application/json", *fields: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {content_type}", *fields]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    return head.encode("latin-1") + body


@asynccontextmanager
async def scene_on(
    database_url: str, directory: Path, **settings: str
) -> AsyncIterator[Scene]:
    dump = Dump([ok(b'{"ok":true}')])
    async with (
        upstream(dump) as port,
        appliance_on(database_url, directory, **settings) as appliance,
        client_of(appliance) as client,
    ):
        base_url = f"http://127.0.0.1:{port}/v2"
        service = await register(client, base_url=base_url)
        yield Scene(appliance, client, dump, port, service)
