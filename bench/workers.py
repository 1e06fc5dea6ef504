"""How much more two processes serve than one."""

import os
import re
import subprocess
from statistics import median

from bench.processes import appliance
from bench.stage import UPSTREAM_PORT, WORKERS_PORT, Stage, register

ROUNDS = 3
# For the load, the upstream, PostgreSQL, main and two workers.
CORES = 6
PORTS = {
    1: (WORKERS_PORT, WORKERS_PORT + 1),
    2: (WORKERS_PORT + 2, WORKERS_PORT + 3),
}


def measure(stage: Stage) -> None:
    """Print the ratio, where there are cores for both to show it."""
    cores = os.cpu_count() or 1
    if cores < CORES:
        print(f"\ntwo workers against one: not measured, {cores} of {CORES} cores")
        return
    rates: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for count, (port, proxy_port) in PORTS.items():
            folder = stage.folder / f"workers-{count}"
            folder.mkdir(exist_ok=True)
            settings = {"APIMONITOR_PROXY_WORKERS": str(count)}
            with appliance(folder, port=port, proxy_port=proxy_port, **settings):
                name = f"round-{len(rates[count])}"
                register(f"http://127.0.0.1:{port}", name, UPSTREAM_PORT)
                rates[count].append(_rate(f"http://127.0.0.1:{proxy_port}/{name}/a"))
    ratio = median(rates[2]) / median(rates[1])
    print(f"\ntwo workers serve {ratio:.2f} times what one does (aim: ≥ 1.8)")


def _rate(url: str) -> float:
    printed = subprocess.run(
        ["wrk", "-t2", "-c64", "-d5s", url], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"Requests/sec:\s*([\d.]+)", printed)
    assert found is not None
    return float(found[1])
