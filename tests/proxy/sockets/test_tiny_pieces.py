"""What comes in tiny pieces is worked on in turns, between which others have theirs.

Counted in turns of the event loop, not in seconds.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from monitor.traffic.exchange import Exchange
from proxy.http1.bodies import MAX_CHUNKS
from proxy.messages.afterwards import WORK_AT_ONCE
from tests.support.loop_turns import Turns
from tests.support.upstreams import OK, Reader, Stage, Writer, get, proxied, read_head
from tests.support.upstreams import upstream as serving

COUNT = 100_000
ONE = b"1\r\nx\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n"
)
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n"
)


@asynccontextmanager
async def counted() -> AsyncIterator[Turns]:
    turns = Turns()
    try:
        yield turns
    finally:
        turns.end()


async def one_record(stage: Stage) -> Exchange:
    [log] = await stage.records(1)
    return log


async def test_an_upload_of_tiny_chunks_leaves_turns_to_others() -> None:
    body, came = ONE * COUNT + b"0\r\n\r\n", bytearray()

    async def taking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        while not came.endswith(b"0\r\n\r\n"):
            came.extend(await reader.read(1 << 20))
        writer.write(OK)
        await writer.drain()

    async with serving(taking) as port, proxied(port) as stage, counted() as turns:
        answer = await stage.ask(POST + CHUNKED + body)
        log = await one_record(stage)
    assert answer.endswith(b"ok")
    assert came == body
    assert (log.request_size, log.error) == (COUNT, None)
    assert turns.count > COUNT / MAX_CHUNKS


@pytest.mark.parametrize("ending", ["whole", "cut", "broken", "closed"])
async def test_an_answer_of_tiny_chunks_leaves_turns_to_others(ending: str) -> None:
    body = ONE * COUNT
    last = {"whole": b"0\r\n\r\n", "broken": b"no chunk\r\n"}.get(ending, b"")
    head = b"HTTP/1.1 200 OK\r\n" + CHUNKED
    if ending == "closed":
        head, last = b"HTTP/1.1 200 OK\r\n\r\n", b""

    async def giving(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(head + body + last)
        await writer.drain()

    async with serving(giving) as port, proxied(port) as stage, counted() as turns:
        reader, writer = await stage.connect()
        writer.write(get("/"))
        came = b""
        try:
            while piece := await reader.read(1 << 20):
                came += piece
        except ConnectionResetError:
            assert ending in ("cut", "broken")
        writer.close()
        log = await one_record(stage)
    if ending in ("whole", "closed"):
        assert came.endswith(body + last)
        assert log.error is None
    else:
        assert log.error is not None
    if ending == "closed":
        assert log.response_size == len(body)
    else:
        # All that came before the end is counted, though it was read after.
        assert log.response_size == COUNT
        assert turns.count > COUNT / MAX_CHUNKS


@pytest.mark.parametrize("frame", [b"\x89\x00", b"\x81\x01a"], ids=["ping", "text"])
async def test_tiny_frames_leave_turns_to_others_and_are_all_counted(
    frame: bytes,
) -> None:
    content = frame * COUNT

    async def giving(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(SWITCHED + content)
        await writer.drain()

    async with serving(giving) as port, proxied(port) as stage, counted() as turns:
        answer = await stage.ask(UPGRADE)
        log = await one_record(stage)
    assert answer.endswith(b"\r\n\r\n" + content)
    assert log.messages is not None
    assert (log.messages.count, log.messages.problem) == (COUNT, None)
    assert len(log.messages.kept) == 1000
    assert turns.count > COUNT / WORK_AT_ONCE


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_tiny_events_leave_turns_to_others_and_are_all_counted(
    is_chunked: bool,
) -> None:
    content = b"data\n\n" * COUNT
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    framed = content
    if is_chunked:
        head += b"Transfer-Encoding: chunked\r\n"
        framed = b"%x\r\n" % len(content) + content + b"\r\n0\r\n\r\n"

    async def giving(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(head + b"\r\n" + framed)
        await writer.drain()

    async with serving(giving) as port, proxied(port) as stage, counted() as turns:
        answer = await stage.ask(get("/"))
        log = await one_record(stage)
    assert answer.endswith(framed)
    assert log.messages is not None
    assert (log.messages.count, log.messages.problem) == (COUNT, None)
    # Two lines each.
    assert turns.count > 2 * COUNT / WORK_AT_ONCE


async def test_hints_that_come_together_leave_turns_to_others() -> None:
    hints = b"".join(
        b"HTTP/1.1 103 Early\r\nLink: <%d>\r\n\r\n" % n for n in range(900)
    )

    async def giving(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(hints + OK)
        await writer.drain()

    async with serving(giving) as port, proxied(port) as stage, counted() as turns:
        answer = await stage.ask(get("/"))
        log = await one_record(stage)
    assert answer.startswith(hints)
    assert answer.endswith(b"ok")
    assert log.error is None
    assert turns.count > 900 / 50


async def test_a_head_of_too_many_fields_is_431() -> None:
    fields = [f"a{n}: 1" for n in range(1001)]
    async with proxied(1) as stage:
        answer = await stage.ask(get("/", *fields))
        assert stage.unrouted("head_too_large") == 1
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"HEAD_LIMIT_FIELDS" in answer


async def test_an_answer_of_too_many_fields_is_502() -> None:
    fields = b"".join(b"a: %d\r\n" % n for n in range(1001))

    async def giving(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")
        await writer.drain()

    async with serving(giving) as port, proxied(port) as stage:
        answer = await stage.ask(get("/"))
        log = await one_record(stage)
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert "HEAD_LIMIT_FIELDS" in str(log.error)


async def test_a_client_that_ends_its_side_behind_tiny_frames_is_read_whole() -> None:
    frame = b"\x8a\x80abcd"
    came = bytearray()

    async def taking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(SWITCHED)
        came.extend(await reader.read(-1))

    async with serving(taking) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(UPGRADE + frame * COUNT)
        writer.write_eof()
        await reader.read()
        writer.close()
        log = await one_record(stage)
    assert bytes(came) == frame * COUNT
    assert log.messages is not None
    assert (log.messages.count, log.messages.problem) == (COUNT, None)
