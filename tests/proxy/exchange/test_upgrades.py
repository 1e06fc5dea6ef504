"""Upgrades are agreed with the upstream, then bytes pass both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import websockets
from websockets.asyncio.server import ServerConnection, serve

from tests.support.patience import PATIENCE_S
from tests.support.upstreams import (
    OK,
    Reader,
    Writer,
    answering,
    proxied,
    read_head,
    upstream,
)

UPGRADE = (
    b"GET /x HTTP/1.1\r\nHost: shop.localhost\r\n"
    b"Connection: Upgrade\r\nUpgrade: odd/1\r\n\r\n"
)


@asynccontextmanager
async def echo_server() -> AsyncIterator[int]:
    """A third party's WebSocket server."""

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@pytest.mark.parametrize("way", ["prefix", "host", "header"])
async def test_a_websocket_works_in_all_three_ways(way: str) -> None:
    async with echo_server() as port, proxied(port) as stage:
        host = "shop.localhost" if way == "host" else "localhost"
        path = "/shop/chat" if way == "prefix" else "/chat"
        headers = {"X-Monitor-Service": "shop"} if way == "header" else {}
        async with websockets.connect(
            f"ws://{host}{path}",
            host="127.0.0.1",
            port=stage.port,
            additional_headers=headers,
            proxy=None,
        ) as socket:
            for message in ("hello", "x" * 200_000, b"\x00\xff"):
                await socket.send(message)
                assert await socket.recv() == message
        [log] = await stage.records(1)
    assert log.status_code == 101
    assert log.error is None
    assert log.path == "/chat"
    assert log.response_size is not None
    assert log.response_size > 0
    assert log.duration_ms is not None
    assert log.latency_ms is not None
    assert log.duration_ms >= log.latency_ms


async def test_bytes_that_come_with_the_101_and_half_closes_arrive() -> None:
    async def odd(reader: Reader, writer: Writer) -> None:
        head = await read_head(reader)
        assert b"Upgrade: odd/1\r\n" in head
        assert b"Connection: upgrade\r\n" in head
        writer.write(
            b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: odd/1\r\n\r\nhi"
        )
        received = await reader.read()
        writer.write(received.upper())
        await writer.drain()

    async with upstream(odd) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(UPGRADE)
        async with asyncio.timeout(PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 Switching\r\n")
            assert await reader.readexactly(2) == b"hi"
            writer.write(b"shout")
            writer.write_eof()
            assert await reader.read() == b"SHOUT"
        [log] = await stage.records(1)
        writer.close()
    assert (log.request_size, log.response_size) == (5, 7)


async def test_a_refused_upgrade_passes_as_an_answer() -> None:
    refusal = b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"
    async with upstream(answering(refusal)) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(UPGRADE)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403 No\r\n")
        assert await reader.readexactly(2) == b"no"
        [log] = await stage.records(1)
        writer.close()
    assert log.status_code == 403


async def test_a_tunnel_whose_client_vanishes_leaves_one_record() -> None:
    async def odd(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: odd/1\r\n\r\n")
        await reader.read()

    async with upstream(odd) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        await stage.records(1)
        assert stage.proxy.in_flight == 0


async def test_a_101_that_nobody_asked_for_is_502() -> None:
    switch = b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: odd/1\r\n\r\n"
    async with upstream(answering(switch)) as port, proxied(port) as stage:
        answer = await stage.ask(
            b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n"
        )
    assert answer.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize(
    ("offered", "passed"),
    [
        ("h2c", None),
        ("HTTP/2.0, TLS/1.0", None),
        ("H2C, websocket", "websocket"),
        ("odd/1,other", "odd/1,other"),
    ],
)
async def test_what_carries_http_again_is_not_offered(
    offered: str, passed: str | None
) -> None:
    heads: list[bytes] = []
    async with upstream(answering(OK, heads)) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        for _ in range(3):
            writer.write(
                b"GET / HTTP/1.1\r\nHost: shop.localhost\r\n"
                b"Connection: Upgrade, HTTP2-Settings\r\n"
                b"Upgrade: %b\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n" % offered.encode()
            )
            async with asyncio.timeout(PATIENCE_S):
                answer = await reader.readuntil(b"ok")
            assert answer.startswith(b"HTTP/1.1 200 ")
        await stage.records(3)
        writer.close()
    for head in heads:
        fields = head.decode().lower()
        assert "http2-settings" not in fields
        if passed is None:
            assert "upgrade" not in fields
            assert "\r\nconnection:" not in fields
        else:
            assert f"\r\nconnection: upgrade\r\nupgrade: {passed}\r\n" in fields


async def test_a_switch_to_http_again_is_refused() -> None:
    switch = b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    async with upstream(answering(switch)) as port, proxied(port) as stage:
        answer = await stage.ask(
            UPGRADE.replace(b"Connection: ", b"Connection: close, ")
        )
        [log] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert log.error == "upstream_malformed: 101 was not asked for"
