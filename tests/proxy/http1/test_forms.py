"""What of a message's form comes through: methods, chunks, trailers, half-closes."""

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

POST = b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked\r\n"


@pytest.mark.parametrize("method", ["PURGE", "X-ODD!", "patch", "MKCALENDAR"])
async def test_any_method_arrives_as_it_came(method: str) -> None:
    heads: list[bytes] = []
    async with upstream(answering(OK, heads)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/").replace(b"GET", method.encode(), 1))
        [log] = await stage.records(1)
    assert answer.endswith(b"ok")
    assert heads[0].startswith(f"{method} / HTTP/1.1\r\n".encode())
    assert log.method == method


@pytest.mark.parametrize(
    "target", ["/?", "/a?", "/a??b=", "/%00;x=/../", "/a%23b", "/\xe9"]
)
async def test_a_target_arrives_to_the_byte(target: str) -> None:
    heads: list[bytes] = []
    async with upstream(answering(OK, heads)) as port, proxied(port) as stage:
        await stage.ask(get(target))
        [log] = await stage.records(1)
    assert heads[0].startswith(f"GET {target} HTTP/1.1\r\n".encode("latin-1"))
    assert log.url == f"http://127.0.0.1:{port}{target}"


async def test_empty_lines_before_a_request_are_ignored() -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        assert (await stage.ask(b"\r\n\r\n" + get("/"))).endswith(b"ok")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\nHost: shop.localhost\n\n",
        b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nA: b\rc\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nA: b\nC: d\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nA : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: shop.localhost\r\n: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nA: \x00\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: shop.localhost\r\n\r\n",
        b"G\xc3T / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: +1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 1, 1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: \xb2\r\n\r\nxx",
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\n"
        b"Transfer-Encoding: xchunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\n"
        b"Transfer-Encoding:\x0bchunked\r\n\r\n",
    ],
)
async def test_a_head_outside_of_the_grammar_is_400_at_once(head: bytes) -> None:
    reached = []

    async def noting(reader: Reader, writer: Writer) -> None:
        reached.append(await reader.read(1))

    async with upstream(noting) as port, proxied(port) as stage:
        async with asyncio.timeout(PATIENCE_S):
            answer = await stage.ask(head)
        await stage.records(0)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert not reached


@pytest.mark.parametrize(
    "chunk",
    [
        b"3\nabc\r\n",
        b"3 \r\nabc\r\n",
        b"0x3\r\nabc\r\n",
        b"3;\r\nabc\r\n",
        b"3;a=\n\r\nabc\r\n",
        b"3\r\nabc\n",
        b"3\r\nab\r\n0\r\n\r\n",
        b"1" * 17 + b"\r\n",
        b"3;a=" + b"x" * 5000 + b"\r\nabc\r\n",
        b"0\r\nA: b\n\r\n\r\n",
        b"0\r\nA b\r\n\r\n",
        b"0\r\nA: " + b"x" * 20_000,
    ],
)
async def test_a_chunk_outside_of_the_grammar_never_reaches_the_upstream(
    chunk: bytes,
) -> None:
    received = b""
    has_come = asyncio.Event()

    async def taking(reader: Reader, writer: Writer) -> None:
        nonlocal received
        await read_head(reader)
        received = await reader.readuntil(b"ok\r\n")
        has_come.set()
        received += await reader.read()

    async with upstream(taking) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(POST + b"\r\n2\r\nok\r\n")
        await has_come.wait()
        writer.write(chunk)
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()
        writer.close()
        [log] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert received == b"2\r\nok\r\n"
    assert str(log.error).startswith("client_malformed: ")


@pytest.mark.parametrize("pause_s", [0, 0.003])
async def test_chunks_pass_as_they_were_cut_with_extensions_and_trailers(
    pause_s: float,
) -> None:
    body = (
        b'3;a="x;y";b\r\none\r\n0a\r\n0123456789\r\n00\r\n'
        b"X-Sum: 1\r\nHost: evil\r\nX-Monitor-A: 1\r\n\r\n"
    )
    passed = b'3;a="x;y";b\r\none\r\n0a\r\n0123456789\r\n00\r\nX-Sum: 1\r\n\r\n'
    received = b""

    async def echoing(reader: Reader, writer: Writer) -> None:
        nonlocal received
        received = await read_head(reader)
        received += await reader.readexactly(len(passed))
        writer.write(b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n")
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
        for start in range(len(body)):
            writer.write(body[start : start + 1])
            await asyncio.sleep(pause_s)

    async with upstream(echoing) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(POST + b"Trailer: X-Sum\r\nTE: trailers\r\n\r\n")
        for start in range(len(body)):
            writer.write(body[start : start + 1])
            await asyncio.sleep(pause_s)
        async with asyncio.timeout(PATIENCE_S):
            head = await read_head(reader)
            assert await reader.readexactly(len(passed)) == passed
        writer.close()
        [log] = await stage.records(1)
    assert b"\r\nTrailer: X-Sum\r\n" in head
    assert b"\r\nTrailer: X-Sum\r\n" in received
    assert b"\r\nConnection: TE\r\nTE: trailers\r\n" in received
    assert received.endswith(b"\r\n\r\n" + passed)
    assert log.request_body is not None
    assert log.request_body.kept == b"one0123456789"
    assert (log.request_size, log.response_size) == (13, 13)


async def test_a_client_that_ends_its_side_is_answered() -> None:
    async def slow(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        await asyncio.sleep(0.3)
        writer.write(OK)
        await writer.drain()

    async with upstream(slow) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(b"GET /%d HTTP/1.1\r\nHost: shop.localhost\r\n\r\n" % 1 * 2)
        writer.write_eof()
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()
        writer.close()
        logs = await stage.records(2)
    first, second, rest = answer.split(b"ok")
    for head in (first, second):
        assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n")
    assert not rest
    assert [log.error for log in logs] == [None, None]


async def test_an_answer_before_the_end_of_an_upload_stops_it() -> None:
    async def refusing(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await writer.drain()
        await reader.read()

    async with upstream(refusing) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 999999\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()
        writer.close()
        [log] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 413 Too Large\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(b"no")
    assert log.status_code == 413


async def test_an_upstream_may_have_an_ipv6_address() -> None:
    heads: list[bytes] = []

    async def answer(reader: Reader, writer: Writer) -> None:
        heads.append(await read_head(reader))
        writer.write(OK)
        writer.close()

    try:
        server = await asyncio.start_server(answer, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = server.sockets[0].getsockname()[1]
    async with server, proxied(1, base_url=f"http://[::1]:{port}/v2") as stage:
        assert (await stage.ask(get("/a"))).endswith(b"ok")
        [log] = await stage.records(1)
    assert heads[0].startswith(f"GET /v2/a HTTP/1.1\r\nHost: [::1]:{port}\r\n".encode())
    assert log.url == f"http://[::1]:{port}/v2/a"
