"""Answers that come before their request is read, or to none at all."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Certificate, made
from tests.support.patience import PATIENCE_S
from tests.support.upstreams import OK, Reader, Stage, Writer, get, proxied, upstream

LARGE = 40_000
ANSWERS = {
    "with a length": b"HTTP/1.1 413 No\r\nContent-Length: 3\r\n\r\nbig",
    "in chunks": (
        b"HTTP/1.1 413 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbig\r\n0\r\n\r\n"
    ),
    "until it closes": b"HTTP/1.1 413 No\r\nConnection: close\r\n\r\nbig",
}


def post(body: bytes = b"", *, length: int | None = None, close: bool = True) -> bytes:
    connection = b"Connection: close\r\n" if close else b""
    size = len(body) if length is None else length
    return (
        b"POST / HTTP/1.1\r\nHost: shop.localhost\r\n%bContent-Length: %d\r\n\r\n%b"
        % (connection, size, body)
    )


class Wires:
    """Sockets of clients and of the upstream, which act when the test says."""

    def __init__(self, stage: Stage, listening: socket.socket) -> None:
        self.stage = stage
        self._listening = listening
        self._open: list[socket.socket] = []

    async def client(self) -> socket.socket:
        made = self._kept(socket.socket())
        address = ("127.0.0.1", self.stage.port)
        await asyncio.get_running_loop().sock_connect(made, address)
        return made

    async def accepted(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        return self._kept((await loop.sock_accept(self._listening))[0])

    def close(self) -> None:
        for one in self._open:
            one.close()

    def _kept(self, made: socket.socket) -> socket.socket:
        made.setblocking(False)
        self._open.append(made)
        return made


async def read(wire: socket.socket, end: bytes) -> bytes:
    """Up to *end*, or the other side's."""
    received = b""
    async with asyncio.timeout(PATIENCE_S):
        while end not in received:
            piece = await asyncio.get_running_loop().sock_recv(wire, 65_536)
            if not piece:
                break
            received += piece
    return received


@contextlib.asynccontextmanager
async def wired() -> AsyncIterator[Wires]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        async with proxied(listening.getsockname()[1]) as stage:
            wires = Wires(stage, listening)
            try:
                yield wires
            finally:
                wires.close()


@pytest.mark.parametrize("kind", ANSWERS)
async def test_an_early_answer_is_read_before_a_failed_write_counts(kind: str) -> None:
    async with wired() as wires:
        client = await wires.client()
        client.send(post(length=10 * LARGE))
        behind = await wires.accepted()
        await read(behind, b"\r\n\r\n")
        # What is not read when it closes, makes the close a reset. The proxy is told in
        # one turn: more of the body comes, then the answer.
        client.send(bytes(LARGE))
        await asyncio.sleep(0.05)
        client.send(bytes(LARGE))
        behind.send(ANSWERS[kind])
        behind.close()
        answer = await read(client, b"never")
        [log] = await wires.stage.records(1)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"big" in answer
    assert (log.status_code, log.error) == (413, None)


@contextlib.contextmanager
def refusing(certificate: Certificate) -> Iterator[int]:
    """Answers over TLS once it has a head, and closes, as servers with threads do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = listening.accept()
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with context.wrap_socket(accepted, server_side=True) as secured:
                    secured.recv(1000)
                    secured.sendall(ANSWERS["with a length"])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            serving.join()


async def test_an_early_answer_is_read_through_tls_too(tmp_path: Path) -> None:
    with refusing(made(tmp_path, "localhost")) as port:
        base_url = f"https://localhost:{port}"
        async with proxied(1, base_url=base_url, verify_tls=False) as stage:
            for _ in range(12):
                reader, writer = await stage.connect()
                writer.write(post(bytes(4_000_000)))
                async with asyncio.timeout(PATIENCE_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                writer.close()
                assert head.startswith(b"HTTP/1.1 413 "), head


async def test_an_answer_to_the_connection_itself_passes() -> None:
    async def busy(reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    async with upstream(busy) as port, proxied(port) as stage:
        for request in [get("/"), post(bytes(LARGE))] * 5:
            answer = await stage.ask(request)
            assert answer.startswith(b"HTTP/1.1 503 "), answer
            assert b"X-Monitor-Error" not in answer


@pytest.mark.parametrize("is_sent", [False, True])
async def test_an_answer_before_the_requests_end_ends_its_connection(
    is_sent: bool,
) -> None:
    async with wired() as wires:
        client = await wires.client()
        # More than the upstream's kernel takes unread, less than the proxy's holds.
        length = 400_000 if is_sent else 10
        client.send(post(length=length, close=False))
        behind = await wires.accepted()
        await read(behind, b"\r\n\r\n")
        loop = asyncio.get_running_loop()
        sending = loop.create_task(loop.sock_sendall(client, bytes(length)))
        if is_sent:
            await sending
            await asyncio.sleep(0.1)
        behind.send(b"HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\n")
        await read(client, b"\r\n\r\n")
        await sending
        await asyncio.sleep(0.05)
        behind.send(b"big")
        assert await read(client, b"big") == b"big"
        again = await wires.client()
        again.send(post(b"hi"))
        other = await wires.accepted()
        await read(other, b"hi")
        other.send(OK)
        assert (await read(again, b"never")).startswith(b"HTTP/1.1 200 ")


async def asked(wires: Wires, client: socket.socket) -> socket.socket:
    """The upstream's side of a connection that was used once and is idle."""
    client.send(get("/").replace(b"Connection: close\r\n", b""))
    behind = await wires.accepted()
    await read(behind, b"\r\n\r\n")
    behind.send(OK)
    await read(client, b"ok")
    return behind


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 408 T\r\nConnection: close\r\n\r\n"])
async def test_what_may_not_be_repeated_is_not_sent_to_who_has_gone(
    said: bytes,
) -> None:
    async with wired() as wires:
        client = await wires.client()
        behind = await asked(wires, client)
        # In one turn: the next request, then the end of the idle connection.
        client.send(post(b"hi"))
        if said:
            behind.send(said)
        behind.close()
        other = await wires.accepted()
        await read(other, b"hi")
        other.send(OK)
        assert (await read(client, b"never")).startswith(b"HTTP/1.1 200 ")
        logs = await wires.stage.records(2)
        assert wires.stage.events("connection_stale") == 1
    assert [log.error for log in logs] == [None, None]


@pytest.mark.parametrize("request_", [get("/"), post(b"hi")], ids=["GET", "POST"])
async def test_a_closing_408_on_an_idle_connection_is_no_answer(
    request_: bytes,
) -> None:
    async with wired() as wires:
        client = await wires.client()
        behind = await asked(wires, client)
        client.send(request_)
        # It was sent before that was seen.
        await read(behind, request_[-4:])
        behind.send(b"HTTP/1.1 408 T\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        behind.close()
        other = await wires.accepted()
        await read(other, request_[-4:])
        other.send(OK)
        assert (await read(client, b"never")).startswith(b"HTTP/1.1 200 ")
        await wires.stage.records(2)


async def test_a_408_to_a_request_of_its_own_is_its_answer() -> None:
    late = b"HTTP/1.1 408 T\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with wired() as wires:
        client = await wires.client()
        client.send(get("/"))
        behind = await wires.accepted()
        await read(behind, b"\r\n\r\n")
        behind.send(late)
        assert (await read(client, b"never")).startswith(b"HTTP/1.1 408 ")


async def test_a_connection_of_age_takes_no_further_request() -> None:
    connections = 0

    async def counted(reader: Reader, writer: Writer) -> None:
        nonlocal connections
        connections += 1
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(OK)

    environment = {"APIMONITOR_UPSTREAM_AGE_S": "0.01"}
    async with (
        upstream(counted) as port,
        proxied(port, environment=environment) as stage,
    ):
        for _ in range(3):
            assert (await stage.ask(get("/"))).startswith(b"HTTP/1.1 200 ")
            await asyncio.sleep(0.02)
        assert stage.events("connection_aged") == 2
    assert connections == 3
