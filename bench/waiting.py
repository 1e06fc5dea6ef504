"""How long requests take: at a tenth of the capacity, beside idle connections, and
while PostgreSQL stands still."""

import os
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from statistics import median
from urllib.parse import urlsplit

from bench.asking import asked, percentile
from bench.processes import postgres_of
from bench.stage import Stage

ROUNDS = 5
REQUESTS = 500
# A tenth of what one process of ours serves.
PER_SECOND = 1000
IDLE = 10_000


def measure(stage: Stage) -> None:
    """Print the table; ways in turn, p50 and p99 in ms."""
    nginx, ours = f"{stage.through_nginx}/a", f"{stage.through_ours}/a"
    found: dict[str, list[float]] = {}

    def note(name: str, url: str) -> None:
        found.setdefault(name, []).extend(_asked(url))

    for url in (nginx, ours):
        _asked(url)
    for _ in range(ROUNDS):
        note("nginx", nginx)
        note("ours", ours)
        with _frozen(stage):
            note("ours, PostgreSQL standing still", ours)
        stage.wait_until_stored()
    with _idle(ours):
        for _ in range(ROUNDS):
            note(f"ours, beside {_idle_count()} idle connections", ours)
    _print(found)


def _print(found: dict[str, list[float]]) -> None:
    print(f"\n{PER_SECOND} requests a second on one connection\n")
    print("| | p50 ms | p99 ms | p99 against the quiet one | aim |")
    print("|---|---|---|---|---|")
    base = percentile(found["nginx"], 0.99)
    quiet = percentile(found["ours"], 0.99)
    aims = {"nginx": "", "ours": f"{quiet / base:.2f} x nginx | ≤ 1.5 x nginx"}
    for name, taken in found.items():
        high = percentile(taken, 0.99)
        aim = aims.get(name, f"{high / quiet:.2f} x ours | ≤ 2 x ours")
        print(f"| {name} | {median(taken):.2f} | {high:.2f} | {aim or ' | '} |")


def _asked(url: str) -> list[float]:
    parts = urlsplit(url)
    requests = repeat(_bare(url), REQUESTS)
    return asked(parts.port or 80, requests, per_second=PER_SECOND)


def _bare(url: str) -> bytes:
    parts = urlsplit(url)
    return f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()


@contextmanager
def _frozen(stage: Stage) -> Iterator[None]:
    """The embedded PostgreSQL is stopped, its connections stay open."""
    pids = postgres_of(stage.ours)
    assert pids
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _idle_count() -> int:
    """Fewer where descriptors are few: clients of the proxy get half of them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(IDLE, hard * 2 // 5)


@contextmanager
def _idle(url: str) -> Iterator[None]:
    """So many connections, each of which has had one answer."""
    parts = urlsplit(url)
    request = _bare(url)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    try:
        for _ in range(_idle_count()):
            made = socket.create_connection((parts.hostname or "", parts.port or 80))
            made.sendall(request)
            made.recv(65_536)
            held.append(made)
        yield
    finally:
        for made in held:
            made.close()
