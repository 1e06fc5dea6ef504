"""Rounds of load on one proxy after the other: what each used, and how it answered."""

import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.cores import apart
from bench.processes import cpu_seconds
from bench.stage import Stage

CONNECTIONS = 32
LONGEST_WAIT_S = 60
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
LATENCY = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A round's script for wrk, and of so many answers how many are errors."""

    script: Path
    errors_of: Callable[[int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """*pids* are what it costs in the proxy; *beside* what it costs in PostgreSQL."""

    name: str
    host: str
    port: int
    pids: Callable[[], list[int]]
    beside: Callable[[], list[int]] = list
    sending: Callable[[], Sending] | None = None
    is_stored: bool = False
    path: str = "/"

    @property
    def authority(self) -> str:
        """What its clients write in Host."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """By wrk's count; of all connections together."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    answered: Answered
    cpu_us: float
    beside_us: float


def rounds_of(
    stage: Stage,
    contenders: list[Contender],
    *,
    count: int,
    seconds: int,
    upstream: Iterable[int],
) -> dict[str, list[Round]]:
    """In turn, so that a slow minute hits all alike; proxies on a core of their own."""
    proxies = {pid for contender in contenders for pid in contender.pids()}
    others = {pid for contender in contenders for pid in contender.beside()}
    with apart(proxies, [*others, *upstream]):
        before = stage.ledger()["stored"]
        found = {contender.name: list[Round]() for contender in contenders}
        warm = [load(each, seconds=1) for each in contenders if each.is_stored]
        for each in contenders:
            if not each.is_stored:
                load(each, seconds=1)
        stage.wait_until_stored()
        for _ in range(count):
            for each in contenders:
                found[each.name].append(_round(stage, each, seconds=seconds))
    stored = [found[each.name] for each in contenders if each.is_stored]
    answered = sum(r.answered.requests for rounds in stored for r in rounds)
    _check_all_stored(stage, answered + sum(w.requests for w in warm), before)
    return found


def load(
    contender: Contender, *, seconds: int, connections: int = CONNECTIONS
) -> Answered:
    """One answer that is missing or is another than expected ends the bench."""
    sending = contender.sending() if contender.sending else None
    script = ["-s", str(sending.script)] if sending else []
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["--timeout", f"{LONGEST_WAIT_S}s"]
    printed = subprocess.run(
        [*command, *script, contender.url], capture_output=True, text=True, check=True
    ).stdout
    requests = int(_number(r"(\d+) requests in", printed))
    errors = int(_number(r"Non-2xx or 3xx responses: (\d+)", printed))
    expected = sending.errors_of(requests) if sending else 0
    # When time is up, as many as there are connections may be under way.
    if abs(errors - expected) > connections or "Socket errors" in printed:
        said = f"{errors} errors, {expected} expected:\n{printed}"
        raise SystemExit(f"{contender.name} did not answer as it should: {said}")
    latency = {
        share: float(value) * UNITS[unit]
        for share, value, unit in LATENCY.findall(printed)
    }
    return Answered(
        requests=requests,
        per_second=_number(r"Requests/sec:\s*([\d.]+)", printed),
        p50_ms=latency["50"],
        p99_ms=latency["99"],
    )


def _number(pattern: str, printed: str) -> float:
    found = re.search(pattern, printed)
    return float(found[1]) if found else 0


def _round(stage: Stage, contender: Contender, *, seconds: int) -> Round:
    """CPU until all of the round is stored, not only answered."""
    before, before_beside = _used(contender)
    answered = load(contender, seconds=seconds)
    stage.wait_until_stored()
    after, after_beside = _used(contender)
    return Round(
        answered=answered,
        cpu_us=(after - before) / answered.requests * 1e6,
        beside_us=(after_beside - before_beside) / answered.requests * 1e6,
    )


def _used(contender: Contender) -> tuple[float, float]:
    return cpu_seconds(contender.pids()), cpu_seconds(contender.beside())


def _check_all_stored(stage: Stage, answered: int, before: int) -> None:
    """Of what was answered, nothing may be missing in the ledger."""
    ledger = stage.ledger()
    stored = ledger["stored"] - before
    dropped = {k: n for k, n in ledger["dropped"].items() if k != "recording_off"}
    print(f"\n{answered} answered through what captures, {stored} stored")
    if stored < answered or dropped or not ledger["is_closed"]:
        raise SystemExit(f"not every captured exchange was stored: {ledger}")
