"""Receivers of notifications on loopback sockets."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.ports import free_port


@dataclass
class Received:
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with *statuses* in turn, the last one again and again."""

    statuses: Sequence[int] = (200,)
    port: int = 0
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=1"

    async def until(self, count: int) -> list[Received]:
        for _ in range(3_000):
            if len(self.received) >= count:
                return self.received
            await asyncio.sleep(0.02)
        raise AssertionError(f"{len(self.received)} of {count} came")


@asynccontextmanager
async def receiver(
    *statuses: int, extra: bytes = b"", hangs: bool = False
) -> AsyncIterator[Receiver]:
    made = Receiver(statuses or (200,))
    gone = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while found := await _head(reader):
                target, head = found
                body = await reader.readexactly(int(head["content-length"]))
                made.received.append(Received(target, head, body))
                if hangs:
                    await gone.wait()
                    return
                turn = min(len(made.received), len(made.statuses)) - 1
                status = made.statuses[turn]
                writer.write(
                    b"HTTP/1.1 %d X\r\n%bContent-Length: 0\r\n\r\n" % (status, extra)
                )
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        gone.set()
        server.close()


def refusing_url() -> str:
    """Of a port that nobody listens on."""
    return f"http://127.0.0.1:{free_port()}/"


async def _head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]] | None:
    """A request's target, and its fields by their lower-case names; None at the end."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = raw.decode().split("\r\n")[:-2]
    pairs = (line.split(": ", 1) for line in lines)
    return first.split(" ")[1], {name.lower(): value for name, value in pairs}
