"""What a key that sends too much does to another key's pushes, as a ratio."""

import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from bench.asking import percentile
from bench.stage import post

# One key at its share, the other at ten times that, and at all it can.
SHARE_PER_SECOND = 25
GREEDY_PER_SECOND = 10 * SHARE_PER_SECOND
ROUNDS = 4
ROUND_S = 5
LOG = {
    "method": "POST",
    "url": "https://payments.internal/charge",
    "path": "/charge",
    "status_code": 200,
    "latency_ms": 142.5,
    "request_headers": {"Content-Type": "application/json"},
    "request_body": json.dumps({"amount": 100}),
    "response_body": json.dumps({"id": "ch_abc", "padding": "x" * 500}),
}
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {key}"
wrk.body = {body}
function delay() return {pause_ms} end
"""


def measure(app_port: int, folder: Path) -> None:
    """Print the table: interleaved rounds, p50 and p99 of the quiet key's pushes."""
    app = f"http://127.0.0.1:{app_port}"
    service = post(f"{app}/v1/services", {"name": "fairness"})
    keys = f"{app}/v1/services/{service['id']}/keys"
    quiet = post(keys, {"name": "quiet"})["raw_key"]
    greedy = post(keys, {"name": "greedy"})["raw_key"]
    found: dict[str, list[float]] = {"quiet": [], "ten": [], "all": []}
    _send(app_port, quiet)
    for _ in range(ROUNDS):
        found["quiet"] += _beside(app_port, quiet, nullcontext())
        found["ten"] += _beside(app_port, quiet, _greedy(app, greedy, folder, 10))
        found["all"] += _beside(app_port, quiet, _greedy(app, greedy, folder, None))
    _print(found)


def _print(found: dict[str, list[float]]) -> None:
    print(
        f"\n{SHARE_PER_SECOND} pushes a second of one key, {ROUNDS * ROUND_S} s each\n"
    )
    print("| beside a key that sends | p50 ms | p99 ms | p99 against quiet |")
    print("|---|---|---|---|")
    names = {
        "quiet": "nothing",
        "ten": f"{GREEDY_PER_SECOND} a second",
        "all": "all it can, 100 connections",
    }
    base = percentile(found["quiet"], 0.99)
    for kind, name in names.items():
        median, high = percentile(found[kind], 0.5), percentile(found[kind], 0.99)
        print(f"| {name} | {median:.1f} | {high:.1f} | {high / base:.2f} |")


def _beside(app_port: int, key: str, other: Any) -> list[float]:
    with other:
        time.sleep(0.5)
        return _send(app_port, key)


@contextmanager
def _greedy(app: str, key: str, folder: Path, times: int | None) -> Iterator[None]:
    """*times* its share, or as fast as it is answered."""
    connections = 100 if times is None else 10
    pause_ms = 0 if times is None else 1000 * connections // GREEDY_PER_SECOND
    script = folder / "greedy.lua"
    body = json.dumps(json.dumps(LOG))
    script.write_text(SCRIPT.format(key=key, body=body, pause_ms=pause_ms))
    process = subprocess.Popen(
        [
            "wrk",
            "-t1",
            f"-c{connections}",
            "-d60s",
            "-s",
            str(script),
            f"{app}/v1/logs",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _send(app_port: int, key: str) -> list[float]:
    """How long each push took, ms; each at its time, late ones count from it."""
    connection = http.client.HTTPConnection("127.0.0.1", app_port, timeout=30)
    body = json.dumps(LOG)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    taken = []
    due = time.perf_counter()
    for _ in range(SHARE_PER_SECOND * ROUND_S):
        due += 1 / SHARE_PER_SECOND
        time.sleep(max(due - time.perf_counter(), 0))
        connection.request("POST", "/v1/logs", body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise SystemExit(f"a push of the quiet key was answered {answer.status}")
        taken.append((time.perf_counter() - due) * 1000)
    connection.close()
    return taken
