"""What a pushed log costs: in batches, one by one, and as an archive; beside others."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from statistics import median

from bench.contenders import Contender, Sending, load
from bench.cores import apart
from bench.corpus.contents import compact
from bench.corpus.exchange import Answer, Exchange, Kind
from bench.corpus.logs import FIELD_RULES, archive, lines, logs
from bench.corpus.script import write_script
from bench.former import former_design
from bench.processes import (
    appliance_of,
    cpu_seconds,
    group_commit,
    postgres_of,
    postgres_server,
)
from bench.stage import APP_PORT, COMMITTER_PORT, FORMER_PORT, Stage, post

ROUNDS, ROUND_S = 3, 2
ROWS, ENTRIES, SINGLES, CLIENTS = 10_000, 5_000, 2_000, 64
LONGEST_WAIT_S = 300.0
OURS = "ours"
BARE = "a bare aiohttp handler, group commit by COPY"
FORMER = "the former design, an INSERT and a commit each"
Pids = Callable[[], list[int]]
Sent = tuple[int, float]
Send = Callable[[], Sent]
Fields = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """*send* pushes for about ROUND_S; how many were taken, and how many a second."""

    name: str
    send: Send
    pids: Pids
    beside: Pids
    counts: list[int] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    beside_us: list[float] = field(default_factory=list)

    def measure(self) -> None:
        before, before_beside = cpu_seconds(self.pids()), cpu_seconds(self.beside())
        count, per_second = self.send()
        self.per_second.append(per_second)
        used = cpu_seconds(self.pids()) - before
        beside = cpu_seconds(self.beside()) - before_beside
        self.counts.append(count)
        self.cpu_us.append(used / count * 1e6)
        self.beside_us.append(beside / count * 1e6)


Make = Callable[..., Way]


def measure(stage: Stage) -> None:
    """Print the tables; what was acknowledged is all stored."""
    with ExitStack() as stack:
        bare, former = _others(stage, stack)
        ours = _Ours(stage)
        batches = [
            ours.way("ours", partial(ours.batch, "pushed")),
            ours.way("ours, with field rules", partial(ours.batch, "ruled")),
            ours.way("ours, HAR import, an entry", partial(ours.har, "pushed")),
            bare(send=partial(_batch, COMMITTER_PORT, {})),
        ]
        singles = [
            ours.way("ours", partial(ours.singles, "pushed")),
            ours.way("ours, with field rules", partial(ours.singles, "ruled")),
            bare(send=partial(_singles, stage, COMMITTER_PORT, {})),
        ]
        if former is not None:
            singles.append(former(send=partial(_singles, stage, FORMER_PORT, {})))
        ways = [*batches, *singles]
        apps = {pid for way in ways for pid in way.pids()}
        servers = {pid for way in ways for pid in way.beside()}
        with apart(apps, servers):
            # What is stored is indexed a minute later: what batches bring would be
            # counted with what is pushed one by one.
            for each in (singles, batches):
                for _ in range(ROUNDS):
                    for way in each:
                        way.measure()
        ours.check_stored(ways)
    size = len(lines(logs(SINGLES))) / SINGLES
    print(f"\nlogs of {size:.0f} bytes, 12 fields; {ROUNDS} rounds of {ROUND_S} s")
    _print(f"batches of {ROWS:,} and archives of {ENTRIES:,}", batches)
    _print(f"one by one, {CLIENTS} clients, durable when answered", singles)


class _Ours:
    """Two services, one with field rules, and a key of each."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._fields: dict[str, Fields] = {}
        self._ids: list[str] = []
        for name, rules in {"pushed": [], "ruled": FIELD_RULES}.items():
            made = post(
                f"{stage.app}/v1/services", {"name": name, "redact_fields": rules}
            )
            keys = f"{stage.app}/v1/services/{made['service_id']}/keys"
            key = post(keys, {"name": "bench"})["raw_key"]
            self._fields[name] = {"Authorization": f"Bearer {key}"}
            self._ids.append(made["service_id"])

    def way(self, name: str, send: Send) -> Way:
        return Way(
            name=name,
            send=send,
            pids=lambda: appliance_of(self._stage.ours),
            beside=lambda: postgres_of(self._stage.ours),
        )

    def batch(self, service: str) -> Sent:
        return _batch(APP_PORT, self._fields[service])

    def har(self, service: str) -> Sent:
        fields = {**self._fields[service], "Content-Type": "application/json"}
        body = archive(logs(ENTRIES))
        path = "/v1/logs/import/har?shift=now"
        return _posted(APP_PORT, path, body, fields, ENTRIES)

    def singles(self, service: str) -> Sent:
        return _singles(self._stage, APP_PORT, self._fields[service], service)

    def check_stored(self, ways: list[Way]) -> None:
        ours = [way for way in ways if way.name.startswith(OURS)]
        acknowledged = sum(count for way in ours for count in way.counts)
        stored = sum(self._stage.stored_of(id) for id in self._ids)
        print(f"\n{acknowledged} logs acknowledged by us, {stored} stored")
        if stored < acknowledged:
            raise SystemExit("a log that was acknowledged is not stored")


def _others(stage: Stage, stack: ExitStack) -> tuple[Make, Make | None]:
    """On a PostgreSQL of their own, of the same settings as ours."""
    dsn, beside = stack.enter_context(postgres_server(stage.folder / "others"))
    pid = stack.enter_context(group_commit(port=COMMITTER_PORT, dsn=dsn))
    bare = partial(Way, name=BARE, pids=lambda: [pid], beside=beside)
    rebuilt = stack.enter_context(
        former_design(stage.folder, port=FORMER_PORT, dsn=dsn)
    )
    if rebuilt is None:
        return bare, None
    return bare, partial(Way, name=FORMER, pids=lambda: [rebuilt], beside=beside)


def _batch(port: int, fields: Fields) -> Sent:
    fields = {**fields, "Content-Type": "application/x-ndjson"}
    return _posted(port, "/v1/logs/batch", lines(logs(ROWS)), fields, ROWS)


def _posted(port: int, path: str, body: bytes, fields: Fields, count: int) -> Sent:
    """*body* holds *count* logs; one after the other, until the round is over."""
    times, lasted, began = 0, 0.0, time.perf_counter()
    while lasted < ROUND_S:
        connection = HTTPConnection("127.0.0.1", port, timeout=LONGEST_WAIT_S)
        connection.request("POST", path, body, fields)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        if answer.status != 201:
            raise SystemExit(f"{path} was answered {answer.status}: {said[:500]!r}")
        times += 1
        lasted = time.perf_counter() - began
    return times * count, times * count / lasted


def _singles(stage: Stage, port: int, fields: Fields, service: str = "other") -> Sent:
    host = f"{service}.localhost"
    pushes = [_push(body, fields) for body in map(compact, logs(SINGLES))]
    script = write_script(pushes, stage.folder, host=f"{host}:{port}", first=0)
    contender = Contender(
        name=f"{service} on {port}",
        host=host,
        port=port,
        pids=list,
        sending=lambda: Sending(script=script, errors_of=lambda requests: 0),
    )
    answered = load(contender, seconds=ROUND_S, connections=CLIENTS)
    return answered.requests, answered.per_second


def _push(body: bytes, fields: Fields) -> Exchange:
    named = tuple({**fields, "Content-Type": "application/json"}.items())
    return Exchange(
        method="POST",
        target="/v1/logs",
        fields=named,
        body=body,
        answer=Answer(kind=Kind.ORDERED),
    )


def _print(what: str, ways: list[Way]) -> None:
    print(f"\n| {what} | logs / s | CPU µs / log | PostgreSQL µs |")
    print("|---|---|---|---|")
    for way in ways:
        rate, cpu = median(way.per_second), median(way.cpu_us)
        print(f"| {way.name} | {rate:.0f} | {cpu:.1f} | {median(way.beside_us):.1f} |")
