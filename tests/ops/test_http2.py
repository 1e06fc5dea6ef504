"""Debian's nginx as docs/http2.md has it: TLS and HTTP/2 in front of the proxy."""

import asyncio
import os
import re
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import websockets
from websockets.asyncio.server import ServerConnection, serve

from tests.support.connections import listens
from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port
from tests.support.programs import need
from tests.support.upstreams import Reader, Writer, proxied, read_head, upstream

ROOT = Path(__file__).parents[2]
MAIN = """
{user}daemon off;
worker_processes 1;
error_log stderr crit;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {documented}
}}
"""


def snippet() -> str:
    text = (ROOT / "docs" / "http2.md").read_text()
    found = re.search(r"```nginx\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def certify(folder: Path) -> None:
    """A certificate for *.localhost that signs itself."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext"),
            "subjectAltName=DNS:shop.localhost,DNS:localhost",
            *("-keyout", str(folder / "proxy.key"), "-out", str(folder / "proxy.pem")),
        ],
        check=True,
        capture_output=True,
    )


@asynccontextmanager
async def nginx_before(proxy_port: int, folder: Path) -> AsyncIterator[int]:
    """The documented file; only ports and places are replaced."""
    nginx, port = need("nginx", "nginx-light"), free_port()
    text = snippet()
    for name, value in {
        "listen 8443": f"listen 127.0.0.1:{port}",
        "127.0.0.1:8080": f"127.0.0.1:{proxy_port}",
        "/etc/nginx/proxy.": f"{folder}/proxy.",
    }.items():
        assert name in text
        text = text.replace(name, value)
    certify(folder)
    user = "user root;\n" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(MAIN.format(user=user, folder=folder, documented=text))
    process = await asyncio.create_subprocess_exec(nginx, "-c", str(path))
    try:
        for _ in range(3_000):
            if await listens(port):
                break
            await asyncio.sleep(0.02)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def curl(folder: Path, port: int, *arguments: str, path: str = "/") -> str:
    """What it prints; it must have spoken HTTP/2."""
    process = await asyncio.create_subprocess_exec(
        *(
            need("curl", "curl"),
            "-sS",
            "--http2",
            "--cacert",
            str(folder / "proxy.pem"),
        ),
        *(
            "--resolve",
            f"shop.localhost:{port}:127.0.0.1",
            "--max-time",
            str(PATIENCE_S),
        ),
        *("-w", "\n%{http_version} %{http_code}"),
        *(*arguments, f"https://shop.localhost:{port}{path}"),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed
    content, _, said = printed.decode("latin-1").rpartition("\n")
    assert said.startswith("2 "), said
    return f"{said[2:]} {content}"


async def telling(reader: Reader, writer: Writer) -> None:
    """Answers with the head it got and the size of the body."""
    while True:
        head = await read_head(reader)
        size = 0
        if found := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
            size = len(await reader.readexactly(int(found[1])))
        told = b"%d\n%b" % (size, head)
        writer.write(
            b"HTTP/1.1 201 Made\r\nContent-Length: %d\r\nLocation: http://%b/made\r\n\r\n%b"
            % (len(told), re.findall(rb"\r\nHost: (\S+)", head)[0], told)
        )
        await writer.drain()


async def test_http_2_clients_reach_a_service_and_are_known(tmp_path: Path) -> None:
    async with (
        upstream(telling) as port,
        proxied(port) as stage,
        nginx_before(stage.port, tmp_path) as front,
    ):
        told = await curl(tmp_path, front, "-i", path="/a%2Fb//c?")
        big = tmp_path / "big"
        big.write_bytes(os.urandom(3_000_000))
        sent = await curl(tmp_path, front, "--data-binary", f"@{big}")
        logs = await stage.records(2)
    assert told.startswith("201 ")
    assert "GET /a%2Fb//c? HTTP/1.1\r\n" in told
    assert "X-Forwarded-Proto: https\r\n" in told
    assert "X-Forwarded-For: 127.0.0.1, 127.0.0.1\r\n" in told
    assert f"location: https://shop.localhost:{front}/made\r\n" in told.lower()
    assert sent.startswith("201 3000000\n")
    assert [log.request_size for log in logs] == [0, 3_000_000]


async def test_many_streams_of_one_connection_each_get_their_answer(
    tmp_path: Path,
) -> None:
    async with (
        upstream(telling) as port,
        proxied(port) as stage,
        nginx_before(stage.port, tmp_path) as front,
    ):
        told = await curl(tmp_path, front, "--parallel", path="/[1-40]")
        await stage.records(40)
    assert {int(n) for n in re.findall(r"GET /(\d+) HTTP", told)} == set(range(1, 41))


async def test_an_event_stream_comes_as_it_is_made(tmp_path: Path) -> None:
    goes_on = asyncio.Event()

    async def streaming(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
        )
        await writer.drain()
        await goes_on.wait()
        writer.write(b"data: 2\n\n")
        await writer.drain()

    async with (
        upstream(streaming) as port,
        proxied(port) as stage,
        nginx_before(stage.port, tmp_path) as front,
    ):
        process = await asyncio.create_subprocess_exec(
            *(need("curl", "curl"), "-sSN", "--http2", "--max-time", str(PATIENCE_S)),
            *("--cacert", str(tmp_path / "proxy.pem")),
            *("--resolve", f"shop.localhost:{front}:127.0.0.1"),
            f"https://shop.localhost:{front}/",
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"data: 1\n"
        goes_on.set()
        assert await process.stdout.read() == b"\ndata: 2\n\n"
        await process.wait()


async def test_a_websocket_works_through_the_same_port(tmp_path: Path) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with (
            proxied(port) as stage,
            nginx_before(stage.port, tmp_path) as front,
        ):
            context = ssl.create_default_context(cafile=tmp_path / "proxy.pem")
            async with websockets.connect(
                f"wss://shop.localhost:{front}/",
                host="127.0.0.1",
                ssl=context,
                proxy=None,
            ) as socket:
                await socket.send("x" * 100_000)
                assert await socket.recv() == "x" * 100_000
            await stage.records(1)
