"""What a client and an upstream see of each other through the proxy."""

import asyncio
import re

import pytest

from monitor.registry.table import ForwardedHeaders
from tests.support.patience import PATIENCE_S, standing_still
from tests.support.running import client_at
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


async def test_the_targets_bytes_and_the_fields_order_and_repeats_arrive() -> None:
    heads: list[bytes] = []
    async with (
        upstream(answering(OK, heads)) as port,
        proxied(port, base_path="/v2") as stage,
    ):
        await stage.ask(
            get("/shop//a%2Fb;c/../d?x=%zz&y=", "B: 1", "a: 2", "b: 3", host="h")
        )
    line, *fields = heads[0].decode().split("\r\n")
    assert line == "GET /v2//a%2Fb;c/../d?x=%zz&y= HTTP/1.1"
    assert fields[0] == f"Host: 127.0.0.1:{port}"
    assert [f for f in fields if f[:2].lower() in ("a:", "b:")] == [
        "B: 1",
        "a: 2",
        "b: 3",
    ]
    assert f"Via: 1.1 {VIA}" in fields
    assert "X-Forwarded-Prefix: /shop" in fields


async def test_the_answers_fields_come_in_order_with_repeats_and_nothing_invented() -> (
    None
):
    response = (
        b"HTTP/1.1 299 Odd Reason\r\nset-cookie: a\r\nX-B: 1\r\nSet-Cookie: b\r\n"
        b"X-Monitor-Fake: 1\r\nContent-Length: 0\r\n\r\n"
    )
    async with upstream(answering(response)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/"))
    lines = answer.decode().split("\r\n")
    assert lines[:5] == [
        "HTTP/1.1 299 Odd Reason",
        "set-cookie: a",
        "X-B: 1",
        "Set-Cookie: b",
        "Content-Length: 0",
    ]
    assert re.fullmatch(r"X-Monitor-Log-Id: [0-9a-f-]{36}", lines[5])
    assert lines[6:] == ["Connection: close", "", ""]


async def test_the_hosts_name_is_kept_where_the_service_wants_it() -> None:
    heads: list[bytes] = []
    async with (
        upstream(answering(OK, heads)) as port,
        proxied(port, preserve_host=True) as stage,
    ):
        await stage.ask(get("/"))
    assert b"\r\nHost: shop.localhost\r\n" in heads[0]


async def test_a_chunk_passes_before_the_next_one_is_made() -> None:
    go_on = asyncio.Event()

    async def slowly(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"3\r\none\r\n")
        await go_on.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        await writer.drain()

    async with upstream(slowly) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(get("/"))
        async with asyncio.timeout(PATIENCE_S):
            await reader.readuntil(b"3\r\none\r\n")
            assert not stage.recorded
            go_on.set()
            assert await reader.read() == b"3\r\ntwo\r\n0\r\n\r\n"
        [log] = await stage.records(1)
        writer.close()
    assert log.response_body is not None
    assert log.response_body.kept == b"onetwo"


async def test_an_upload_passes_while_it_is_made() -> None:
    first_piece = asyncio.Event()

    async def taking(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        assert await reader.readexactly(8) == b"3\r\none\r\n"
        first_piece.set()
        assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"
        writer.write(OK)
        await writer.drain()

    async with upstream(taking) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
        )
        async with asyncio.timeout(PATIENCE_S):
            await first_piece.wait()
            writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
            assert (await reader.read()).endswith(b"ok")
        [log] = await stage.records(1)
        writer.close()
    assert log.request_size == 6
    assert log.request_body is not None
    assert log.request_body.kept == b"onetwo"


async def test_large_bodies_pass_whole_and_are_kept_in_part() -> None:
    size = 20_000_000

    async def echo_size(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        taken = 0
        while taken < size:
            taken += len(await reader.read(1 << 16))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 100_000):
            writer.write(b"y" * 100_000)
            await writer.drain()

    async with (
        upstream(echo_size) as port,
        proxied(port, body_limit=1000) as stage,
        client_at() as client,
    ):
        answer = await client.post(f"{stage.url}/shop/", content=b"x" * size)
        [log] = await stage.records(1)
    assert len(answer.content) == size
    assert (log.request_size, log.response_size) == (size, size)
    assert log.request_body is not None
    assert log.response_body is not None
    assert log.request_body.kept == b"x" * 1000
    assert log.response_body.kept == b"y" * 1000
    assert log.response_body.truncated


async def test_a_slow_client_holds_the_upstream_back() -> None:
    sent = 0

    async def pour(reader: Reader, writer: Writer) -> None:
        nonlocal sent
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while sent < 100_000_000:
            writer.write(b"z" * 100_000)
            await writer.drain()
            sent += 100_000

    async with upstream(pour) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(get("/"))
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        held = await standing_still(lambda: sent)
        writer.transport.abort()
        [log] = await stage.records(1)
    assert 0 < held < 40_000_000
    assert str(log.error).startswith("client_disconnect")


async def test_connections_are_kept_and_requests_may_be_pipelined() -> None:
    connections = 0

    async def counting(reader: Reader, writer: Writer) -> None:
        nonlocal connections
        connections += 1
        await answering(OK)(reader, writer)

    async with upstream(counting) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        one = b"GET /%d HTTP/1.1\r\nHost: shop.localhost\r\n\r\n"
        writer.write(one % 1 + one % 2 + one % 3)
        for _ in range(3):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(2) == b"ok"
        logs = await stage.records(3)
        writer.close()
    assert [log.path for log in logs] == ["/1", "/2", "/3"]
    assert connections == 1


async def test_an_upstream_that_closes_idle_connections_is_nobodys_problem() -> None:
    async def once(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(OK)
        await writer.drain()

    async with (
        upstream(once) as port,
        proxied(port) as stage,
        client_at() as client,
    ):
        for _ in range(5):
            assert (await client.get(f"{stage.url}/shop/")).text == "ok"
        assert all(log.error is None for log in await stage.records(5))


async def test_a_head_answer_has_no_body_and_keeps_its_length() -> None:
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    async with upstream(answering(response)) as port, proxied(port) as stage:
        request = get("/").replace(b"GET", b"HEAD", 1)
        answer = await stage.ask(request)
        await stage.records(1)
    assert b"Content-Length: 99\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_early_hints_pass_and_the_final_answer_follows() -> None:
    response = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK
    async with upstream(answering(response)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/"))
    assert answer.startswith(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 2"
    )


@pytest.mark.parametrize("upstream_says_continue", [True, False])
async def test_expect_100_continue_never_hangs(upstream_says_continue: bool) -> None:
    async def expecting(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        if upstream_says_continue:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await reader.readexactly(4)
        writer.write(OK)
        await writer.drain()

    async with upstream(expecting) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(
            b"POST / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n"
            b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        )
        async with asyncio.timeout(PATIENCE_S):
            assert (
                await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            )
            writer.write(b"body")
            assert (await reader.read()).endswith(b"ok")
        writer.close()


async def test_a_body_that_ends_with_the_connection_does_so_for_the_client() -> None:
    async def closing(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
        await writer.drain()

    async with upstream(closing) as port, proxied(port) as stage:
        answer = await stage.ask(get("/").replace(b"Connection: close\r\n", b""))
        [log] = await stage.records(1)
    assert b"Connection: close\r\n" in answer
    assert answer.endswith(b"\r\n\r\nall of it")
    assert log.response_size == 9
    assert log.error is None


async def test_an_http_1_0_client_gets_no_chunks() -> None:
    response = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    async with upstream(answering(response)) as port, proxied(port) as stage:
        answer = await stage.ask(b"GET / HTTP/1.0\r\nHost: shop.localhost\r\n\r\n")
    assert b"chunked" not in answer
    assert answer.endswith(b"\r\n\r\nabc")


async def test_a_location_and_a_cookie_point_to_the_prefix() -> None:
    async with upstream(answering(OK)) as port, proxied(port, base_path="/v2"):
        pass
    response = (
        b"HTTP/1.1 302 Found\r\nLocation: /v2/next\r\n"
        b"Set-Cookie: a=1; Path=/v2/x\r\nContent-Length: 0\r\n\r\n"
    )
    async with (
        upstream(answering(response)) as port,
        proxied(port, base_path="/v2") as stage,
    ):
        answer = await stage.ask(get("/shop/", host=f"localhost:{stage.port}"))
        [log] = await stage.records(1)
    assert b"Location: /shop/next\r\n" in answer
    assert b"Set-Cookie: a=1; Path=/shop/x\r\n" in answer
    assert ("Location", "/v2/next") in tuple(log.response_headers)


@pytest.mark.parametrize(
    ("wanted", "trusted", "kept", "added"),
    [
        (ForwardedHeaders.ADD, True, True, True),
        (ForwardedHeaders.ADD, False, False, True),
        (ForwardedHeaders.KEEP, True, True, False),
        (ForwardedHeaders.KEEP, False, False, False),
        (ForwardedHeaders.NONE, True, False, False),
        (ForwardedHeaders.NONE, False, False, False),
    ],
)
async def test_a_service_says_what_it_is_told_of_where_requests_came_from(
    wanted: ForwardedHeaders, trusted: bool, kept: bool, added: bool
) -> None:
    heads: list[bytes] = []
    networks = "127.0.0.0/8" if trusted else "10.0.0.0/8"
    environment = {"APIMONITOR_TRUSTED_PROXIES": networks}
    said = ("X-Forwarded-Proto: https", "Forwarded: for=9.9.9.9;proto=https")
    async with (
        upstream(answering(OK, heads)) as port,
        proxied(port, environment=environment, forwarded_headers=wanted) as stage,
    ):
        await stage.ask(get("/shop/a", "X-Forwarded-Prefix: /x", *said, host="h"))
    [head] = heads
    names = (b"X-Forwarded-For:", b"X-Forwarded-Host:", b"X-Forwarded-Prefix: ")
    assert [name in head for name in names] == [added, added, added or kept]
    assert (b"X-Forwarded-Proto: https\r\n" in head) is kept
    assert (b"X-Forwarded-Proto: http\r\n" in head) is (added and not kept)
    assert (b"Forwarded: for=9.9.9.9;proto=https\r\n" in head) is (kept and not added)
    assert (b"Forwarded: " in head) is (kept or added)
    assert f"Via: 1.1 {VIA}".encode() in head


@pytest.mark.parametrize(
    ("host", "prefix", "header"),
    [
        ("shop.localhost", "", ""),
        ("localhost", "/shop", ""),
        ("localhost", "", "X-Monitor-Service: shop"),
    ],
)
async def test_one_rule_maps_back_in_all_three_ways(
    host: str, prefix: str, header: str
) -> None:
    """The upstream has mapped what begins with the prefix it was told."""
    async with (
        upstream(_pointing) as port,
        proxied(port, base_path="/v2") as stage,
    ):
        request = get(f"{prefix}/a", *([header] if header else []), host=host)
        lines = (await stage.ask(request)).decode().split("\r\n")
    found = [line for line in lines if line.startswith(("Loc", "Content-Loc", "Set-"))]
    assert found == [
        f"Location: {prefix}/home",
        f"Content-Location: http://{host}{prefix}/b?c",
        "Location: /other",
        "Location: /v2/../other",
        f"Set-Cookie: a=1; Path={prefix}/home",
        f"Set-Cookie: a=1; Path={prefix}/b",
        "Set-Cookie: __Host-a=1; Path=/; Secure",
    ]


async def _pointing(reader: Reader, writer: Writer) -> None:
    head = (await read_head(reader)).decode()
    told = re.search("X-Forwarded-Prefix: (.*)\r\n", head)
    root = told[1] if told else "/v2"
    at = re.search("Host: (.*)\r\n", head)
    assert at is not None
    fields = [
        f"Location: {root}/home",
        f"Content-Location: HTTP://{at[1]}/x/../v2/b?c",
        "Location: /other",
        "Location: /v2/../other",
        f"Set-Cookie: a=1; Path={root}/home",
        "Set-Cookie: a=1; Path=/v2/b",
        "Set-Cookie: __Host-a=1; Path=/; Secure",
    ]
    lines = ["HTTP/1.1 201 Created", *fields, "Content-Length: 0", "", ""]
    writer.write("\r\n".join(lines).encode())
    await writer.drain()


async def test_what_is_not_to_be_recorded_passes_without_a_record() -> None:
    async with (
        upstream(answering(OK)) as port,
        proxied(port, is_recording=False, expose_log_id=False) as stage,
    ):
        answer = await stage.ask(get("/"))
        await stage.records(0)
        assert stage.dropped("recording_off") == 1
    assert answer.endswith(b"ok")
    assert b"X-Monitor" not in answer


async def test_event_streams_are_timed_to_their_head() -> None:
    has_passed = asyncio.Event()

    async def streaming(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        await has_passed.wait()
        await asyncio.sleep(0.3)
        writer.write(b"9\r\ndata: 1\n\n\r\n0\r\n\r\n")
        await writer.drain()

    async with upstream(streaming) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(get("/"))
        await read_head(reader)
        has_passed.set()
        await reader.read()
        writer.close()
        [log] = await stage.records(1)
    assert log.latency_ms is not None
    assert log.duration_ms is not None
    assert log.duration_ms - log.latency_ms > 200


async def test_no_head_sets_the_apps_session() -> None:
    """Neither a 1xx one nor one that the proxy has kept for the next client."""
    lines = b"Set-Cookie: apimonitor_session=x\r\nSet-Cookie: a=1\r\nA: b\r\n"
    lines += b"Service-Worker-Allowed: /\r\n"
    hints = b"HTTP/1.1 103 Early Hints\r\n" + lines + b"\r\n"
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + lines + b"\r\nok"
    switch = b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n" + lines
    async with upstream(answering(hints + response)) as port, proxied(port) as stage:
        below = [await stage.ask(get("/shop/", host="localhost")) for _ in range(2)]
        whole = await stage.ask(get("/"))
        records = await stage.records(3)
    for answer in (*below, whole):
        assert b"apimonitor_session" not in answer
        assert answer.count(b"Set-Cookie: a=1\r\n") == 2
    assert b"Service-Worker-Allowed" not in b"".join(below)
    assert whole.count(b"Service-Worker-Allowed: /\r\n") == 2
    assert ("Service-Worker-Allowed", "/") in tuple(records[0].response_headers)
    async with upstream(answering(switch + b"\r\n")) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(get("/", "Upgrade: x", "Connection: upgrade"))
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
    assert b" 101 " in head and b"Set-Cookie: a=1\r\n" in head
    assert b"apimonitor_session" not in head


@pytest.mark.parametrize(
    ("host", "proto", "location"),
    [
        ("out.example:444", "HTTPS", b"https://out.example:444/shop/a"),
        ("out.example, in.example", "https,http", b"https://out.example/shop/a"),
        ("evil.example/path", "https", b"https://localhost:1/shop/a"),
        ("a@evil.example", "javascript", b"http://localhost:1/shop/a"),
        ("evil.example\xff", "http://evil.example/", b"http://localhost:1/shop/a"),
    ],
)
async def test_a_location_is_made_of_a_host_and_a_scheme_only(
    host: str, proto: str, location: bytes
) -> None:
    response = b"HTTP/1.1 302 F\r\nLocation: //127.0.0.1:%d/a\r\n"
    response += b"Content-Length: 0\r\n\r\n"
    said = (f"X-Forwarded-Host: {host}", f"X-Forwarded-Proto: {proto}")
    async with (
        upstream(
            lambda reader, writer: answering(
                response % writer.get_extra_info("sockname")[1]
            )(reader, writer)
        ) as port,
        proxied(port) as stage,
    ):
        answer = await stage.ask(get("/shop/x", *said, host="localhost:1"))
    assert b"\r\nLocation: " + location + b"\r\n" in answer
