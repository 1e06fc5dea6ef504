"""What a GiB costs, down and up, and how much memory it takes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from bench.processes import (
    PASSING,
    cpu_seconds,
    memory_bytes,
    nginx,
    reset_peak,
    running,
    wait_for,
)
from bench.stage import NGINX_SINK_PORT, SINK_PORT, Stage, register

ROUNDS = 3
MIB = 1 << 20
# Reads a body of any size and answers; in a process of its own.
SINK = """
import asyncio
class Sink(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.head, self.left = transport, b"", -1
    def data_received(self, data):
        if self.left < 0:
            self.head += data
            head, found, data = self.head.partition(b"\\r\\n\\r\\n")
            if not found:
                return
            lengths = [line.split(b":")[1] for line in head.lower().split(b"\\r\\n")
                       if line.startswith(b"content-length:")]
            self.left = int(lengths[0]) if lengths else 0
        self.left -= len(data)
        if self.left <= 0:
            self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
            self.head, self.left = b"", -1
async def main():
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", PORT)
    await server.serve_forever()
asyncio.run(main())
"""


def measure(stage: Stage) -> None:
    """Print the table: rounds in turn, CPU seconds a GiB, and the growth of memory."""
    with _sink(stage) as nginx_of_sink:
        register(stage.app, "sink", SINK_PORT)
        ours = f"{stage.through_ours.removesuffix('/captured')}/sink"
        ways = {
            "down": (
                f"{stage.through_nginx}/gib",
                stage.nginx,
                f"{stage.through_ours}/gib",
            ),
            "up": (f"http://127.0.0.1:{NGINX_SINK_PORT}/", nginx_of_sink, f"{ours}/"),
        }
        print("\n| 1 GiB | nginx CPU s | ours | ratio | aim | RSS grows by MiB | aim |")
        print("|---|---|---|---|---|---|---|")
        for way, (by_nginx, pid, by_ours) in ways.items():
            theirs, mine, grown = [], [], []
            for _ in range(ROUNDS):
                theirs.append(_cost(stage, way, by_nginx, pid)[0])
                cpu, growth = _cost(stage, way, by_ours, stage.ours)
                mine.append(cpu)
                grown.append(growth)
            base, cost = median(theirs), median(mine)
            print(
                f"| {way} | {base:.2f} | {cost:.2f} | {cost / base:.2f} | ≤ 1.0 "
                f"| {max(grown) / MIB:.0f} | ≤ 64 |"
            )


def _cost(stage: Stage, way: str, url: str, pid: int) -> tuple[float, int]:
    """CPU seconds, and by how much its memory grew at the peak."""
    reset_peak(pid)
    resting, before = memory_bytes(pid, "VmRSS"), cpu_seconds([pid])
    command = ["curl", "-sf", "-o", "/dev/null", url]
    if way == "up":
        command += ["-T", str(stage.folder / "gib"), "-H", "Expect:"]
    subprocess.run(command, check=True)
    return cpu_seconds([pid]) - before, memory_bytes(pid, "VmHWM") - resting


@contextmanager
def _sink(stage: Stage) -> Iterator[int]:
    """An upstream that takes bodies, and an nginx in front; yields its pid."""
    script = SINK.replace("PORT", str(SINK_PORT))
    with running([sys.executable, "-c", script]):
        wait_for(f"http://127.0.0.1:{SINK_PORT}/")
        with nginx(
            PASSING, stage.folder, port=NGINX_SINK_PORT, upstream=SINK_PORT
        ) as pid:
            yield pid
