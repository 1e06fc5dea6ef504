"""The messages of a WebSocket and the events of a stream are kept with the exchange."""

import asyncio
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve

from monitor.traffic.exchange import Exchange
from monitor.traffic.message import Direction, Medium, MessageKind, Messages
from tests.support.patience import PATIENCE_S
from tests.support.upstreams import Reader, Writer, get, proxied, read_head, upstream

TOLD = [
    (Direction.SENT, MessageKind.TEXT, "hello"),
    (Direction.RECEIVED, MessageKind.TEXT, "HELLO"),
    (Direction.SENT, MessageKind.TEXT, "in three parts"),
    (Direction.RECEIVED, MessageKind.TEXT, "IN THREE PARTS"),
]


async def talk(compression: str | None, **options: Any) -> Exchange:
    """What is recorded of a talk between a third party's client and server."""

    async def shout(connection: ServerConnection) -> None:
        async for message in connection:
            assert isinstance(message, str)
            await connection.send(message.upper())
        await connection.wait_closed()

    async with serve(shout, "127.0.0.1", 0, compression=compression) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with proxied(port, **options) as stage:
            async with websockets.connect(
                f"ws://shop.localhost:{stage.port}/chat",
                host="127.0.0.1",
                proxy=None,
                compression=compression,
            ) as client:
                await _say(client)
            [log] = await stage.records(1)
    return log


async def _say(client: ClientConnection) -> None:
    await client.send("hello")
    assert await client.recv() == "HELLO"
    await client.send(["in ", "three ", "parts"])
    assert await client.recv() == "IN THREE PARTS"


def messages_of(log: Exchange) -> Messages:
    assert log.messages is not None
    return log.messages


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_both_directions_of_a_websocket_are_kept_decoded(
    compression: str | None,
) -> None:
    log = await talk(compression)
    found = messages_of(log)
    extension = dict(log.response_headers).get("Sec-WebSocket-Extensions", "")
    assert ("permessage-deflate" in extension) == (compression is not None)
    data = [m for m in found.kept if m.kind is not MessageKind.CLOSE]
    assert [(m.direction, m.kind, m.kept.decode()) for m in data] == TOLD
    assert [m.size for m in data] == [len(text) for _, _, text in TOLD]
    closes = [m for m in found.kept if m.kind is MessageKind.CLOSE]
    assert {m.direction for m in closes} == set(Direction)
    assert {m.kept[:2] for m in closes} == {b"\x03\xe8"}
    assert (found.medium, found.count) == (Medium.WEBSOCKET, 6)
    assert found.problem is None
    offsets = [m.offset_ms for m in found.kept]
    assert offsets == sorted(offsets)
    assert log.duration_ms is not None
    assert 0 < offsets[0] <= offsets[-1] <= log.duration_ms
    # Frames are not kept a second time, as bytes; their size is.
    assert log.request_body is not None
    assert log.request_body.kept == b""
    assert log.request_size == log.request_body.size > 0


async def test_messages_beyond_the_settings_are_counted() -> None:
    log = await talk(
        "deflate",
        environment={
            "APIMONITOR_CAPTURE_MESSAGES": "3",
            "APIMONITOR_CAPTURE_MESSAGE_LIMIT": "4",
        },
    )
    found = messages_of(log)
    assert found.count == 6
    assert [m.kept for m in found.kept] == [b"hell", b"HELL", b"in t"]
    assert all(m.truncated for m in found.kept)


async def test_a_service_without_bodies_keeps_no_messages_either() -> None:
    found = messages_of(await talk(None, body_limit=0))
    assert {m.kept for m in found.kept} == {b""}
    assert found.kept[0].size == 5


async def test_what_is_no_websocket_passes_all_the_same() -> None:
    """Bytes are the two sides' own matter, whatever they announced."""
    nonsense = bytes(range(256)) * 300

    async def odd(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(
            b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        writer.write(await reader.readexactly(len(nonsense)))
        await writer.drain()

    async with upstream(odd) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(
            b"GET /x HTTP/1.1\r\nHost: shop.localhost\r\n"
            b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        async with asyncio.timeout(PATIENCE_S):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(nonsense)
            assert await reader.readexactly(len(nonsense)) == nonsense
            writer.close()
        [log] = await stage.records(1)
    found = messages_of(log)
    assert found.problem is not None
    assert log.response_size == len(nonsense)


EVENTS = [
    b"event: price\nid: 1\ndata: {\n",
    b'data: "n": 0}\n\n',
    b"data: last\r\n\r\n",
]


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_each_event_of_a_stream_is_kept_with_its_time(is_chunked: bool) -> None:
    have_passed = [asyncio.Event() for _ in EVENTS]

    async def stream(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        coding = b"Transfer-Encoding: chunked\r\n" if is_chunked else b""
        writer.write(coding + b"\r\n")
        for piece, has_passed in zip(EVENTS, have_passed, strict=True):
            sized = b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece
            writer.write(sized)
            await has_passed.wait()
            await asyncio.sleep(0.1)
        writer.write(b"0\r\n\r\n" if is_chunked else b"")

    async with upstream(stream) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(get("/events"))
        answer = await read_head(reader)
        for piece, has_passed in zip(EVENTS, have_passed, strict=True):
            answer += await reader.readuntil(piece)
            has_passed.set()
        answer += await reader.read()
        writer.close()
        [log] = await stage.records(1)
    if not is_chunked:
        assert answer.endswith(b"".join(EVENTS))
    found = messages_of(log)
    assert (found.medium, found.count) == (Medium.EVENT_STREAM, 2)
    first, second = found.kept
    assert (first.name, first.event_id, first.kept) == ("price", "1", b'{\n"n": 0}')
    assert (second.name, second.event_id, second.kept) == (None, None, b"last")
    assert second.offset_ms - first.offset_ms >= 80
    # The stream itself is a body, as it passed.
    assert log.response_body is not None
    assert log.response_body.kept == b"".join(EVENTS)


async def test_a_stream_of_known_length_is_read_to_its_end() -> None:
    body = b"data: a\n\ndata: b\n\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    answer = b"%bContent-Length: %d\r\n\r\n" % (head, len(body))

    async def whole(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(answer + body[:9])
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.write(body[9:])

    async with upstream(whole) as port, proxied(port) as stage:
        assert (await stage.ask(get("/events"))).endswith(body)
        [log] = await stage.records(1)
    assert [m.kept for m in messages_of(log).kept] == [b"a", b"b"]


async def test_other_exchanges_have_no_messages() -> None:
    ok = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

    async def plain(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(ok)

    async with upstream(plain) as port, proxied(port) as stage:
        await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert log.messages is None
