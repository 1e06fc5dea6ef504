"""Requests that come before the one ahead of them is answered."""

import asyncio
import socket

from tests.support.upstreams import Reader, Writer, get, proxied, read_head, upstream

KEPT = get("/").replace(b"Connection: close\r\n", b"")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_a_request_that_comes_as_the_one_before_the_next_is_answered() -> None:
    """In one turn of the loop: the answer to the first, and the third request."""
    client = socket.socket()
    left = [KEPT]

    async def behave(reader: Reader, writer: Writer) -> None:
        while await read_head(reader):
            writer.write(ANSWER)
            if left:
                client.send(left.pop())

    async with upstream(behave) as port, proxied(port) as stage:
        with client:
            client.connect(("127.0.0.1", stage.port))
            client.send(KEPT + KEPT)
            exchanges = await stage.records(3)
    assert [exchange.status_code for exchange in exchanges] == [200, 200, 200]


async def test_a_client_that_ends_its_side_then_is_answered_what_it_asked() -> None:
    """In one turn of the loop: the answer to the first, and the end of its side."""
    client = socket.socket()
    left = [socket.SHUT_WR]

    async def behave(reader: Reader, writer: Writer) -> None:
        while await read_head(reader):
            writer.write(ANSWER)
            if left:
                client.shutdown(left.pop())

    async with upstream(behave) as port, proxied(port) as stage:
        with client:
            client.connect(("127.0.0.1", stage.port))
            client.send(KEPT + KEPT)
            exchanges = await stage.records(2)
    assert [exchange.status_code for exchange in exchanges] == [200, 200]


async def test_a_body_that_a_client_cannot_end_is_waited_for_no_more() -> None:
    """Its side has ended before the request that it is of had its turn."""
    begun = b"POST /x HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 9\r\n\r\nabc"

    async def behave(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        client.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0.1)
        writer.write(ANSWER)

    async with upstream(behave) as port, proxied(port) as stage:
        with socket.socket() as client:
            client.connect(("127.0.0.1", stage.port))
            client.send(KEPT + begun)
            answered, cut = await stage.records(2)
    assert (answered.status_code, answered.error) == (200, None)
    assert cut.error is not None and cut.error.startswith("client_disconnect")
