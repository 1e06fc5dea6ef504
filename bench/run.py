"""How the proxy is measured beside nginx, in one run."""

import json
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

from bench import fairness
from bench.processes import (
    PASSING,
    UPSTREAM,
    appliance,
    children,
    cpu_seconds,
    need,
    nginx,
)

ROUNDS = 5
ROUND_S = 3
CONNECTIONS = 32
UPSTREAM_PORT, NGINX_PORT, APP_PORT, PROXY_PORT = 18480, 18481, 18482, 18483
BODY = json.dumps({"padding": "x" * 1000})


@dataclass(frozen=True, slots=True)
class Contender:
    """*pids* are what it costs in the proxy; *beside* what it costs elsewhere."""

    name: str
    url: str
    pids: Callable[[], list[int]]
    beside: Callable[[], list[int]]


@dataclass(frozen=True, slots=True)
class Round:
    requests: int
    cpu_us: float
    beside_us: float
    per_second: float


def main() -> None:
    need("nginx", "wrk")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        stack.enter_context(nginx(UPSTREAM, folder, port=UPSTREAM_PORT, body=BODY))
        passing = stack.enter_context(
            nginx(PASSING, folder, port=NGINX_PORT, upstream=UPSTREAM_PORT)
        )
        ours = stack.enter_context(
            appliance(folder, port=APP_PORT, proxy_port=PROXY_PORT)
        )
        _register("captured", is_recording=True)
        _register("passed", is_recording=False)
        contenders = [
            Contender(
                "nginx proxy_pass, no capture",
                f"http://127.0.0.1:{NGINX_PORT}/a",
                lambda: [passing],
                list,
            ),
            Contender(
                "ours, not recording",
                f"http://127.0.0.1:{PROXY_PORT}/passed/a",
                lambda: [ours],
                lambda: children(ours),
            ),
            Contender(
                "ours, captured and stored",
                f"http://127.0.0.1:{PROXY_PORT}/captured/a",
                lambda: [ours],
                lambda: children(ours),
            ),
        ]
        results = _measure(contenders)
        _print(results)
        _check_all_stored(results["ours, captured and stored"])
        fairness.measure(APP_PORT, folder)


def _measure(contenders: list[Contender]) -> dict[str, list[Round]]:
    """Interleaved rounds, so that a slow minute hits all alike."""
    results: dict[str, list[Round]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        _load(contender.url, seconds=1)
    _wait_until_stored()
    for _ in range(ROUNDS):
        for contender in contenders:
            results[contender.name].append(_round(contender))
    return results


def _round(contender: Contender) -> Round:
    """CPU until all of the round is stored, not only answered."""
    before, before_beside = _used(contender)
    began = time.perf_counter()
    requests = _load(contender.url, seconds=ROUND_S)
    lasted = time.perf_counter() - began
    _wait_until_stored()
    after, after_beside = _used(contender)
    return Round(
        requests=requests,
        cpu_us=(after - before) / requests * 1e6,
        beside_us=(after_beside - before_beside) / requests * 1e6,
        per_second=requests / lasted,
    )


def _used(contender: Contender) -> tuple[float, float]:
    return cpu_seconds(contender.pids()), cpu_seconds(contender.beside())


def _load(url: str, *, seconds: int) -> int:
    """Requests that were answered; any that failed ends the bench."""
    printed = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise SystemExit(f"not all requests were answered:\n{printed}")
    found = re.search(r"(\d+) requests in", printed)
    assert found is not None
    return int(found[1])


def _print(results: dict[str, list[Round]]) -> None:
    print(f"{platform.platform()}, Python {platform.python_version()}")
    print(f"{CONNECTIONS} connections, {ROUNDS} rounds of {ROUND_S} s, medians\n")
    print("| | CPU µs / exchange | against nginx | PostgreSQL µs | exchanges / s |")
    print("|---|---|---|---|---|")
    base = median(r.cpu_us for r in results["nginx proxy_pass, no capture"])
    for name, rounds in results.items():
        cpu = median(r.cpu_us for r in rounds)
        beside = median(r.beside_us for r in rounds)
        rate = median(r.per_second for r in rounds)
        print(f"| {name} | {cpu:.1f} | {cpu / base:.2f} | {beside:.1f} | {rate:.0f} |")
    print("\nThe CPU of ours is that of the whole process: proxy, spool and recorder.")


def _check_all_stored(rounds: list[Round]) -> None:
    """Of what was counted in the rounds, nothing may be missing in the ledger."""
    stored = _metric('apimonitor_logs_stored_total{source="proxy"}')
    answered = sum(r.requests for r in rounds)
    dropped = _metric("apimonitor_records_dropped_total")
    print(
        f"\n{answered} answered in the rounds, {stored:.0f} stored in all, "
        f"{dropped:.0f} dropped"
    )
    if stored < answered or dropped:
        raise SystemExit("not every captured exchange was stored")


def _wait_until_stored() -> None:
    for _ in range(600):
        spooled = _metric("apimonitor_records_spooled_total")
        if _metric('apimonitor_logs_stored_total{source="proxy"}') >= spooled:
            return
        time.sleep(0.1)
    raise SystemExit("the recorder did not keep up within a minute")


def _metric(name: str) -> float:
    """The sum of a metric's series whose line begins with *name*."""
    with urlopen(f"http://127.0.0.1:{APP_PORT}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(
        float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)
    )


def _register(name: str, **fields: Any) -> None:
    base_url = f"http://127.0.0.1:{UPSTREAM_PORT}"
    request = Request(
        f"http://127.0.0.1:{APP_PORT}/v1/services",
        data=json.dumps({"name": name, "base_url": base_url, **fields}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request) as answer:
        assert answer.status == 201
