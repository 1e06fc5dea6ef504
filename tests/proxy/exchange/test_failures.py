"""What a client sees, and what is recorded, when something breaks."""

import asyncio
import contextlib
import json

import pytest

from tests.support.patience import PATIENCE_S, eventually
from tests.support.ports import free_port
from tests.support.upstreams import (
    OK,
    VIA,
    Reader,
    Writer,
    answering,
    get,
    proxied,
    read_head,
    upstream,
)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


def problem_of(answer: bytes) -> dict[str, object]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    assert b"X-Monitor-Error: " in head
    found: dict[str, object] = json.loads(body)
    return found


async def test_a_refused_connection_is_502() -> None:
    async with proxied(free_port()) as stage:
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert status_of(answer) == 502
    assert b"X-Monitor-Error: connect_refused" in answer
    assert b"X-Monitor-Log-Id: " in answer
    assert problem_of(answer)["status"] == 502
    assert log.status_code == 502
    assert str(log.error).startswith("connect_refused: ")


async def test_a_name_without_an_address_is_502() -> None:
    async with proxied(1, base_url="http://nowhere.invalid") as stage:
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert status_of(answer) == 502
    assert str(log.error).startswith("dns: ")


async def test_an_upstream_that_speaks_no_tls_is_502() -> None:
    async def plain(reader: Reader, writer: Writer) -> None:
        writer.write(OK)
        await reader.read(1)

    async with (
        upstream(plain) as port,
        proxied(1, base_url=f"https://127.0.0.1:{port}") as stage,
    ):
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert status_of(answer) == 502
    assert str(log.error).startswith("tls: ")


async def test_a_silent_upstream_is_504() -> None:
    async def silent(reader: Reader, writer: Writer) -> None:
        await reader.read()

    async with upstream(silent) as port, proxied(port, timeout_s=0.2) as stage:
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert status_of(answer) == 504
    assert str(log.error).startswith("upstream_timeout: ")


async def test_a_slow_total_is_no_timeout() -> None:
    async def dripping(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for _ in range(6):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.3)

    async with upstream(dripping) as port, proxied(port, timeout_s=1.5) as stage:
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert answer.endswith(b"xxxxxx")
    assert log.error is None


@pytest.mark.parametrize(
    "response", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n"]
)
async def test_what_is_no_http_is_502(response: bytes) -> None:
    async with upstream(answering(response)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert status_of(answer) == 502
    assert str(log.error).startswith("upstream_malformed: ")


async def test_an_upstream_that_closes_without_an_answer_is_502() -> None:
    async def leaving(reader: Reader, writer: Writer) -> None:
        await read_head(reader)

    async with upstream(leaving) as port, proxied(port) as stage:
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert status_of(answer) == 502
    assert str(log.error).startswith("upstream_reset: ")


@pytest.mark.parametrize(
    "beginning",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ],
)
async def test_a_broken_answer_is_a_broken_connection_and_no_faked_end(
    beginning: bytes,
) -> None:
    async def breaking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(beginning)
        await writer.drain()
        await asyncio.sleep(0.1)

    async with upstream(breaking) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(get("/"))
        with pytest.raises(ConnectionResetError):
            async with asyncio.timeout(PATIENCE_S):
                await reader.readuntil(b"never")
        [log] = await stage.records(1)
        writer.close()
    assert log.status_code == 200
    assert str(log.error).startswith("upstream_reset: ")
    assert log.response_size == 4


async def test_a_client_that_leaves_midway_is_recorded_as_such() -> None:
    has_come = asyncio.Event()

    async def waiting(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        has_come.set()
        await reader.read()

    async with upstream(waiting) as port, proxied(port) as stage:
        _, writer = await stage.connect()
        writer.write(get("/"))
        await has_come.wait()
        writer.transport.abort()
        [log] = await stage.records(1)
    assert log.status_code is None
    assert str(log.error).startswith("client_disconnect: ")


async def test_a_client_that_leaves_within_its_upload_is_recorded_as_such() -> None:
    has_come = asyncio.Event()

    async def taking(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"half")
        has_come.set()
        await reader.read()

    async with upstream(taking) as port, proxied(port) as stage:
        _, writer = await stage.connect()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 9\r\n\r\nhalf"
        )
        await has_come.wait()
        writer.close()
        [log] = await stage.records(1)
    assert log.request_size == 4
    assert str(log.error).startswith("client_disconnect: ")


async def test_our_own_via_is_a_loop() -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/", f"Via: 1.0 x, 1.1 {VIA}"))
        [log] = await stage.records(1)
    assert status_of(answer) == 508
    assert log.status_code == 508


async def test_a_slow_head_is_408_and_holds_nobody_else() -> None:
    environment = {"APIMONITOR_HEAD_TIMEOUT_S": "0.3"}
    async with (
        upstream(answering(OK)) as port,
        proxied(port, environment=environment) as stage,
    ):
        reader, writer = await stage.connect()
        writer.write(b"GET / HT")
        assert status_of(await stage.ask(get("/"))) == 200
        assert status_of(await reader.read()) == 408
        writer.close()
        await stage.records(1)


@pytest.mark.parametrize(
    "field", [b"A: " + b"x" * 70_000, b"\r\n".join([b"A: " + b"x" * 1000] * 70)]
)
async def test_a_head_over_the_limit_is_431(field: bytes) -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        answer = await stage.ask(
            b"GET / HTTP/1.1\r\nHost: shop.localhost\r\n" + field + b"\r\n\r\n"
        )
        await stage.records(0)
    assert status_of(answer) == 431


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost a\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 1\r\n"
        b"Content-Length: 2\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\n"
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"nonsense\r\n\r\n",
    ],
)
async def test_malformed_requests_are_400_and_no_log(request_bytes: bytes) -> None:
    reached = []

    async def noting(reader: Reader, writer: Writer) -> None:
        reached.append(await reader.read(1))

    async with upstream(noting) as port, proxied(port) as stage:
        answer = await stage.ask(request_bytes)
        await stage.records(0)
        assert stage.unrouted("malformed") == 1
    assert status_of(answer) == 400
    problem_of(answer)
    assert not reached


async def test_connect_is_405() -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        answer = await stage.ask(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
        await stage.records(0)
    assert status_of(answer) == 405
    assert b"Allow: " in answer


async def test_nobodys_request_is_404_and_names_the_services() -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/nobody", host="localhost"))
        await stage.records(0)
    assert status_of(answer) == 404
    assert "shop" in str(problem_of(answer)["detail"])


async def test_a_stop_lets_exchanges_finish_and_then_breaks_them_off() -> None:
    come: list[bytes] = []
    is_stopping = asyncio.Event()

    async def slow(reader: Reader, writer: Writer) -> None:
        come.append(await read_head(reader))
        await (is_stopping.wait() if b"/soon" in come[-1] else reader.read())
        writer.write(OK)
        await writer.drain()

    async with upstream(slow) as port, proxied(port, drain_s=1) as stage:
        soon = asyncio.create_task(stage.ask(get("/soon")))
        late = asyncio.create_task(stage.ask(get("/late")))
        await eventually(lambda: len(come) == 2)
        stopping = asyncio.create_task(stage.stop())
        await asyncio.sleep(0.1)
        is_stopping.set()
        await stopping
        assert (await soon).endswith(b"ok")
        with contextlib.suppress(ConnectionResetError):
            assert await late == b""
        done, broken = await stage.records(2)
    assert done.error is None
    assert str(broken.error).startswith("shutdown: ")


async def test_an_upstream_that_only_hints_is_502() -> None:
    """Each 1xx head ends a silence: without a bound it would go on for ever."""
    flood = b"HTTP/1.1 102 Processing\r\n\r\n" * 1_001
    async with upstream(answering(flood + OK)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/"))
        (exchange,) = await stage.records(1)
    assert answer.count(b"102 Processing") == 1_000
    assert b"HTTP/1.1 502 Bad Gateway" in answer
    assert exchange.error is not None
    assert exchange.error.startswith("upstream_malformed")


async def test_what_the_proxy_itself_fails_at_is_answered_too() -> None:
    """No base_url of ours holds a NUL; the library that connects refuses it oddly."""
    async with proxied(1, base_url="http://a\0b") as stage:
        answer = await stage.ask(get("/"))
        (exchange,) = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"X-Monitor-Error: internal" in answer
    assert exchange.error == "internal: the proxy failed"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b",
    ],
)
async def test_a_head_that_can_be_none_is_502_at_once(head: bytes) -> None:
    async def holding(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        for byte in head:
            writer.write(bytes([byte]))
            await writer.drain()
        # It waits for more than the test does.
        await reader.read()

    async with upstream(holding) as port, proxied(port, timeout_s=300) as stage:
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert status_of(answer) == 502
    assert str(log.error).startswith("upstream_malformed: ")


async def test_an_event_stream_may_be_silent_for_longer_than_an_answer() -> None:
    go_on = asyncio.Event()

    async def thinking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        await go_on.wait()
        writer.write(b"data: 42\n\n")
        await reader.read()

    async with (
        upstream(thinking) as port,
        proxied(
            port,
            timeout_s=0.4,
            environment={"APIMONITOR_EVENT_STREAM_IDLE_S": "2"},
        ) as stage,
    ):
        reader, writer = await stage.connect()
        writer.write(get("/"))
        async with asyncio.timeout(PATIENCE_S):
            await read_head(reader)
            # More than it may be silent before its head.
            await asyncio.sleep(0.6)
            go_on.set()
            assert await reader.readuntil(b"42\n\n") == b"data: 42\n\n"
            with pytest.raises(ConnectionResetError):
                await reader.read()
        [log] = await stage.records(1)
        writer.close()
    assert log.error == "upstream_timeout: it was silent for 2 s"
