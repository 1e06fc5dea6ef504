"""Clients and an upstream on blocking sockets in threads: they leave no garbage."""

import base64
import gzip
import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from tests.support.patience import PATIENCE_S

JSON_BODY = json.dumps({"id": 7, "items": [{"name": "x" * 20}] * 20}).encode()
GZIPPED = gzip.compress(JSON_BODY)
EVENT_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
ACCEPT_OF = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _sized(head: bytes, body: bytes) -> bytes:
    return b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


def _chunked(head: bytes, *pieces: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANSWERS = {
    b"/plain": _sized(OK, JSON_BODY),
    b"/large": _sized(OK, b'"%s"' % (b"x" * 400_000)),
    b"/gzip": _sized(OK + b"Content-Encoding: gzip\r\n", GZIPPED),
    b"/same": b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n',
    b"/chunked": _chunked(OK, JSON_BODY[:50], JSON_BODY[50:]),
    b"/events": _chunked(EVENT_STREAM, b"data: 1\n\n", b"data: 2\n\n"),
    b"/broken": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nless",
}


@contextmanager
def upstream() -> Iterator[int]:
    """Its port; what is asked for says how it answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=_accept, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE_S)


def _accept(listening: socket.socket) -> None:
    with suppress(OSError):
        while True:
            taken, _ = listening.accept()
            Thread(target=_serve, args=(taken,), daemon=True).start()


def _serve(taken: socket.socket) -> None:
    with taken, suppress(OSError):
        while asked := _message(taken):
            target = asked.split(b" ", 2)[1].partition(b"?")[0]
            if target == b"/socket":
                _upgraded(taken, asked)
                return
            taken.sendall(ANSWERS.get(target, ANSWERS[b"/plain"]))
            if target == b"/broken":
                return


def _upgraded(taken: socket.socket, asked: bytes) -> None:
    key = asked.lower().partition(b"sec-websocket-key:")[2]
    at = len(asked) - len(key)
    key = asked[at:].partition(b"\r\n")[0].strip()
    accept = base64.b64encode(hashlib.sha1(key + ACCEPT_OF).digest())
    head = b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    taken.sendall(b"%sSec-WebSocket-Accept: %s\r\n\r\n" % (head, accept))
    taken.recv(65_536)
    taken.sendall(b"\x81\x02hi\x88\x02\x03\xe8")
    taken.recv(65_536)


class Client:
    """One connection, that answers are read from one after the other."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._port = port
        self._host = host.encode()
        self._socket = self._connected()

    def close(self) -> None:
        self._socket.close()

    def again(self) -> None:
        self._socket.close()
        self._socket = self._connected()

    def ask(
        self, method: str, target: str, body: bytes = b"", *fields: str
    ) -> tuple[int, bytes]:
        """Status and body."""
        self.send(method, target, body, *fields)
        read = _message(self._socket)
        if not read:
            return 0, b""
        return int(read[9:12]), read.partition(b"\r\n\r\n")[2]

    def send(self, method: str, target: str, body: bytes = b"", *fields: str) -> None:
        lines = [f"{method} {target} HTTP/1.1", *fields]
        head = "\r\n".join(lines).encode() + b"\r\nHost: " + self._host
        length = b"\r\nContent-Length: %d" % len(body) if body else b""
        self._socket.sendall(head + length + b"\r\n\r\n" + body)

    def sendall(self, content: bytes) -> None:
        self._socket.sendall(content)

    def read_some(self) -> bytes:
        return self._socket.recv(1000)

    def read_message(self) -> bytes:
        return _message(self._socket)

    def _connected(self) -> socket.socket:
        address = ("127.0.0.1", self._port)
        return socket.create_connection(address, timeout=PATIENCE_S)


def _message(taken: socket.socket) -> bytes:
    """A head and its body, of a length or chunked; empty once the other side ended."""
    read = b""
    while (end := read.find(b"\r\n\r\n")) < 0:
        more = taken.recv(65_536)
        if not more:
            return b""
        read += more
    head = read[: end + 2].lower()
    length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    is_whole: Callable[[], bool]
    if b"\r\ntransfer-encoding: chunked" in head:
        is_whole = lambda: read.endswith(b"0\r\n\r\n")  # noqa: E731
    elif length and not head.startswith(b"http/1.1 304"):
        is_whole = lambda: len(read) >= end + 4 + int(length)  # noqa: E731
    else:
        return read
    while not is_whole():
        more = taken.recv(65_536)
        if not more:
            return read
        read += more
    return read
