"""What comes early in an upgrade, and what ends a tunnel."""

import asyncio
import socket
import struct

import pytest

from proxy.connections.upstream import UpstreamConnection
from proxy.exchange.tunnel import tunnel
from proxy.sockets.outbox import Outbox
from tests.support.patience import PATIENCE_S, standing_still
from tests.support.upstreams import OK, Reader, Writer, proxied, read_head, upstream

SWITCH = b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"


def upgrade(protocol: str) -> bytes:
    return (
        f"GET /x HTTP/1.1\r\nHost: shop.localhost\r\n"
        f"Connection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n"
    ).encode()


async def shouting(reader: Reader, writer: Writer) -> None:
    await read_head(reader)
    await asyncio.sleep(0.2)
    writer.write(SWITCH)
    writer.write((await reader.read()).upper())
    await writer.drain()


@pytest.mark.parametrize("protocol", ["websocket", "odd/1"])
@pytest.mark.parametrize("pauses", [(), (0.05,), (0.05, 0.05)])
@pytest.mark.parametrize("early", [b"hello", b"GET / HTTP/1.1\r\n\r\n", b"z" * 300_000])
async def test_what_the_client_sends_before_the_101_arrives(
    protocol: str, pauses: tuple[float, ...], early: bytes
) -> None:
    async with upstream(shouting) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        request = upgrade(protocol)
        match len(pauses):
            case 0:
                writer.write(request + early)
            case 1:
                writer.write(request)
                await asyncio.sleep(pauses[0])
                writer.write(early)
            case _:
                writer.write(request[:-2])
                await asyncio.sleep(pauses[0])
                writer.write(request[-2:] + early[:3])
                await asyncio.sleep(pauses[1])
                writer.write(early[3:])
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            writer.write_eof()
            assert await reader.read() == early.upper()
        writer.close()
        [log] = await stage.records(1)
    assert log.request_size == log.response_size == len(early)


@pytest.mark.parametrize("early", [b"hi", b"z" * 2_000_000])
async def test_what_the_upstream_sends_with_its_101_arrives_though_it_ends(
    early: bytes,
) -> None:
    async def brief(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(SWITCH + early)
        await writer.drain()

    async with upstream(brief) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(upgrade("odd/1"))
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            assert len(await reader.read()) == len(early)
        writer.close()
        [log] = await stage.records(1)
    assert log.response_size == len(early)


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
async def test_after_a_refused_upgrade_the_connection_goes_on(protocol: str) -> None:
    async def refusing(reader: Reader, writer: Writer) -> None:
        while True:
            await read_head(reader)
            writer.write(OK)
            await writer.drain()

    async with upstream(refusing) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(upgrade(protocol) * 2 + upgrade(protocol))
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(3):
                await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(2) == b"ok"
        writer.close()
        await stage.records(3)


async def test_a_tunnel_that_a_stop_breaks_off_says_so() -> None:
    async def holding(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(SWITCH)
        await reader.read()

    async with upstream(holding) as port, proxied(port, drain_s=0.1) as stage:
        reader, writer = await stage.connect()
        writer.write(upgrade("websocket"))
        await reader.readuntil(b"\r\n\r\n")
        await stage.stop()
        [log] = await stage.records(1)
        writer.close()
    assert log.status_code == 101
    assert str(log.error).startswith("shutdown: ")


async def test_a_tunnel_through_which_nothing_passes_is_closed_and_says_so() -> None:
    """What passes, either way, keeps it open; both sides are told."""
    told = asyncio.Event()

    async def answering(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(SWITCH)
        for _ in range(12):
            await asyncio.sleep(0.1)
            writer.write(b"!")
        assert await reader.read() == b""
        told.set()

    idle = {"APIMONITOR_TUNNEL_IDLE_S": "1"}
    async with upstream(answering) as port, proxied(port, environment=idle) as stage:
        reader, writer = await stage.connect()
        writer.write(upgrade("websocket"))
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            assert await reader.read() == b"!" * 12
            await told.wait()
        writer.close()
        [log] = await stage.records(1)
    assert log.status_code == 101
    assert log.error == "tunnel_timeout: nothing passed through the tunnel for 1 s"


async def test_a_tunnel_whose_client_takes_nothing_is_closed_all_the_same() -> None:
    async def flooding(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(SWITCH + b"z" * 20_000_000)
        await reader.read()

    idle = {"APIMONITOR_TUNNEL_IDLE_S": "0.2"}
    async with (
        upstream(flooding) as port,
        proxied(port, environment=idle, timeout_s=0.2) as stage,
    ):
        # Its reader's bound is reached, and then all buffers fill.
        _, writer = await stage.connect()
        writer.write(upgrade("websocket"))
        [log] = await stage.records(1)
        async with asyncio.timeout(PATIENCE_S):
            while stage.proxy.in_flight:
                await asyncio.sleep(0.01)
        writer.transport.abort()
    assert str(log.error).startswith("tunnel_timeout: ")


async def test_a_tunnel_that_the_upstream_resets_says_so() -> None:
    async def resetting(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(SWITCH)
        await reader.readexactly(1)
        linger = struct.pack("ii", 1, 0)
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    async with upstream(resetting) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(upgrade("websocket"))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"xx")
        await reader.read()
        [log] = await stage.records(1)
        writer.close()
    assert log.status_code == 101
    assert str(log.error).startswith("upstream_reset: ")


async def test_a_tunnel_holds_a_fast_sender_back() -> None:
    sent = 0

    async def pouring(reader: Reader, writer: Writer) -> None:
        nonlocal sent
        await read_head(reader)
        writer.write(SWITCH)
        while sent < 100_000_000:
            writer.write(b"z" * 100_000)
            await writer.drain()
            sent += 100_000

    async with upstream(pouring) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(upgrade("websocket"))
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        held = await standing_still(lambda: sent)
        writer.transport.abort()
        await stage.records(1)
    assert 0 < held < 40_000_000


async def taken(sender: socket.socket, *, most: int) -> int:
    """How many bytes are taken of *sender* before none is for a while."""
    loop, sent = asyncio.get_running_loop(), 0
    while sent < most:
        try:
            async with asyncio.timeout(0.5):
                await loop.sock_sendall(sender, b"z" * 65_536)
        except TimeoutError:
            break
        sent += 65_536
    return sent


@pytest.mark.parametrize("is_full_before", [False, True])
async def test_a_tunnel_that_begins_full_holds_its_sender_back(
    is_full_before: bool,
) -> None:
    loop = asyncio.get_running_loop()
    client, near_side = socket.socketpair()
    far_side, deaf = socket.socketpair()
    with client, deaf:
        client.setblocking(False)
        near, _ = await loop.create_connection(asyncio.Protocol, sock=near_side)
        upstream_side = UpstreamConnection(head_limit=1024, outbox=Outbox())
        far, _ = await loop.create_connection(lambda: upstream_side, sock=far_side)
        near.pause_reading()
        early = b"z" * 1_000_000
        if is_full_before:
            upstream_side.write(early)
        ends = tunnel(
            near,
            far,
            note_sent=bytearray().extend,
            note_received=bytearray().extend,
            ending=lambda: None,
        )
        ends[0].begin(
            b"" if is_full_before else early,
            has_ended=False,
            is_held=upstream_side.is_writing_paused,
        )
        try:
            most = 16 * 1024 * 1024
            assert await taken(client, most=most) < most // 4
            # Once there is room, it goes on.
            deaf.setblocking(False)
            async with asyncio.timeout(PATIENCE_S):
                while (got := len(await loop.sock_recv(deaf, 1 << 20))) and early:
                    early = early[got:]
            assert await taken(client, most=65_536) == 65_536
        finally:
            for end in ends:
                end.abort()
