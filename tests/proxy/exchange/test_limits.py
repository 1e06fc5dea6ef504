"""What is bounded, and what is not cut though it is slow."""

import asyncio
import contextlib
import json

from tests.support.patience import PATIENCE_S, eventually, standing_still
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

ONE = b"GET /%d HTTP/1.1\r\nHost: shop.localhost\r\n\r\n"


async def test_a_stop_lets_an_upload_in_flight_finish() -> None:
    has_come = asyncio.Event()

    async def taking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        has_come.set()
        await reader.readexactly(8)
        writer.write(OK)
        await writer.drain()

    async with upstream(taking) as port, proxied(port, drain_s=PATIENCE_S) as stage:
        reader, writer = await stage.connect()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 8\r\n\r\nhalf"
        )
        await has_come.wait()
        stopping = asyncio.create_task(stage.stop())
        await asyncio.sleep(0.1)
        writer.write(b"half")
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()
        await stopping
        writer.close()
        [log] = await stage.records(1)
    assert answer.endswith(b"ok")
    assert b"\r\nConnection: close\r\n" in answer
    assert log.error is None


async def test_a_stop_closes_idle_connections_at_once() -> None:
    async with (
        upstream(answering(OK)) as port,
        proxied(port, drain_s=2 * PATIENCE_S) as stage,
    ):
        reader, writer = await stage.connect()
        writer.write(ONE % 1)
        await reader.readuntil(b"ok")
        # Not in the time that those in flight would be given.
        async with asyncio.timeout(PATIENCE_S):
            await stage.stop()
            assert await reader.read() == b""
        writer.close()


async def test_the_upstreams_silence_begins_where_the_upload_ends() -> None:
    async def thinking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        await reader.readexactly(4)
        await asyncio.sleep(0.4)
        writer.write(OK)
        await writer.drain()

    async with upstream(thinking) as port, proxied(port, timeout_s=1.4) as stage:
        reader, writer = await stage.connect()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n"
            b"Content-Length: 4\r\n\r\n"
        )
        for _ in range(4):
            await asyncio.sleep(0.3)
            writer.write(b"x")
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.read()).endswith(b"ok")
        writer.close()
        [log] = await stage.records(1)
    assert log.error is None


async def test_a_slow_client_is_no_silence_of_the_upstream() -> None:
    async def taking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        await reader.readexactly(4)
        writer.write(OK)
        await writer.drain()

    async with upstream(taking) as port, proxied(port, timeout_s=1) as stage:
        reader, writer = await stage.connect()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n"
            b"Content-Length: 4\r\n\r\nxx"
        )
        await asyncio.sleep(1.2)
        writer.write(b"xx")
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.read()).endswith(b"ok")
        writer.close()


async def test_an_upstream_that_takes_no_more_is_504_and_holds_the_client_back() -> (
    None
):
    async def deaf(reader: Reader, writer: Writer) -> None:
        await asyncio.sleep(30)

    async with upstream(deaf) as port, proxied(port, timeout_s=0.5) as stage:
        reader, writer = await stage.connect()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\n"
            b"Content-Length: 100000000\r\n\r\n"
        )
        sent = 0

        async def pour() -> None:
            nonlocal sent
            while sent < 100_000_000:
                writer.write(b"z" * 100_000)
                await writer.drain()
                sent += 100_000

        pouring = asyncio.create_task(pour())
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.readuntil(b"\r\n\r\n")
            held = sent
        pouring.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await pouring
        writer.transport.abort()
        [log] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 504 ")
    assert held < 40_000_000
    assert str(log.error).startswith("upstream_timeout: ")


async def test_a_client_that_pipelines_and_never_reads_is_held_back() -> None:
    asked = 0
    body = b"y" * 200_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async def counting(reader: Reader, writer: Writer) -> None:
        nonlocal asked
        while True:
            await read_head(reader)
            asked += 1
            writer.write(answer)
            await writer.drain()

    async with upstream(counting) as port, proxied(port) as stage:
        _, writer = await stage.connect()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(ONE % 1 * 1000)
        await eventually(lambda: asked > 0)
        held = await standing_still(lambda: asked)
        writer.transport.abort()
    assert held < 100


async def test_a_full_pool_makes_requests_wait_their_turn() -> None:
    connections = 0

    async def slow(reader: Reader, writer: Writer) -> None:
        nonlocal connections
        connections += 1
        while True:
            await read_head(reader)
            await asyncio.sleep(0.05)
            writer.write(OK)
            await writer.drain()

    environment = {"APIMONITOR_UPSTREAM_CONNECTIONS": "2"}
    async with (
        upstream(slow) as port,
        proxied(port, environment=environment) as stage,
        asyncio.timeout(PATIENCE_S),
    ):
        answers = await asyncio.gather(*[stage.ask(get("/")) for _ in range(10)])
        await stage.records(10)
    assert all(answer.endswith(b"ok") for answer in answers)
    assert connections == 2


async def test_a_turn_that_does_not_come_is_504_and_leaves_the_pool_whole() -> None:
    has_come, is_told = asyncio.Event(), asyncio.Event()

    async def slow(reader: Reader, writer: Writer) -> None:
        while True:
            head = await read_head(reader)
            if b"/slow" in head:
                has_come.set()
                while not is_told.is_set():
                    # Its silence is not what is waited for.
                    writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
                    await asyncio.sleep(0.1)
            writer.write(OK)
            await writer.drain()

    environment = {"APIMONITOR_UPSTREAM_CONNECTIONS": "1"}
    async with (
        upstream(slow) as port,
        proxied(port, environment=environment, timeout_s=1) as stage,
        asyncio.timeout(PATIENCE_S),
    ):
        first = asyncio.create_task(stage.ask(get("/slow")))
        await has_come.wait()
        assert (await stage.ask(get("/"))).startswith(b"HTTP/1.1 504 ")
        is_told.set()
        assert (await first).endswith(b"ok")
        assert (await stage.ask(get("/"))).endswith(b"ok")
        await stage.records(3)


async def test_an_idle_client_connection_is_closed() -> None:
    environment = {"APIMONITOR_KEEPALIVE_S": "0.2"}
    async with (
        upstream(answering(OK)) as port,
        proxied(port, environment=environment) as stage,
    ):
        reader, writer = await stage.connect()
        writer.write(ONE % 1)
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.read()).endswith(b"ok")
        writer.close()


async def test_a_client_that_stalls_within_its_body_is_408() -> None:
    async def taking(reader: Reader, writer: Writer) -> None:
        await reader.read()

    environment = {"APIMONITOR_KEEPALIVE_S": "0.3"}
    async with (
        upstream(taking) as port,
        proxied(port, environment=environment) as stage,
    ):
        reader, writer = await stage.connect()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 9\r\n\r\nhalf"
        )
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.readuntil(b"}")
        [log] = await stage.records(1)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert str(log.error).startswith("client_timeout: ")


async def test_a_client_that_takes_nothing_of_its_answer_is_broken_off() -> None:
    async def pouring(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"z" * 100_000)
            await writer.drain()

    environment = {"APIMONITOR_KEEPALIVE_S": "0.3"}
    async with (
        upstream(pouring) as port,
        proxied(port, environment=environment) as stage,
    ):
        reader, writer = await stage.connect()
        writer.write(get("/"))
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        [log] = await stage.records(1)
        writer.transport.abort()
    assert log.status_code == 200
    assert log.response_size is not None
    assert log.response_size < 100_000_000
    assert str(log.error).startswith("client_timeout: ")


async def test_an_idle_upstream_connection_that_talks_is_not_used_again() -> None:
    async def talking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with upstream(talking) as port, proxied(port) as stage:
        for _ in range(3):
            assert (await stage.ask(get("/"))).endswith(b"ok")
            await asyncio.sleep(0.1)
        await stage.records(3)


async def test_what_came_before_a_break_reaches_the_client() -> None:
    async def breaking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 9000)
        await writer.drain()

    async with upstream(breaking) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(get("/"))
        received = b""
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(PATIENCE_S):
                while piece := await reader.read(1000):
                    received += piece
        writer.close()
        [log] = await stage.records(1)
    assert received.endswith(b"\r\n\r\n" + b"x" * 9000)
    assert str(log.error).startswith("upstream_reset: ")


async def test_a_break_within_a_body_without_length_is_a_reset() -> None:
    async def breaking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.transport.abort()

    async with upstream(breaking) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(get("/") + b"unread by the upstream")
        try:
            async with asyncio.timeout(PATIENCE_S):
                while await reader.read(1000):
                    pass
        except ConnectionResetError:
            was_reset = True
        else:
            was_reset = False
        writer.close()
        [log] = await stage.records(1)
    # A FIN of the upstream would be a whole answer; only a reset is a break.
    assert was_reset == (log.error is not None)


async def test_a_stop_within_a_body_without_length_is_a_reset() -> None:
    async def holding(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await reader.read()

    async with upstream(holding) as port, proxied(port, drain_s=0.1) as stage:
        reader, writer = await stage.connect()
        writer.write(get("/"))
        await reader.readuntil(b"half")
        await stage.stop()
        try:
            await reader.read()
        except ConnectionResetError:
            was_reset = True
        else:
            was_reset = False
        writer.close()
        [log] = await stage.records(1)
    assert was_reset
    assert str(log.error).startswith("shutdown: ")


async def test_what_a_log_holds_can_be_stored() -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        raw = "/a%C3%A9;b?x=%00&y=%C3%A9&z=%ff&x=2&e="
        await stage.ask(get(raw))
        [log] = await stage.records(1)
    json.dumps([log.url, log.path, log.query_params]).encode()
    assert log.path == "/a%C3%A9;b"
    assert log.url.endswith("/a%C3%A9;b?x=%00&y=%C3%A9&z=%ff&x=2&e=")
    assert log.client_url == f"http://shop.localhost{raw}"
    assert log.query_params == {
        "x": ["\x00", "2"],
        "y": "\xe9",
        "z": "\ufffd",
        "e": "",
    }


async def test_a_connection_too_many_is_closed_and_counted() -> None:
    environment = {"APIMONITOR_CLIENT_CONNECTIONS": "3"}
    async with (
        upstream(answering(OK)) as port,
        proxied(port, environment=environment) as stage,
    ):
        held = [await stage.connect() for _ in range(3)]
        for reader, writer in held:
            writer.write(ONE % 1)
            await reader.readuntil(b"ok")
        with contextlib.suppress(ConnectionResetError):
            assert await stage.ask(get("/")) == b""
        assert stage.unrouted("too_many_connections") == 1
        held.pop()[1].close()
        for _ in range(6_000):
            with contextlib.suppress(ConnectionResetError):
                if (answer := await stage.ask(get("/"))) != b"":
                    break
            await asyncio.sleep(0.01)
        assert answer.endswith(b"ok")
        for _, writer in held:
            writer.close()
