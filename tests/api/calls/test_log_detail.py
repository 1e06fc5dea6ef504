"""How /v1/logs/{id} shows what passed through the proxy."""

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from appliance.start.running import Appliance
from tests.support.running import appliance_on, client_of, register
from tests.support.upstreams import Reader, Writer, read_head, upstream

BINARY = b"\x00\xff\xfe" * 10


@pytest_asyncio.fixture
async def appliance(database_url: str, tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance_on(
        database_url, tmp_path, CAPTURE_BODY_LIMIT="64"
    ) as appliance:
        yield appliance


async def logged(
    appliance: Appliance, *, head: bytes, body: bytes, **request: Any
) -> dict[str, Any]:
    """The log of one exchange, as /v1 shows it once it is recorded."""

    async def behave(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + length + body)
        await writer.drain()

    async with upstream(behave) as port, client_of(appliance) as client:
        await register(client, base_url=f"http://127.0.0.1:{port}")
        url = f"{appliance.proxy_url}/pay/a//b?x=1&x=2&y="
        async with client.stream("GET", url, **request) as answer:
            # As it comes: what cannot be decoded would fail the client.
            assert b"".join([chunk async for chunk in answer.aiter_raw()]) == body
        id = answer.headers["X-Monitor-Log-Id"]
        for _ in range(1_200):
            found = await client.get(f"/v1/logs/{id}")
            if found.status_code == 200:
                shown: dict[str, Any] = found.json()
                return shown
            await asyncio.sleep(0.05)
    raise AssertionError("the exchange was not recorded")


async def test_headers_are_an_object_and_pairs_in_wire_order(
    appliance: Appliance,
) -> None:
    log = await logged(
        appliance,
        head=b"X-One: 1\r\nX-Two: a\r\nx-two: b\r\nSet-Cookie: s=1\r\n",
        body=b"ok",
        headers=[("X-A", "1"), ("X-B", "2"), ("X-A", "3"), ("Authorization", "s3")],
    )
    assert log["response_headers"]["X-Two"] == ["a", "b"]
    assert log["response_headers"]["X-One"] == "1"
    mask = "***MASKED***"
    assert log["response_headers_raw"][:4] == [
        ["X-One", "1"],
        ["X-Two", "a"],
        ["x-two", "b"],
        ["Set-Cookie", mask],
    ]
    sent = [pair for pair in log["request_headers_raw"] if pair[0].startswith("X-")]
    assert sent == [["X-A", "1"], ["X-B", "2"], ["X-A", "3"]]
    assert log["request_headers"]["X-A"] == ["1", "3"]
    assert log["request_headers"]["Authorization"] == mask
    assert log["source"] == "proxy"
    assert log["path"].startswith("/a//b")
    assert log["query_params"] == {"x": ["1", "2"], "y": ""}
    assert log["client_url"].endswith("/pay/a//b?x=1&x=2&y=")
    assert log["response_size"] == 2
    assert log["replay_of"] is None
    assert log["timestamp"].endswith("Z")
    assert len(log["timestamp"]) == len("2026-11-24T13:00:00.123Z")


async def test_a_coded_body_is_shown_decoded_and_counted_as_it_passed(
    appliance: Appliance,
) -> None:
    coded = gzip.compress(b'{"a": 1}')
    log = await logged(appliance, head=b"Content-Encoding: gzip\r\n", body=coded)
    assert log["response_body"] == '{"a": 1}'
    assert log["response_body_encoding"] == "utf-8"
    assert log["response_body_truncated"] is False
    assert log["response_size"] == len(coded)


async def test_bytes_that_are_no_text_are_base64(appliance: Appliance) -> None:
    log = await logged(appliance, head=b"", body=BINARY)
    assert log["response_body_encoding"] == "base64"
    assert base64.b64decode(log["response_body"]) == BINARY


async def test_what_cannot_be_decoded_is_shown_as_it_passed(
    appliance: Appliance,
) -> None:
    log = await logged(appliance, head=b"Content-Encoding: gzip\r\n", body=BINARY)
    assert log["response_body_encoding"] == "base64"
    assert base64.b64decode(log["response_body"]) == BINARY


async def test_a_body_over_the_limit_is_cut_and_says_so(appliance: Appliance) -> None:
    log = await logged(appliance, head=b"", body="é".encode() * 100)
    assert log["response_body_truncated"] is True
    assert log["response_body_encoding"] == "utf-8"
    assert log["response_body"] == "é" * 32
    assert log["response_size"] == 200
    assert log["request_body_truncated"] is False
