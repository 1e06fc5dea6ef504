"""What the worst ten queries, in a loop, do to the proxy and to what is stored."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection
from itertools import count, cycle, islice
from pathlib import Path
from statistics import median

from bench.asking import asked, percentile
from bench.corpus.corpus import corpus
from bench.corpus.logs import lines, logs
from bench.corpus.upstream import answering
from bench.processes import appliance_of, cpu_seconds, postgres_of, running
from bench.stage import APP_PORT, PROXY_PORT, SHOP_PORT, Stage, post, register

LOGS = int(os.environ.get("BENCH_LOGS", "300000"))
DAYS = 25
ROUNDS = 4
REQUESTS, PER_SECOND = 1_000, 200
ROWS = 10_000
SETTLE_S = 1.0
AIM = 1.5 if (os.cpu_count() or 1) <= 2 else 1.1
QUIET, BESIDE = "quiet", "beside the worst ten"
Found = dict[str, list[float]]


def measure(stage: Stage) -> None:
    """Print the table; quiet and beside in turn, so that a slow minute hits both."""
    _fill(stage)
    with ExitStack() as stack:
        stack.enter_context(answering(corpus(), stage.folder, port=SHOP_PORT))
        register(stage.app, "guarded", SHOP_PORT)
        batch = _Batch(stage)
        p99: Found = {QUIET: [], BESIDE: []}
        ingest: Found = {QUIET: [], BESIDE: []}
        p50: Found = {QUIET: [], BESIDE: []}
        said = stage.folder / "worst.json"
        requests = _requests()
        for _ in range(ROUNDS):
            for name in (QUIET, BESIDE):
                with ExitStack() as beside:
                    if name == BESIDE:
                        beside.enter_context(_worst(said))
                        time.sleep(SETTLE_S)
                    taken = asked(
                        PROXY_PORT, islice(requests, REQUESTS), per_second=PER_SECOND
                    )
                    p50[name].append(percentile(taken, 0.5))
                    p99[name].append(percentile(taken, 0.99))
                    with _cpu(stage):
                        ingest[name].append(batch.seconds())
                stage.wait_until_stored()
    print(f"\n{LOGS:,} logs of {DAYS} days; the worst ten, each in a loop:\n")
    _print_worst(json.loads(said.read_text()))
    print("\n| | quiet | beside the worst ten | against quiet | aim |")
    print("|---|---|---|---|---|")
    _print(f"proxy p50, {PER_SECOND} a second, ms", p50)
    _print("proxy p99, ms", p99, aim=AIM)
    _print(f"a batch of {ROWS:,}, s", ingest, aim=AIM)


def _fill(stage: Stage) -> None:
    command = [str(Path(sys.executable).parent / "apimonitor"), "fill"]
    data = {"APIMONITOR_DATA_DIR": str(stage.folder / "data")}
    subprocess.run(
        [*command, "--logs", str(LOGS), "--days", str(DAYS)],
        env={**os.environ, **data},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _requests() -> Iterator[bytes]:
    for exchange, number in zip(cycle(corpus()), count(), strict=False):
        yield exchange.request(f"guarded.localhost:{PROXY_PORT}", f"{number:016x}")


@contextmanager
def _worst(said: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.worst", str(APP_PORT), str(said)]
    with running(command):
        yield


@contextmanager
def _cpu(stage: Stage) -> Iterator[None]:
    """Says whose CPU a batch took, with all that went on beside it."""
    whose = {
        "app": partial(appliance_of, stage.ours),
        "PostgreSQL": partial(postgres_of, stage.ours),
    }
    before = {name: cpu_seconds(pids()) for name, pids in whose.items()}
    began = time.perf_counter()
    yield
    lasted = time.perf_counter() - began
    used = {name: cpu_seconds(pids()) - before[name] for name, pids in whose.items()}
    shares = ", ".join(f"{name} {s / lasted:.2f}" for name, s in used.items())
    print(f"a batch in {lasted:.2f} s; cores: {shares}", flush=True)


class _Batch:
    def __init__(self, stage: Stage) -> None:
        made = post(f"{stage.app}/v1/services", {"name": "pushed beside queries"})
        keys = f"{stage.app}/v1/services/{made['service_id']}/keys"
        key = post(keys, {"name": "bench"})["raw_key"]
        self._fields = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/x-ndjson",
        }
        self._body = lines(logs(ROWS))

    def seconds(self) -> float:
        connection = HTTPConnection("127.0.0.1", APP_PORT, timeout=300)
        began = time.perf_counter()
        connection.request("POST", "/v1/logs/batch", self._body, self._fields)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 201:
            raise SystemExit(f"a batch was answered {answer.status}: {body[:300]!r}")
        return time.perf_counter() - began


def _print(what: str, found: Found, *, aim: float | None = None) -> None:
    pairs = zip(found[QUIET], found[BESIDE], strict=True)
    each = [beside / quiet for quiet, beside in pairs]
    print(
        f"| {what} | {median(found[QUIET]):.2f} | {median(found[BESIDE]):.2f} "
        f"| {median(each):.2f} ({min(each):.2f} to {max(each):.2f}) "
        f"| {'' if aim is None else f'≤ {aim}'} |"
    )


def _print_worst(said: dict[str, dict[str, dict[str, int]]]) -> None:
    print("| asked | answers, in the last round | longest, s |")
    print("|---|---|---|")
    for path, statuses in said["statuses"].items():
        answers = ", ".join(f"{n} with {status}" for status, n in statuses.items())
        print(f"| `{path}` | {answers} | {said['longest_s'][path] or 0:.1f} |")
