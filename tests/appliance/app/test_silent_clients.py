"""Clients that connect and say nothing more."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support import serving
from tests.support.connections import connected, port_of
from tests.support.patience import PATIENCE_S
from tests.support.running import appliance_on, bearer, client_of, make_key, register
from tests.support.serving import served
from tests.support.upstreams import OK, Reader, Writer, read_head, upstream

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
LINES = b"Content-Type: application/x-ndjson\r\n"


async def until_given_up(url: str, sent: bytes, drip: bytes = b"") -> bytes:
    """What comes back until the connection ends, a byte of *drip* now and then."""
    async with connected(port_of(url)) as (reader, writer):
        writer.write(sent)

        async def dripping() -> None:
            with contextlib.suppress(ConnectionError):
                for byte in drip * 1000:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.05)

        task = asyncio.create_task(dripping())
        came = b""
        try:
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(PATIENCE_S):
                    while piece := await reader.read(65536):
                        came += piece
        finally:
            task.cancel()
        return came


async def ended(client: httpx.AsyncClient) -> dict[str, float]:
    text = (await client.get("/metrics")).text
    name = "apimonitor_app_connections_ended_total"
    return {
        why: float(count)
        for why, count in re.findall(rf'{name}\{{why="(\w+)"\}} (\S+)', text)
    }


async def test_the_app_gives_up_on_silent_clients(
    database_url: str, tmp_path: Path
) -> None:
    settings = {"HEAD_TIMEOUT_S": "0.5", "KEEPALIVE_S": "2", "BODY_TIMEOUT_S": "0.5"}
    async with (
        appliance_on(database_url, tmp_path, **settings) as made,
        client_of(made) as client,
    ):
        service = await register(client)
        key = bearer((await make_key(client, service["id"]))["raw_key"])
        token = f"Authorization: {key['Authorization']}\r\n".encode()
        url, get = made.app_url, b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
        batch = b"POST /v1/logs/batch HTTP/1.1\r\nHost: localhost\r\n" + token + LINES
        form = b"POST /signin HTTP/1.1\r\nHost: localhost\r\n" + FORM
        framed = b"Transfer-Encoding: chunked\r\n\r\n"
        given_up = await asyncio.gather(
            until_given_up(url, b""),
            until_given_up(url, get + b"\r\n"),
            until_given_up(url, b"GET / HT"),
            until_given_up(url, get, drip=b"X-A: b\r\n"),
            until_given_up(url, get + b"\r\n" + b"GET /", drip=b"x"),
            until_given_up(url, form + b"Content-Length: 99\r\n\r\na="),
            until_given_up(url, form + framed, drip=b"1\r\na\r\n"),
            until_given_up(url, batch + framed),
            until_given_up(url, batch + framed, drip=b"1\r\n \r\n"),
            _takes_nothing(url),
        )
        nothing, idle, *late = given_up
        assert nothing == b""
        assert idle.count(b"HTTP/1.1 200") == 1 and b"408" not in idle
        for answer in late[:-1]:
            assert b"HTTP/1.1 408 Request Timeout" in answer, answer
        assert b"problem+json" in late[0] and late[0].endswith(b"}")
        counts = await ended(client)
        assert counts["head_timeout"] == 3
        assert counts["answer_timeout"] == 1


async def _takes_nothing(url: str) -> bytes:
    """Asks for more than the kernel keeps for it; b"" once it was broken off."""
    loop = asyncio.get_running_loop()
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with contextlib.suppress(ConnectionError), socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.setblocking(False)
        await loop.sock_connect(plain, ("127.0.0.1", port_of(url)))
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await loop.sock_sendall(plain, ask)
                await asyncio.sleep(0.01)
    return b""


async def test_who_was_silent_longest_makes_room_at_the_app(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path, APP_CONNECTIONS="8") as made,
        contextlib.AsyncExitStack() as holding,
    ):
        port = port_of(made.app_url)
        held = [await holding.enter_async_context(connected(port)) for _ in range(8)]
        for _, writer in held[::2]:
            writer.write(b"GET /v1")
        async with client_of(made) as client:
            assert (await client.get("/v1/services")).status_code == 200
            assert await ended(client) == {"made_room": 1.0}
        assert await held[1][0].read() == b""


@contextlib.asynccontextmanager
async def silent(port: int, count: int) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as holding:
        for _ in range(count):
            _, writer = await holding.enter_async_context(connected(port))
            writer.write(b"GET /v1/logs HTTP/1.1\r\nHo")
        yield


async def test_with_few_descriptors_all_is_answered_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = tmp_path / "limited"
    command = serving.COMMAND
    limited.write_text(f'#!/bin/sh\nulimit -n 256\nexec {command} "$@"\n')
    limited.chmod(0o700)
    monkeypatch.setattr(serving, "COMMAND", limited)
    answer_now = asyncio.Event()

    async def slow(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        await answer_now.wait()
        writer.write(OK)
        await writer.drain()

    async with upstream(slow) as port, served(tmp_path / "data") as appliance:
        base_url = f"http://127.0.0.1:{port}"
        await appliance.call("/v1/services", {"name": "pay", "base_url": base_url})
        async with silent(appliance.port, 400):
            asked = [asyncio.create_task(_through(appliance)) for _ in range(300)]
            while sum(task.done() for task in asked) < 200:
                await asyncio.sleep(0.05)
            answer_now.set()
            answers = await asyncio.gather(*asked)
            answered = sum(answer.endswith(b"ok") for answer in answers)
            assert answered + answers.count(b"") == 300
            assert answered >= 32
            assert (await appliance.through_proxy()).endswith(b"ok")
            for _ in range(400):
                [counts] = (await appliance.call("/v1/ledger"))["services"]
                if counts["stored"] == answered + 1:
                    break
                await asyncio.sleep(0.05)
        assert counts["stored"] == counts["finished"] == answered + 1, counts
        assert not any(counts["dropped"].values())
        assert await appliance.stop() == 0


async def _through(appliance: serving.Served) -> bytes:
    try:
        return await appliance.through_proxy()
    except ConnectionError:
        return b""
