"""An exchange is recorded before its end goes to the client, in whatever way it ends.

So that a process that is killed takes no exchange with it that a client has whole.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from threading import Thread

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.upstreams import (
    Behaviour,
    Reader,
    Stage,
    Writer,
    answering,
    get,
    proxied,
    read_head,
    upstream,
)

# What had been sent before has reached the client by then.
LOOK_S = 0.1
UPGRADE = (
    b"GET /x HTTP/1.1\r\nHost: shop.localhost\r\n"
    b"Connection: Upgrade\r\nUpgrade: odd/1\r\n\r\n"
)
SWITCH = b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: odd/1\r\n\r\n"
KEPT = get("/").replace(b"Connection: close\r\n", b"")
RESET = struct.pack("ii", 1, 0)


class Client(Thread):
    """Reads in a thread of its own: what it has, it has, whatever the proxy does."""

    def __init__(self, port: int, request: bytes) -> None:
        super().__init__(daemon=True)
        self.received = b""
        self.has_end = False
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.socket.sendall(request)

    def run(self) -> None:
        try:
            while piece := self.socket.recv(65536):
                self.received += piece
        except ConnectionResetError:
            pass
        self.has_end = True
        self.socket.close()


class Look:
    """What the client had when the exchange was being recorded."""

    def __init__(self) -> None:
        self.client: Client | None = None
        self.had: list[bytes] = []
        self.had_end: list[bool] = []

    def __call__(self) -> None:
        assert self.client is not None
        time.sleep(LOOK_S)
        self.had.append(self.client.received)
        self.had_end.append(self.client.has_end)


async def looked(
    stage: Stage, look: Look, request: bytes, is_all: Callable[[Client], bool]
) -> Client:
    """The client, once it has all; its record was made once."""
    client = look.client = Client(stage.port, request)
    client.start()
    async with asyncio.timeout(PATIENCE_S):
        while not is_all(client) or not look.had:
            await asyncio.sleep(0.01)
    await stage.records(1)
    assert len(look.had) == 1
    return client


def sending(*pieces: bytes, pause_s: float = 0.05) -> Behaviour:
    """Answers a request with *pieces*, one after the other, and ends."""

    async def behave(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return behave


LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OPEN = b"HTTP/1.1 200 OK\r\n\r\n"
FRAMED = {
    "all at once": [LENGTH + b"abcdef"],
    "by Content-Length": [LENGTH, b"abc", b"def"],
    "chunked": [CHUNKED, b"3\r\nabc\r\n", b"3\r\ndef\r\n0\r\n\r\n"],
    "chunked, the last chunk alone": [CHUNKED, b"6\r\nabcdef\r\n", b"0\r\n\r\n"],
    "chunked at once": [CHUNKED + b"6\r\nabcdef\r\n0\r\n\r\n"],
}


@pytest.mark.parametrize("pieces", FRAMED.values(), ids=FRAMED)
async def test_a_framed_answer(pieces: list[bytes]) -> None:
    look, whole = Look(), b"".join(pieces)
    end = whole[-1:] if b"chunked" not in whole else b"0\r\n\r\n"
    async with (
        upstream(sending(*pieces)) as port,
        proxied(port, recording=look) as stage,
    ):
        client = await looked(
            stage, look, KEPT, lambda client: client.received.endswith(end)
        )
        assert client.received.endswith(whole.partition(b"\r\n\r\n")[2])
        assert not look.had[0].endswith(end)
        client.socket.shutdown(socket.SHUT_RDWR)


async def test_an_answer_that_the_connections_end_ends() -> None:
    look = Look()
    async with (
        upstream(sending(OPEN, b"abc", b"def")) as port,
        proxied(port, recording=look) as stage,
    ):
        client = await looked(stage, look, get("/"), lambda client: client.has_end)
        assert client.received.endswith(b"abcdef")
        assert look.had_end == [False]


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
async def test_an_answer_without_a_body(method: str, head: bytes) -> None:
    look = Look()
    request = KEPT.replace(b"GET", method.encode())
    async with (
        upstream(answering(head)) as port,
        proxied(port, recording=look) as stage,
    ):
        client = await looked(
            stage, look, request, lambda client: client.received.endswith(b"\r\n\r\n")
        )
        assert look.had == [b""]
        client.socket.shutdown(socket.SHUT_RDWR)


async def test_an_upgrade_that_the_upstream_ends() -> None:
    look = Look()
    async with (
        upstream(sending(SWITCH, b"abc", b"def")) as port,
        proxied(port, recording=look) as stage,
    ):
        client = await looked(stage, look, UPGRADE, lambda client: client.has_end)
        assert client.received.endswith(b"abcdef")
        assert look.had_end == [False]
        [log] = stage.recorded
        assert log.response_size == 6


async def test_an_upgrade_that_the_client_ends_first() -> None:
    look = Look()

    async def until_its_end(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(SWITCH)
        said = await reader.read()
        writer.write(said.upper())

    async with (
        upstream(until_its_end) as port,
        proxied(port, recording=look) as stage,
    ):
        client = look.client = Client(stage.port, UPGRADE)
        client.start()
        async with asyncio.timeout(PATIENCE_S):
            while b"101" not in client.received:
                await asyncio.sleep(0.01)
            client.socket.sendall(b"abc")
            client.socket.shutdown(socket.SHUT_WR)
            while not client.has_end:
                await asyncio.sleep(0.01)
        [log] = await stage.records(1)
        assert client.received.endswith(b"ABC")
        assert look.had_end == [False]
        assert (log.request_size, log.response_size) == (3, 3)
        assert log.error is None


async def test_an_upgrade_that_the_upstream_resets() -> None:
    look = Look()

    async def resetting(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(SWITCH + b"abc")
        await writer.drain()
        await asyncio.sleep(0.1)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()

    async with upstream(resetting) as port, proxied(port, recording=look) as stage:
        await looked(stage, look, UPGRADE, lambda client: client.has_end)
        assert look.had_end == [False]
        [log] = stage.recorded
        assert (log.error or "").startswith("upstream_reset")


async def test_an_answer_that_breaks_off() -> None:
    look = Look()
    async with (
        upstream(sending(LENGTH, b"abc")) as port,
        proxied(port, recording=look) as stage,
    ):
        client = await looked(stage, look, KEPT, lambda client: client.has_end)
        assert client.received.endswith(b"abc")
        assert look.had_end == [False]


@pytest.mark.parametrize("status", [b" 502 ", b" 504 ", b" 508 "])
async def test_a_refusal_of_our_own(status: bytes) -> None:
    look = Look()

    async def silent(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        if status == b" 504 ":
            await asyncio.sleep(5)

    request = KEPT
    if status == b" 508 ":
        request = KEPT.replace(b"\r\n\r\n", b"\r\nVia: 1.1 apimonitor-test\r\n\r\n")
    async with (
        upstream(silent) as port,
        proxied(port, recording=look, timeout_s=0.3) as stage,
    ):
        client = await looked(
            stage, look, request, lambda client: client.received.endswith(b"}")
        )
        assert status in client.received
        assert look.had == [b""]
        client.socket.shutdown(socket.SHUT_RDWR)
