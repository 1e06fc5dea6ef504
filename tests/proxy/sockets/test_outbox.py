"""What is written in one turn leaves at its end: all of it, in its order."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.sockets.outbox import MAX_PIECES, SMALL_BYTES, Outbox


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[asyncio.Transport, asyncio.StreamReader]]:
    """A transport, and who reads what it writes."""
    near, far = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=near)
    reader, writer = await asyncio.open_connection(sock=far)
    try:
        yield transport, reader
    finally:
        transport.close()
        writer.close()


async def nothing_came(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(0.05):
            return await reader.read(1) == b""
    except TimeoutError:
        return True


@pytest.mark.parametrize("pieces", [1, 3, MAX_PIECES, MAX_PIECES * 3 + 1])
async def test_all_arrives_in_order_on_each_connection(pieces: int) -> None:
    outbox = Outbox()
    async with pair() as (one, of_one), pair() as (other, of_other):
        for n in range(pieces):
            outbox.put(one, b"%d," % n)
            outbox.put(other, b"%d;" % n)
        wanted = [
            b"".join(b"%d%s" % (n, end) for n in range(pieces)) for end in (b",", b";")
        ]
        assert await of_one.readexactly(len(wanted[0])) == wanted[0]
        assert await of_other.readexactly(len(wanted[1])) == wanted[1]


async def test_a_large_piece_overtakes_none() -> None:
    outbox = Outbox()
    large = b"x" * (SMALL_BYTES + 1)
    async with pair() as (transport, reader):
        outbox.put(transport, b"before")
        outbox.put(transport, large)
        outbox.put(transport, b"after")
        wanted = b"before" + large + b"after"
        assert await reader.readexactly(len(wanted)) == wanted


async def test_who_flushes_before_closing_loses_nothing() -> None:
    outbox = Outbox()
    async with pair() as (transport, reader):
        outbox.put(transport, b"last words")
        outbox.flush()
        transport.close()
        assert await reader.read() == b"last words"


async def test_a_connection_that_is_lost_meanwhile_holds_nobody_up() -> None:
    outbox = Outbox()
    async with pair() as (lost, of_lost), pair() as (other, of_other):
        outbox.put(lost, b"nobody reads this")
        outbox.put(other, b"this arrives")
        lost.abort()
        assert await of_other.readexactly(12) == b"this arrives"
        assert await nothing_came(of_lost)
        outbox.put(other, b"and this")
        assert await of_other.readexactly(8) == b"and this"


@pytest.mark.parametrize("size", [1, SMALL_BYTES + 1])
async def test_nothing_leaves_before_what_is_to_be_done_before(size: int) -> None:
    near, far = socket.socketpair()
    far.setblocking(False)
    done: list[str] = []

    def before() -> None:
        with pytest.raises(BlockingIOError):
            far.recv(1)
        done.append("before")

    outbox = Outbox(before)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=near)
    with far:
        outbox.put(transport, b"x" * size)
        # Once where a turn holds no piece as well: there may be something to do.
        outbox.soon()
        await asyncio.sleep(0.05)
        assert far.recv(1) == b"x"
        assert done
        transport.close()
