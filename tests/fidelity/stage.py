"""A proxy under test between a scripted upstream and clients that send exact bytes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.fidelity import strict
from tests.fidelity.strict import Incomplete, Malformed, Message
from tests.fidelity.wire import Wire, connect

Script = Callable[[Wire], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
# For what must not come: the other side has been answered already.
SETTLE_S = 0.03


class Upstream:
    """Listens on one port for all rules; plays one script with each connection."""

    def __init__(self, port: int = 0) -> None:
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listening.bind(("127.0.0.1", port))
        self._listening.listen(64)
        self._listening.setblocking(False)
        self._tasks: set[asyncio.Task[None]] = set()
        self.port: int = self._listening.getsockname()[1]
        self.wires: list[Wire] = []
        self.script: Script = polite

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connected, _ = await loop.sock_accept(self._listening)
            connected.setblocking(False)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = Wire(connected)
            self.wires.append(wire)
            task = asyncio.create_task(self._play(wire))
            self._tasks.add(task)

    async def _play(self, wire: Wire) -> None:
        try:
            await self.script(wire)
            # What still comes is noted, too.
            await wire.rest()
        except OSError:
            wire.was_reset = True

    async def clear(self) -> None:
        """Forget what came; every connection ends."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for wire in self.wires:
            wire.close()
        self.wires, self.script = [], polite

    def close(self) -> None:
        self._listening.close()

    def requests(self) -> list[Message]:
        """The whole requests that came, in order. Raises Malformed."""
        found = []
        for wire in self.wires:
            raw = bytes(wire.received)
            with contextlib.suppress(Incomplete):
                while raw:
                    message = strict.read_request(raw)
                    found.append(message)
                    raw = raw[message.size :]
        return found


@dataclass(kw_only=True, slots=True)
class Stage:
    """*host* is what clients say in Host; *patience_s* how long a timeout may take."""

    address: tuple[str, int]
    host: bytes
    upstream: Upstream
    patience_s: float = 3
    clients: list[Wire] = field(default_factory=list)

    async def connect(self) -> Wire:
        wire = await connect(*self.address)
        self.clients.append(wire)
        return wire

    async def clear(self) -> None:
        """Both sides of the proxy are as if nothing had been."""
        for wire in self.clients:
            wire.close()
        self.clients.clear()
        await self.upstream.clear()

    def request(
        self,
        target: bytes = b"/",
        *fields: bytes,
        method: bytes = b"GET",
        version: bytes = b"1.1",
        body: bytes = b"",
    ) -> bytes:
        """A request that is well-formed but for what the caller puts in."""
        start = b"%b %b HTTP/%b" % (method, target, version)
        lines = [start, b"Host: " + self.host, *fields, b"", body]
        return b"\r\n".join(lines)

    async def send(self, raw: bytes) -> Wire:
        wire = await self.connect()
        await wire.send(raw)
        return wire

    async def ask(self, raw: bytes, *, method: bytes = b"GET") -> Message:
        """The final answer to *raw* on a connection of its own."""
        return (await answers(await self.send(raw), method=method))[-1]

    async def arrived(self) -> Message:
        """The one request that the upstream got, once it is there."""
        for _ in range(1_000):
            if requests := self.upstream.requests():
                assert len(requests) == 1, f"{len(requests)} requests arrived"
                return requests[0]
            await asyncio.sleep(0.005)
        raise AssertionError("no request arrived")


async def answers(wire: Wire, *, method: bytes = b"GET") -> list[Message]:
    """The interim answers and the final one. Raises Malformed, Incomplete."""
    found = [await answer(wire, method=method)]
    while found[-1].status < 200 and found[-1].status != 101:
        found.append(await answer(wire, method=method))
    return found


async def answer(wire: Wire, *, method: bytes = b"GET") -> Message:
    """The next answer; a reset ends no body."""
    while True:
        is_over = wire.has_ended and not wire.was_reset
        try:
            found = strict.read_response(wire.untaken, method=method, is_over=is_over)
        except Incomplete:
            if not await wire.more() and (is_over or wire.was_reset):
                raise
        else:
            wire.take(found.size)
            return found


async def request(wire: Wire) -> Message | None:
    """The next request that an upstream gets; None at the end."""
    while True:
        with contextlib.suppress(Incomplete):
            found = strict.read_request(wire.untaken)
            wire.take(found.size)
            return found
        if not await wire.more():
            return None


async def polite(wire: Wire) -> None:
    """Answers each request; also one that is none, as lenient servers do."""
    try:
        while await request(wire):
            await wire.send(OK)
    except Malformed:
        await wire.send(OK)
        wire.end()


def answering(response: bytes, *, closes: bool = False) -> Script:
    """Answers each request with *response*, and ends the connection if it *closes*."""

    async def script(wire: Wire) -> None:
        while await request(wire):
            await wire.send(response)
            if closes:
                wire.end()
                return

    return script


@asynccontextmanager
async def scripted(port: int = 0) -> AsyncIterator[Upstream]:
    """An upstream that serves for the block."""
    upstream = Upstream(port)
    serving = asyncio.create_task(upstream.serve())
    try:
        yield upstream
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await upstream.clear()
        upstream.close()
