"""What the contract says of ways in, repeats, and where a request came from."""

import asyncio

import pytest

from tests.support.patience import PATIENCE_S
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

UNTRUSTING = {"APIMONITOR_TRUSTED_PROXIES": "10.9.9.9/32"}
CLAIMS = (
    "X-Forwarded-For: 6.6.6.6",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Proto: https",
    "Forwarded: for=6.6.6.6",
    "X-Forwarded-Prefix: /outer",
    "Via: 1.1 other",
    "X-Real-IP: 6.6.6.6",
)


def lines_of(head: bytes) -> list[str]:
    return head.decode("latin-1").split("\r\n")[1:-2]


async def test_what_an_untrusted_client_says_of_itself_is_dropped_but_for_via() -> None:
    heads: list[bytes] = []
    async with (
        upstream(answering(OK, heads)) as port,
        proxied(port, environment=UNTRUSTING) as stage,
    ):
        await stage.ask(get("/shop/x", *CLAIMS, host="localhost:1"))
        [log] = await stage.records(1)
    assert lines_of(heads[0])[1:] == [
        "Via: 1.1 other",
        "X-Real-IP: 6.6.6.6",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Host: localhost:1",
        "X-Forwarded-Proto: http",
        'Forwarded: for=127.0.0.1;host="localhost:1";proto=http',
        "X-Forwarded-Prefix: /shop",
        f"Via: 1.1 {VIA}",
    ]
    assert log.source_ip == "127.0.0.1"
    assert ("X-Forwarded-For", "6.6.6.6") in tuple(log.request_headers)


async def test_what_a_trusted_proxy_says_is_kept_and_added_to() -> None:
    heads: list[bytes] = []
    response = (
        b"HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:%d/a\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    async with (
        upstream(
            lambda reader, writer: answering(
                response % writer.get_extra_info("sockname")[1], heads
            )(reader, writer)
        ) as port,
        proxied(port) as stage,
    ):
        answer = await stage.ask(get("/shop/x", *CLAIMS, host="localhost:1"))
        [log] = await stage.records(1)
    assert lines_of(heads[0])[1:] == [
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: https",
        "Via: 1.1 other",
        "X-Real-IP: 6.6.6.6",
        "X-Forwarded-For: 6.6.6.6, 127.0.0.1",
        'Forwarded: for=6.6.6.6, for=127.0.0.1;host="localhost:1";proto=http',
        "X-Forwarded-Prefix: /outer/shop",
        f"Via: 1.1 {VIA}",
    ]
    assert b"\r\nLocation: https://evil.example/shop/a\r\n" in answer
    assert log.source_ip == "6.6.6.6"


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "Api.Example.ORG"])
async def test_a_registered_host_has_the_whole_host(name: str) -> None:
    heads: list[bytes] = []
    async with (
        upstream(answering(OK, heads)) as port,
        proxied(port, hosts=(name.lower(),)) as stage,
    ):
        await stage.ask(get("/shop/x", host=f"{name}:99"))
        await stage.records(1)
    assert heads[0].startswith(b"GET /shop/x HTTP/1.1\r\n")
    assert b"X-Forwarded-Prefix" not in heads[0]


async def test_an_unknown_name_in_the_header_is_404_and_nothing_else_is_tried() -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        answer = await stage.ask(get("/shop/x", "X-Monitor-Service: nobody"))
        await stage.records(0)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"\r\nX-Monitor-Error: unknown_service\r\n" in answer


async def test_a_name_beyond_ascii_may_be_asked_for() -> None:
    async with (
        upstream(answering(OK)) as port,
        proxied(port, name="Bücher") as stage,
    ):
        request = get("/x", "X-Monitor-Service: BÜCHER".encode().decode("latin-1"))
        answer = await stage.ask(request)
        await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_an_absolute_target_beats_host_and_is_the_clients_url() -> None:
    heads: list[bytes] = []
    async with upstream(answering(OK, heads)) as port, proxied(port) as stage:
        await stage.ask(get("http://shop.localhost:8080/a?b", host="else.org"))
        [log] = await stage.records(1)
    assert heads[0].startswith(b"GET /a?b HTTP/1.1\r\n")
    assert b"X-Forwarded-Host: shop.localhost:8080\r\n" in heads[0]
    assert log.client_url == "http://shop.localhost:8080/a?b"


async def test_options_of_the_whole_server_arrive_as_such() -> None:
    heads: list[bytes] = []
    async with upstream(answering(OK, heads)) as port, proxied(port) as stage:
        await stage.ask(get("*").replace(b"GET", b"OPTIONS", 1))
        [log] = await stage.records(1)
    assert heads[0].startswith(b"OPTIONS * HTTP/1.1\r\n")
    assert (log.path, log.url) == ("*", f"http://127.0.0.1:{port}")
    assert log.client_url == "http://shop.localhost"


async def test_an_http_1_0_client_is_announced_as_such() -> None:
    heads: list[bytes] = []
    async with upstream(answering(OK, heads)) as port, proxied(port) as stage:
        answer = await stage.ask(
            b"GET / HTTP/1.0\r\nHost: shop.localhost\r\n"
            b"Connection: upgrade\r\nUpgrade: odd\r\n\r\n"
        )
    assert answer.endswith(b"ok")
    assert f"\r\nVia: 1.0 {VIA}\r\n".encode() in heads[0]
    assert b"Upgrade" not in heads[0]


async def dying(reader: Reader, writer: Writer) -> None:
    """Answers once, then takes a second request and goes away without a word."""
    await read_head(reader)
    writer.write(OK)
    await writer.drain()
    await read_head(reader)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get("/"), 200),
        (get("/").replace(b"GET", b"DELETE", 1), 200),
        (get("/", "Content-Length: 3").replace(b"GET", b"PUT", 1) + b"abc", 200),
        (get("/").replace(b"GET", b"POST", 1), 502),
        (get("/", "Content-Length: 3").replace(b"GET", b"PATCH", 1) + b"abc", 502),
    ],
)
async def test_only_what_is_safe_is_asked_again_where_a_kept_connection_dies(
    request_bytes: bytes, status: int
) -> None:
    async with upstream(dying) as port, proxied(port) as stage:
        assert (await stage.ask(get("/"))).endswith(b"ok")
        answer = await stage.ask(request_bytes)
        logs = await stage.records(2)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert logs[1].status_code == status
    assert (logs[1].error is None) == (status == 200)


async def test_a_fresh_connection_that_dies_is_not_tried_again() -> None:
    connections = 0

    async def leaving(reader: Reader, writer: Writer) -> None:
        nonlocal connections
        connections += 1
        await read_head(reader)

    async with upstream(leaving) as port, proxied(port) as stage:
        assert (await stage.ask(get("/"))).startswith(b"HTTP/1.1 502 ")
        await stage.records(1)
    assert connections == 1


async def test_a_refusal_of_ours_keeps_the_connection_where_nothing_is_unread() -> None:
    async with proxied(1) as stage:
        reader, writer = await stage.connect()
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readuntil(b"}")
            assert head.startswith(b"HTTP/1.1 502 ")
            assert b"Connection" not in head
        writer.close()
        await stage.records(2)


async def test_requests_before_a_malformed_one_are_answered_first() -> None:
    async with upstream(answering(OK)) as port, proxied(port) as stage:
        one = b"GET /%d HTTP/1.1\r\nHost: shop.localhost\r\n\r\n"
        answer = await stage.ask(one % 1 + one % 2 + b"non sense\r\n\r\n" + one % 3)
        await stage.records(2)
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert answer.count(b"HTTP/1.1 400 ") == 1


async def test_the_record_stands_before_the_client_has_the_end() -> None:
    recorded_at_end: list[int] = []
    answers = [
        OK,
        b"HTTP/1.1 204 No\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000,
    ]
    for response in answers:
        async with upstream(answering(response)) as port, proxied(port) as stage:
            reader, writer = await stage.connect()
            writer.write(get("/"))
            async with asyncio.timeout(PATIENCE_S):
                while await reader.read(100_000):
                    pass
            recorded_at_end.append(len(stage.recorded))
            writer.close()
    assert recorded_at_end == [1, 1, 1, 1]


@pytest.mark.parametrize("cut", [*range(1, 60, 3), None])
async def test_a_head_may_come_in_any_pieces(cut: int | None) -> None:
    heads: list[bytes] = []
    request = get("/a?b", "X-A: 1")
    pieces = [request[:cut], request[cut:]] if cut else [bytes([b]) for b in request]
    async with upstream(answering(OK, heads)) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.001)
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.read()).endswith(b"ok")
        writer.close()
    assert heads[0].startswith(b"GET /a?b HTTP/1.1\r\n")
