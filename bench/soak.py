"""Whether the appliance stays as it is under mixed traffic and faults: `make soak`."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx

from bench.processes import appliance, children
from bench.soak_traffic import Traffic, upstream

APP_PORT, PROXY_PORT = 18490, 18491
APP, PROXY = f"http://127.0.0.1:{APP_PORT}", f"http://127.0.0.1:{PROXY_PORT}"
DEFAULT_S = 600
FAULTS = 5
# Longer than idle upstream connections live.
QUIET_S = 20
MOST_GROWTH = 1.05
# The loop's own pool, which grows when it is used (asyncio's default), and some beside.
MOST_THREADS = min(32, (os.cpu_count() or 1) + 4) + 4
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds."""

    rss: int
    descriptors: int
    threads: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Check:
    what: str
    found: str
    wanted: str
    is_good: bool


def main() -> None:
    seconds = float(os.environ.get("SOAK_S", DEFAULT_S))
    with (
        tempfile.TemporaryDirectory() as name,
        appliance(Path(name), port=APP_PORT, proxy_port=PROXY_PORT) as pid,
    ):
        checks = asyncio.run(_soak(pid, seconds))
    print(f"\n{seconds:.0f} s, PostgreSQL restarted {FAULTS} times\n")
    print("| | found | wanted | |\n|---|---|---|---|")
    for check in checks:
        verdict = "ok" if check.is_good else "**bad**"
        print(f"| {check.what} | {check.found} | {check.wanted} | {verdict} |")
    sys.exit(not all(check.is_good for check in checks))


async def _soak(pid: int, seconds: float) -> list[Check]:
    async with upstream() as port, httpx.AsyncClient(timeout=30) as client:
        new = {"name": "soak", "base_url": f"http://127.0.0.1:{port}"}
        service = (await client.post(f"{APP}/v1/services", json=new)).json()["id"]
        keys = f"{APP}/v1/services/{service}/keys"
        key = (await client.post(keys, json={"name": "soak"})).json()["raw_key"]
        traffic = Traffic(APP, PROXY, key, service)
        running = asyncio.create_task(traffic.run())
        # What is opened once and kept, pool and caches, is open after that.
        await asyncio.sleep(min(10, seconds / 10))
        traffic.stop()
        await running
        await asyncio.sleep(QUIET_S)
        before = await _held(client, pid)
        again = Traffic(APP, PROXY, key, service)
        again.seen, again.failures = traffic.seen, traffic.failures
        running = asyncio.create_task(again.run())
        samples = await _watch(client, pid, seconds, running)
        again.stop()
        await running
        await asyncio.sleep(QUIET_S)
        after = await _held(client, pid)
        ledger = await _closed(client)
        stored = {
            source: await _stored(client, source)
            for source in ("proxy", "ingest", "replay")
        }
    return [
        *_growth(samples, before, after),
        *_accounts(again, ledger, stored),
    ]


async def _watch(
    client: httpx.AsyncClient, pid: int, seconds: float, running: asyncio.Task[None]
) -> list[int]:
    """RSS each second; PostgreSQL is restarted at even distances."""
    samples = []
    began = time.monotonic()
    faults = 0
    while (passed := time.monotonic() - began) < seconds:
        if running.done():
            await running
        if passed > (faults + 1) * seconds / (FAULTS + 1):
            faults += 1
            _restart_postgres(pid, hard=faults % 2 == 0)
        samples.append(_rss(pid))
        if len(samples) % 30 == 0:
            print(f"{passed:5.0f} s  RSS {samples[-1] / 2**20:.1f} MiB", flush=True)
        await asyncio.sleep(1)
    return samples


def _restart_postgres(pid: int, *, hard: bool) -> None:
    """End it, by kill -9 or as its service manager would; the appliance restarts it."""
    for child in children(pid):
        # Its own children have itself as their parent.
        is_first = _command(_parent(child)) == "sh"
        if is_first and _command(child) == "postgres":
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL if hard else signal.SIGINT)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _rss(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


async def _held(client: httpx.AsyncClient, pid: int) -> Held:
    text = (await client.get(f"{APP}/metrics")).text
    [tasks] = [
        line.split()[1]
        for line in text.splitlines()
        if line.startswith("apimonitor_tasks ")
    ]
    return Held(
        rss=_rss(pid),
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        threads=len(os.listdir(f"/proc/{pid}/task")),
        tasks=int(float(tasks)),
    )


async def _closed(client: httpx.AsyncClient) -> dict[str, Any]:
    """The ledger once nothing is on its way, or as it is after a minute."""
    for _ in range(120):
        ledger: dict[str, Any] = (await client.get(f"{APP}/v1/ledger")).json()
        if not ledger["spooled"] and not ledger["in_flight"] and ledger["is_closed"]:
            break
        await asyncio.sleep(0.5)
    return ledger


async def _stored(client: httpx.AsyncClient, source: str) -> int:
    answer = await client.get(f"{APP}/v1/metrics?source={source}")
    total: int = answer.json()["total_requests"]
    return total


def _growth(samples: list[int], before: Held, after: Held) -> list[Check]:
    third = len(samples) // 3
    second, last = fmean(samples[third : 2 * third]), fmean(samples[2 * third :])
    ratio = last / second
    mebibytes = f"{second / 2**20:.1f} → {last / 2**20:.1f} MiB, {ratio:.3f}"
    return [
        Check(
            "RSS, second third → last third", mebibytes, "≤ 1.05", ratio <= MOST_GROWTH
        ),
        _no_more("file descriptors", before.descriptors, after.descriptors),
        _no_more("tasks", before.tasks, after.tasks),
        Check(
            "threads before → after",
            f"{before.threads} → {after.threads}",
            f"at most {MOST_THREADS}",
            after.threads <= MOST_THREADS,
        ),
    ]


def _no_more(what: str, before: int, after: int) -> Check:
    return Check(
        f"{what} before → after", f"{before} → {after}", "no more", after <= before
    )


def _accounts(
    traffic: Traffic, ledger: dict[str, Any], stored: dict[str, int]
) -> list[Check]:
    seen = traffic.seen
    dropped = sum(ledger["dropped"].values())
    through = stored["proxy"]
    failures = ", ".join(f"{n} times {what}" for what, n in traffic.failures.items())
    return [
        Check("requests that failed", failures or "0", "0", not failures),
        Check(
            "whole answers, of them stored",
            f"{seen['whole']}, {through}",
            "all, of what was asked",
            seen["whole"] <= through <= seen["asked"],
        ),
        Check(
            "acknowledged logs → stored",
            f"{seen['acknowledged']} → {stored['ingest']}",
            "the same",
            seen["acknowledged"] == stored["ingest"],
        ),
        Check(
            "replays answered → stored",
            f"{seen['replayed']} → {stored['replay']}",
            "all",
            seen["replayed"] <= stored["replay"],
        ),
        Check("pushes refused, and pushed again", str(seen["refused"]), "any", True),
        Check(
            "dropped, dead letters",
            f"{dropped}, {ledger['dead_letter']}",
            "0, 0",
            not dropped and not ledger["dead_letter"],
        ),
        Check(
            "the ledger",
            f"finished {ledger['finished']}, stored {ledger['stored']}, "
            f"spooled {ledger['spooled']}, difference {ledger['difference']}",
            "closed",
            bool(ledger["is_closed"]) and not ledger["spooled"],
        ),
    ]


if __name__ == "__main__":
    main()
