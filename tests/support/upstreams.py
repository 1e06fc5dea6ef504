"""Upstreams on raw sockets, and a proxy in front of them, for a block."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

from aiohttp.web import BaseRunner

from appliance.process.listening import bind, listening
from monitor.network.dns import Resolve
from monitor.registry.table import RoutingTable, Service
from monitor.replay.ticket import Tickets
from monitor.settings import load
from monitor.spool.recording import DropReason
from monitor.spool.tally import DROPPED, EVENT, UNROUTED, Tally, read
from monitor.traffic.exchange import Exchange
from monitor.traffic.ids import LogIds
from proxy.exchange.handler import Proxy
from tests.support.connections import answer_to
from tests.support.patience import PATIENCE_S

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Behaviour = Callable[[Reader, Writer], Awaitable[None]]
VIA = "apimonitor-test"


@dataclass
class Stage:
    """A running proxy, and what it recorded."""

    port: int
    proxy: Proxy
    runner: BaseRunner
    tally: Path
    recorded: list[Exchange] = field(default_factory=list)
    _opened: list[Writer] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def unrouted(self, reason: str) -> int:
        """How many requests were counted as unrouted for *reason*."""
        return self._counted(f"{UNROUTED}{reason}")

    def events(self, event: str) -> int:
        """How often it happened to connections to upstreams."""
        return self._counted(f"{EVENT}{event}")

    def dropped(self, reason: str) -> int:
        return self._counted(f"{DROPPED}{reason}")

    def _counted(self, word: str) -> int:
        return sum(n for (_, counted), n in read(self.tally).items() if counted == word)

    async def connect(self) -> tuple[Reader, Writer]:
        """A connection to it, which is closed with the stage at the latest."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._opened.append(writer)
        return reader, writer

    async def ask(self, request: bytes) -> bytes:
        return await answer_to(self.port, request)

    async def stop(self) -> None:
        """Drain, before the block is left."""
        await self.runner.cleanup()

    def close(self) -> None:
        for writer in self._opened:
            writer.close()

    async def records(self, count: int) -> list[Exchange]:
        """What was recorded, once there are *count*; more than that fails."""
        for _ in range(6_000):
            if len(self.recorded) >= count:
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.02)
        assert len(self.recorded) == count, self.recorded
        return self.recorded


def guarded(behaviour: Behaviour) -> Behaviour:
    """It ends with its connection, which it closes."""

    async def served(reader: Reader, writer: Writer) -> None:
        try:
            await behaviour(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    return served


@asynccontextmanager
async def upstream(
    behaviour: Behaviour, port: int = 0, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A server that does *behaviour* with each connection; yields its port."""
    server = await asyncio.start_server(guarded(behaviour), "127.0.0.1", port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def proxied(
    port: int,
    *,
    base_path: str = "",
    environment: Any = None,
    recording: Callable[[], None] = lambda: None,
    resolve: Resolve | None = None,
    others: Sequence[Service] = (),
    drain_s: float = 0.2,
    **service: Any,
) -> AsyncIterator[Stage]:
    """A proxy with the service `shop`, whose upstream listens on *port*.

    *recording* is called as an exchange is about to be recorded; *resolve* stands for
    the system's resolver; *others* are services besides; a stop waits *drain_s*.
    """
    fields = {
        "id": uuid4(),
        "name": "Shop",
        "slug": "shop",
        "base_url": f"http://127.0.0.1:{port}{base_path}",
        "timeout_s": PATIENCE_S,
        **service,
    }
    table = RoutingTable([Service(**fields), *others])
    directory = tempfile.TemporaryDirectory()
    tally = Tally(Path(directory.name), "0" * 16)
    recorded: list[Exchange] = []

    def record(ended: Sequence[tuple[Callable[[], Exchange], Service]]) -> None:
        for make, service in ended:
            recording()
            if service.is_recording:
                recorded.append(make())
            else:
                tally.dropped(service.id, DropReason.RECORDING_OFF)

    proxy = Proxy(
        settings=load(environment or {}),
        routes=lambda: table,
        record=record,
        ids=LogIds(),
        tally=tally,
        via=VIA,
        session_cookie="apimonitor_session",
        is_open=True,
        # There is no such directory, so no replay either.
        tickets=Tickets(Path("no-tickets")),
        resolve=resolve,
    )
    bound = bind("127.0.0.1", 0)
    runner = proxy.runner(timeout_s=drain_s)
    path = Path(directory.name) / f"{'0' * 16}.tally"
    stage = Stage(bound.getsockname()[1], proxy, runner, path, recorded)
    try:
        async with listening(runner, [bound]):
            yield stage
    finally:
        stage.close()
        tally.close()
        directory.cleanup()


async def read_head(reader: Reader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def answering(response: bytes, heads: list[bytes] | None = None) -> Behaviour:
    """Answers each request without a body with *response*; keeps the heads."""

    async def behave(reader: Reader, writer: Writer) -> None:
        while True:
            head = await read_head(reader)
            if heads is not None:
                heads.append(head)
            writer.write(response)
            await writer.drain()

    return behave


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def get(target: str, *fields: str, host: str = "shop.localhost") -> bytes:
    """A GET that asks for the connection's end."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: close", *fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@asynccontextmanager
async def on_socket(path: Path, behaviour: Behaviour) -> AsyncIterator[None]:
    server = await asyncio.start_unix_server(guarded(behaviour), path)
    try:
        yield
    finally:
        server.close()
