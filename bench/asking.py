"""One client on one connection: how long it waits, and what it is answered."""

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from itertools import count

from bench.corpus.exchange import ANSWER_ID, CRLF, Exchange, Kind

LONGEST_WAIT_S = 60.0


def asked(port: int, requests: Iterable[bytes], *, per_second: float) -> list[float]:
    """How long each took, ms; each at its time, late ones count from it."""
    taken = []
    with _connected(port) as asker:
        due = time.perf_counter()
        for request in requests:
            due += 1 / per_second
            while (left := due - time.perf_counter()) > 0:
                time.sleep(left)
            asker.sendall(request)
            _read_answer(asker)
            taken.append((time.perf_counter() - due) * 1000)
    return taken


def wrong_answers(port: int, host: str, exchanges: Iterable[Exchange]) -> list[str]:
    """What was not answered as the corpus says, to the byte."""
    wrong = []
    with _connected(port) as asker:
        for exchange, number in zip(exchanges, count(), strict=False):
            asker.sendall(exchange.request(host, f"{number:016x}"))
            with HTTPResponse(asker, method=exchange.method) as answer:
                answer.begin()
                body = answer.read()
                problem = _problem(exchange, answer, body)
            if problem:
                wrong.append(f"{exchange.method} {exchange.target}: {problem}")
    return wrong


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def _problem(exchange: Exchange, answer: HTTPResponse, body: bytes) -> str | None:
    id = answer.getheader("X-Request-Id")
    if answer.status != exchange.answer.status:
        return f"{answer.status} instead of {exchange.answer.status}"
    if id is None:
        return "without an id"
    if body != exchange.answer.body.replace(ANSWER_ID, id.encode()):
        return f"another body: {body[:80]!r}"
    is_coded = answer.getheader("Content-Encoding") == "gzip"
    if is_coded != (exchange.answer.kind is Kind.GZIP):
        return "another coding"
    return None


def _read_answer(asker: socket.socket) -> None:
    """One that has a length, or none and no body."""
    read = asker.recv(65_536)
    while (end := read.find(CRLF + CRLF)) < 0:
        read += _more(asker)
    head = read[:end].lower()
    _, found, rest = head.partition(b"\r\ncontent-length:")
    length = int(rest.partition(CRLF)[0]) if found and b" 304 " not in head[:20] else 0
    left = end + 4 + length - len(read)
    while left > 0:
        left -= len(_more(asker))


def _more(asker: socket.socket) -> bytes:
    read = asker.recv(65_536)
    if not read:
        raise SystemExit("a connection was closed before its answer was whole")
    return read


@contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    address = ("127.0.0.1", port)
    with socket.create_connection(address, timeout=LONGEST_WAIT_S) as made:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield made
