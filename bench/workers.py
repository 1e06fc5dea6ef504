"""How much more two processes serve than one: by the CPU of the busiest of them.

Two cores cannot hold two workers, PostgreSQL, an upstream and the load at full speed.
So the load is held back, and what each process needs for an exchange is read: where
each has a core and none waits for another, the busiest decides how many are served.
What they might wait for is counted: system calls for locks (strace).
"""

import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

from bench.asking import asked
from bench.corpus.corpus import corpus
from bench.corpus.upstream import answering
from bench.processes import appliance, children, cpu_seconds, runs
from bench.stage import SHOP_PORT, WORKERS_PORT, Stage, register

ROUNDS = 3
CLIENTS, REQUESTS, PER_SECOND = 8, 250, 50
PORTS = {
    1: (WORKERS_PORT, WORKERS_PORT + 1),
    2: (WORKERS_PORT + 2, WORKERS_PORT + 3),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """CPU for an exchange, µs: of main, and of all workers together."""

    main_us: float
    workers_us: float

    def busiest_us(self, count: int) -> float:
        """With exchanges even among the workers."""
        return max(self.main_us, self.workers_us / count)


def measure(stage: Stage) -> None:
    """Print the table; one appliance at a time, in turn."""
    found: dict[int, list[Needed]] = {1: [], 2: []}
    locks = {}
    with answering(corpus(), stage.folder, port=SHOP_PORT):
        for number in range(ROUNDS):
            for count, (port, proxy_port) in PORTS.items():
                folder = stage.folder / f"workers-{count}"
                folder.mkdir(exist_ok=True)
                settings = {"APIMONITOR_PROXY_WORKERS": str(count)}
                with appliance(
                    folder, port=port, proxy_port=proxy_port, **settings
                ) as main:
                    name = f"round-{number}"
                    register(f"http://127.0.0.1:{port}", name, SHOP_PORT)
                    _send(name, proxy_port)
                    found[count].append(_needed(main, name, proxy_port))
                    if number == ROUNDS - 1:
                        locks[count] = _locks(main, name, proxy_port)
    _print(found, locks)


def _print(found: dict[int, list[Needed]], locks: dict[int, str]) -> None:
    print(f"\nreal requests, {CLIENTS * PER_SECOND} a second, {ROUNDS} rounds\n")
    print("| workers | main, µs | each worker, µs | the busiest | calls for locks |")
    print("|---|---|---|---|---|")
    most = {}
    for count, rounds in found.items():
        main = median(needed.main_us for needed in rounds)
        each = median(needed.workers_us / count for needed in rounds)
        most[count] = median(needed.busiest_us(count) for needed in rounds)
        line = f"| {count} | {main:.0f} | {each:.0f} | {most[count]:.0f} |"
        print(f"{line} {locks[count]} |")
    ratio = most[1] / most[2]
    print("\nµs are of CPU, for each exchange of all; one worker is main itself.")
    print(f"two workers serve {ratio:.2f} times what one does (aim: ≥ 1.8)")


def _needed(main: int, name: str, port: int) -> Needed:
    """Until all of it is recorded: the recorder is main's."""
    workers = _workers_of(main)
    before = cpu_seconds([main]), cpu_seconds(workers)
    sent = _send(name, port)
    time.sleep(1)
    after = cpu_seconds([main]), cpu_seconds(workers)
    used = [(b - a) / sent * 1e6 for a, b in zip(before, after, strict=True)]
    return Needed(main_us=used[0], workers_us=used[1])


def _send(name: str, port: int) -> int:
    """How many were, on CLIENTS connections."""
    host = f"{name}.localhost:{port}"

    def client(number: int) -> int:
        some = corpus()[number * REQUESTS :][:REQUESTS]
        id = f"{time.time_ns() & 0xFFFFFFFFFFFF:012x}"
        requests = [one.request(host, f"{id}{n:04x}") for n, one in enumerate(some)]
        return len(asked(port, requests, per_second=PER_SECOND))

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(client, range(CLIENTS)))


def _workers_of(main: int) -> list[int]:
    return [pid for pid in children(main) if runs(pid, "appliance.workers.worker")]


def _locks(main: int, name: str, port: int) -> str:
    """Of those that serve the proxy, for a thousand exchanges; some may be refused."""
    if shutil.which("strace") is None:
        return "not counted: no strace"
    pids = _workers_of(main) or [main]
    command = ["strace", "-f", "-c", "-e", "trace=futex,flock,fcntl"]
    for pid in pids:
        command += ["-p", str(pid)]
    tracing = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    time.sleep(1)
    sent = _send(name, port)
    tracing.terminate()
    _, said = tracing.communicate(timeout=30)
    counted = re.findall(r"(\d+)\s+(?:\d+\s+)?(futex|flock|fcntl)$", said, re.MULTILINE)
    each = [f"{int(n) / sent * 1000:.1f} {call}" for n, call in counted]
    return (", ".join(each) or "none") + " for a thousand"
