"""What an exchange costs each proxy, and what capturing and storing it adds."""

import re
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.cores import apart
from bench.others import mitmdump, node_http_proxy
from bench.processes import children, cpu_seconds
from bench.stage import MITM_PORT, NODE_PORT, UPSTREAM_PORT, Stage

ROUNDS = 5
ROUND_S = 3
CONNECTIONS = 32
NGINX, PASSED, STORED = (
    "nginx proxy_pass, no capture",
    "ours, not recording",
    "ours, captured and stored",
)
DIFFERING = "ours, captured, each with lines of its own"
NODE, MITM = "node http-proxy, no capture", "mitmdump, writing flows"
# For wrk: a header line that no other request has.
DIFFERING_LINES = """
n = 0
request = function()
  n = n + 1
  return wrk.format("GET", nil, {["X-Request-Id"] = "id-" .. n})
end
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """*pids* are what it costs in the proxy; *beside* what it costs elsewhere."""

    name: str
    url: str
    pids: Callable[[], list[int]]
    beside: Callable[[], list[int]] = list
    script: Path | None = None


@dataclass(frozen=True, slots=True)
class Round:
    requests: int
    cpu_us: float
    beside_us: float
    per_second: float


def measure(stage: Stage) -> None:
    """Print the table, and hold what was answered against the ledger."""
    with ExitStack() as stack:
        contenders = _contenders(stage, stack)
        proxies = {pid for contender in contenders for pid in contender.pids()}
        others = {pid for contender in contenders for pid in contender.beside()}
        stack.enter_context(apart(proxies, [*others, stage.upstream]))
        before = stage.ledger()["stored"]
        results = {contender.name: list[Round]() for contender in contenders}
        for contender in contenders:
            _load(contender, seconds=1)
        stage.wait_until_stored()
        # Interleaved, so that a slow minute hits all alike.
        for _ in range(ROUNDS):
            for contender in contenders:
                results[contender.name].append(_round(stage, contender))
    _print(results)
    _print_aims(results)
    _check_all_stored(stage, results[STORED] + results[DIFFERING], before)


def _contenders(stage: Stage, stack: ExitStack) -> list[Contender]:
    script = stage.folder / "differing.lua"
    script.write_text(DIFFERING_LINES)
    ours, beside = lambda: [stage.ours], lambda: children(stage.ours)
    found = [
        Contender(NGINX, f"{stage.through_nginx}/a", lambda: [stage.nginx]),
        Contender(PASSED, f"{stage.unrecorded}/a", ours, beside),
        Contender(STORED, f"{stage.through_ours}/a", ours, beside),
        Contender(DIFFERING, f"{stage.through_ours}/a", ours, beside, script),
    ]
    node = stack.enter_context(node_http_proxy(port=NODE_PORT, upstream=UPSTREAM_PORT))
    if node is not None:
        found.append(Contender(NODE, f"http://127.0.0.1:{NODE_PORT}/a", lambda: [node]))
    mitm = stack.enter_context(
        mitmdump(stage.folder, port=MITM_PORT, upstream=UPSTREAM_PORT)
    )
    if mitm is not None:
        found.append(Contender(MITM, f"http://127.0.0.1:{MITM_PORT}/a", lambda: [mitm]))
    return found


def _round(stage: Stage, contender: Contender) -> Round:
    """CPU until all of the round is stored, not only answered."""
    before, before_beside = _used(contender)
    began = time.perf_counter()
    requests = _load(contender, seconds=ROUND_S)
    lasted = time.perf_counter() - began
    stage.wait_until_stored()
    after, after_beside = _used(contender)
    return Round(
        requests=requests,
        cpu_us=(after - before) / requests * 1e6,
        beside_us=(after_beside - before_beside) / requests * 1e6,
        per_second=requests / lasted,
    )


def _used(contender: Contender) -> tuple[float, float]:
    return cpu_seconds(contender.pids()), cpu_seconds(contender.beside())


def _load(contender: Contender, *, seconds: int) -> int:
    """Requests that were answered; any that failed ends the bench."""
    script = ["-s", str(contender.script)] if contender.script else []
    printed = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *script, contender.url],
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
    print(f"\n{CONNECTIONS} connections, {ROUNDS} rounds of {ROUND_S} s, medians; ")
    print("who is measured on one core, the load, upstream and PostgreSQL on others\n")
    print("| | CPU µs / exchange | against nginx | PostgreSQL µs | exchanges / s |")
    print("|---|---|---|---|---|")
    base = _cpu(results[NGINX])
    for name, rounds in results.items():
        cpu = _cpu(rounds)
        beside = median(r.beside_us for r in rounds)
        rate = median(r.per_second for r in rounds)
        print(f"| {name} | {cpu:.1f} | {cpu / base:.2f} | {beside:.1f} | {rate:.0f} |")
    print("\nThe CPU of ours is that of the whole process: proxy, spool and recorder.")


def _print_aims(results: dict[str, list[Round]]) -> None:
    stored = _cpu(results[STORED])
    print("\n| captured and stored | measured | aim |")
    print("|---|---|---|")
    print(f"| against nginx, pass only | {stored / _cpu(results[NGINX]):.2f} | ≤ 3.0 |")
    if NODE in results:
        share = stored / _cpu(results[NODE])
        print(f"| against node http-proxy, pass only | {share:.2f} | ≤ 0.6 |")
    if MITM in results:
        share = _cpu(results[MITM]) / stored
        print(f"| mitmdump against ours | {share:.1f} | ≥ 25 |")
    added = stored - _cpu(results[PASSED])
    print(f"| capturing and storing adds, µs | {added:.1f} | ≤ 20 in the proxy |")


def _cpu(rounds: list[Round]) -> float:
    return median(r.cpu_us for r in rounds)


def _check_all_stored(stage: Stage, rounds: list[Round], before: int) -> None:
    """Of what was answered in the rounds, nothing may be missing in the ledger."""
    ledger = stage.ledger()
    answered = sum(r.requests for r in rounds)
    stored = ledger["stored"] - before
    dropped = {k: n for k, n in ledger["dropped"].items() if k != "recording_off"}
    print(f"\n{answered} answered in the rounds, {stored} stored with the warm-up")
    if stored < answered or dropped or not ledger["is_closed"]:
        raise SystemExit(f"not every captured exchange was stored: {ledger}")
