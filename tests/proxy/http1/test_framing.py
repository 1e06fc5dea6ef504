"""No two readers may take one message's bytes for different messages."""

import asyncio

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.upstreams import (
    OK,
    Reader,
    Writer,
    answering,
    get,
    proxied,
    read_head,
    upstream,
)


async def test_a_length_stays_where_connection_names_it() -> None:
    seen: list[bytes] = []

    async def taking(reader: Reader, writer: Writer) -> None:
        seen.append(await read_head(reader))
        seen.append(await reader.readexactly(4))
        writer.write(OK)
        await writer.drain()

    async with upstream(taking) as port, proxied(port) as stage:
        answer = await stage.ask(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 4\r\n"
            b"Connection: close, Content-Length\r\n\r\nGET "
        )
    assert answer.endswith(b"ok")
    assert b"\r\nContent-Length: 4\r\n" in seen[0]


async def test_an_answers_length_stays_where_connection_names_it() -> None:
    response = (
        b"HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 2\r\n\r\nok"
    )
    async with upstream(answering(response)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/"))
    assert b"\r\nContent-Length: 2\r\n" in answer


@pytest.mark.parametrize("extra", [OK.replace(b"ok", b"no"), b"garbage", b"\r\n"])
async def test_bytes_after_an_answer_reach_nobody(extra: bytes) -> None:
    async with upstream(answering(OK + extra)) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        for _ in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
            async with asyncio.timeout(PATIENCE_S):
                await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(2) == b"ok"
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        logs = await stage.records(3)
    assert [log.response_size for log in logs] == [2, 2, 2]
    assert [log.error for log in logs] == [None, None, None]


async def test_bytes_after_a_chunked_answer_reach_nobody() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    )
    async with upstream(answering(chunked + OK)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert answer.endswith(b"\r\n\r\n2\r\nok\r\n0\r\n\r\n")
    assert log.response_size == 2


async def test_a_line_passes_to_the_byte() -> None:
    response = (
        b"HTTP/1.1 200 OK\r\nX-A:\r\nX-B: \r\nX-C:\t1 \xff \r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    async with upstream(answering(response)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/"))
    assert b"\r\nX-A:\r\nX-B: \r\nX-C:\t1 \xff \r\n" in answer


@pytest.mark.parametrize(
    "body", [b"zz\r\n", b"3\r\nabcXX0\r\n\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n"]
)
@pytest.mark.parametrize("pause_s", [0, 0.1])
async def test_a_broken_chunk_of_the_client_is_400_and_a_record(
    body: bytes, pause_s: float
) -> None:
    async def taking(reader: Reader, writer: Writer) -> None:
        await reader.read()

    async with upstream(taking) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        await asyncio.sleep(pause_s)
        writer.write(body)
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()
        writer.close()
        [log] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert str(log.error).startswith("client_malformed: ")
    assert log.status_code == 400


@pytest.mark.parametrize(
    "host", [b'a";for=1.1.1.1;x="', b"a/b", b"a b", b"user@shop.localhost", b"a\\b"]
)
async def test_a_host_that_is_none_is_400(host: bytes) -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        answer = await stage.ask(
            b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nX-Monitor-Service: shop\r\n"
            b"Connection: close\r\n\r\n"
        )
        await stage.records(0)
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_userinfo_in_an_absolute_target_is_400() -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        answer = await stage.ask(get("http://shop.localhost:1@else.org/"))
        await stage.records(0)
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_chunks_of_an_http_1_0_client_are_400() -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        answer = await stage.ask(
            b"POST / HTTP/1.0\r\nHost: shop.localhost\r\nConnection: keep-alive\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        await stage.records(0)
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_a_head_that_is_pipelined_is_bounded_too() -> None:
    async def slow(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        await asyncio.sleep(0.5)
        writer.write(OK)
        await writer.drain()

    async with upstream(slow) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
        await asyncio.sleep(0.1)
        for number in range(200):
            writer.write(b"" if number else b"GET / HTTP/1.1\r\n")
            writer.write(b"X-%d: %b\r\n" % (number, b"x" * 1000))
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()
        writer.close()
        await stage.records(1)
        assert stage.unrouted("head_too_large") == 1
    assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_1xx_heads_lose_what_is_of_the_connection_and_of_ours() -> None:
    response = (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-Monitor-Log-Id: fake\r\n"
        b"Keep-Alive: 5\r\n\r\n" + OK
    )
    async with upstream(answering(response)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/"))
    assert answer.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP")
