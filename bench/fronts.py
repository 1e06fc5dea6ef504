"""What a client's side costs on aiohttp's server, on its parser, and on ours.

Each answers 1 KiB to wrk, in a process of its own, without an upstream.
"""

import asyncio
import multiprocessing
import platform
import re
import socket
import subprocess
import tempfile
from collections.abc import Callable
from statistics import median

import uvloop
from aiohttp.http_parser import HttpRequestParser
from aiohttp.web import BaseRequest, Response, Server

from bench.bare import DIFFERING_LINES
from bench.processes import cpu_seconds, need
from proxy.connections.client import ClientConnection, Limits
from proxy.connections.listener import Refused
from proxy.http1.request import Request
from proxy.sockets.outbox import Outbox

BODY = b"x" * 1000
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + BODY
LIMITS = Limits(connections=10_000, head_bytes=65536, head_timeout_s=30, keepalive_s=75)
ROUNDS, ROUND_S = 5, 2
Make = Callable[[], asyncio.Protocol]


def server() -> Make:
    async def handle(request: BaseRequest) -> Response:
        return Response(body=BODY)

    return Server(handle, access_log=None)


class Parsing(asyncio.Protocol):
    """aiohttp's C parser on a protocol."""

    _reading_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = HttpRequestParser(
            self,  # type: ignore[arg-type]
            asyncio.get_running_loop(),
            65536,
            max_line_size=65536,
            max_field_size=65536,
        )

    def data_received(self, data: bytes) -> None:
        messages, _, _ = self._parser.feed_data(data)
        for message, _ in messages:
            # As ours does: fields by name.
            named: dict[bytes, list[bytes]] = {}
            for name, value in message.raw_headers:
                named.setdefault(name.lower(), []).append(value)
            self._transport.write(ANSWER)  # type: ignore[attr-defined]


def parser() -> Make:
    return Parsing


def ours() -> Make:
    def answer(client: ClientConnection, request: Request) -> Refused:
        return Refused(ANSWER, keeps_alive=True)

    connections: set[ClientConnection] = set()
    return lambda: ClientConnection(
        connections,
        serve=answer,
        unrouted=lambda reason: None,
        limits=LIMITS,
        outbox=Outbox(),
    )


def main() -> None:
    need("wrk")
    print(f"{platform.platform()}, Python {platform.python_version()}\n")
    print("| CPU µs / request | same lines | lines that differ |")
    print("|---|---|---|")
    names = {
        "aiohttp's low-level server": server,
        "aiohttp's C parser on asyncio.Protocol": parser,
        "ours": ours,
    }
    bound = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    fork = multiprocessing.get_context("fork")
    processes = {
        name: fork.Process(target=_serve, args=(make, bound[name]), daemon=True)
        for name, make in names.items()
    }
    costs: dict[tuple[str, bool], list[float]] = {}
    for process in processes.values():
        process.start()
    for _ in range(ROUNDS):
        for name, process in processes.items():
            for differs in (False, True):
                port = bound[name].getsockname()[1]
                cost = _round(process.pid or 0, port, differs=differs)
                costs.setdefault((name, differs), []).append(cost)
    for name, process in processes.items():
        process.terminate()
        bound[name].close()
        same, differing = median(costs[name, False]), median(costs[name, True])
        print(f"| {name} | {same:.1f} | {differing:.1f} |")


def _serve(make: Callable[[], Make], bound: socket.socket) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        await loop.create_server(make(), sock=bound)
        await asyncio.Event().wait()

    uvloop.run(serve())


def _round(pid: int, port: int, *, differs: bool) -> float:
    command = ["wrk", "-t1", "-c32", f"-d{ROUND_S}s", f"http://127.0.0.1:{port}/"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(DIFFERING_LINES)
        script.flush()
        if differs:
            command += ["-s", script.name]
        before = cpu_seconds([pid])
        printed = subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout
    found = re.search(r"(\d+) requests in", printed)
    assert found is not None
    return (cpu_seconds([pid]) - before) / int(found[1]) * 1e6


if __name__ == "__main__":
    main()
