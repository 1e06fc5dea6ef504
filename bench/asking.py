"""Clients that ask so many times a second: how long they wait, what is answered."""

import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from itertools import count
from selectors import EVENT_READ, SelectSelector

from bench.corpus.exchange import ANSWER_ID, CRLF, Exchange, Kind

LONGEST_WAIT_S = 60.0
# On one, a request waits for all before it, however long that took: then what is
# measured is whether each takes less than the time between two.
CONNECTIONS = 16


class _Asker:
    """A connection, and how much of an answer is still to come."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.due = 0.0
        self._head = b""
        self._left = -1

    def ask(self, request: bytes, due: float) -> None:
        self.due, self._head, self._left = due, b"", -1
        self.connection.sendall(request)

    def is_answered(self) -> bool:
        """By what can be read now; one that has a length, or none and no body."""
        read = self.connection.recv(65_536)
        if not read:
            raise SystemExit("a connection was closed before its answer was whole")
        if self._left >= 0:
            self._left -= len(read)
            return self._left <= 0
        self._head += read
        end = self._head.find(CRLF + CRLF)
        if end < 0:
            return False
        head = self._head[:end].lower()
        _, found, rest = head.partition(b"\r\ncontent-length:")
        is_empty = not found or b" 304 " in head[:20]
        length = 0 if is_empty else int(rest.partition(CRLF)[0])
        self._left = end + 4 + length - len(self._head)
        return self._left <= 0


def asked(port: int, requests: Iterable[bytes], *, per_second: float) -> list[float]:
    """How long each took, ms; each at its time, late ones count from it."""
    taken: list[float] = []
    waiting: deque[tuple[float, bytes]] = deque()
    coming = iter(requests)
    request = next(coming, None)
    due = time.perf_counter() + 1 / per_second
    with ExitStack() as stack, SelectSelector() as busy:
        idle = [
            _Asker(stack.enter_context(_connected(port))) for _ in range(CONNECTIONS)
        ]
        while request is not None or waiting or busy.get_map():
            while request is not None and due <= time.perf_counter():
                waiting.append((due, request))
                request, due = next(coming, None), due + 1 / per_second
            while waiting and idle:
                asker = idle.pop()
                since, content = waiting.popleft()
                asker.ask(content, since)
                busy.register(asker.connection, EVENT_READ, asker)
            left_s = LONGEST_WAIT_S
            if request is not None:
                left_s = max(due - time.perf_counter(), 0)
            for key, _ in busy.select(left_s):
                asker = key.data
                if asker.is_answered():
                    taken.append((time.perf_counter() - asker.due) * 1000)
                    busy.unregister(asker.connection)
                    idle.append(asker)
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


@contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    address = ("127.0.0.1", port)
    with socket.create_connection(address, timeout=LONGEST_WAIT_S) as made:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield made
