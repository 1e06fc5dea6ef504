"""Where the CPU of a real exchange goes, by part: `python -m bench.profile`, by perf.

The compiled build's symbols name the parts. Stacks are unwound by DWARF, so that what
the interpreter, libc and the kernel do counts for who called them.
"""

import re
import signal
import subprocess
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from bench.contenders import CONNECTIONS
from bench.cores import apart
from bench.corpus.corpus import corpus
from bench.corpus.script import write_script
from bench.corpus.upstream import answering
from bench.processes import (
    SAID,
    appliance_of,
    cpu_seconds,
    need,
    postgres_of,
    running,
)
from bench.stage import PROXY_PORT, SHOP_PORT, Stage, register, stage

WARM_S, MEASURED_S = 3, 12
SAMPLES_A_SECOND = 397
# Of each stack the first that has one of these frames, as a pattern.
PARTS = {
    "masking bodies: undoing gzip": "(?s)body____undo.*masked_body",
    "masking bodies: the rest": "masked_body",
    "masking heads and URLs": "Redaction___",
    "undoing gzip for the search": "pack_bodies___searched",
    "recording: packing the row": "packing___",
    "recording: the spool": "Spool___append",
    "recording: the rest": "Recording___",
    "recorder: reading, rows, asyncpg": "segments___|Gathered|codec___|asyncpg|tall",
    "the exchange's copy and its fields": "Capture|capture___",
    "sending, to both sides": "Outbox___flush",
    "the request's head": "RequestHeads|RequestFields",
    "the request: routing, to the upstream": "ClientConnection___",
    "the answer's head": "AnswerHeads",
    "the answer: its way back": "UpstreamConnection___",
    "reading sockets": "uv__read",
}
REST = "the loop and the rest"


def main() -> None:
    need("nginx", "wrk", "perf")
    SAID.write_bytes(b"")
    with stage() as made:
        if made.build() != "compiled":
            raise SystemExit("only the compiled build has symbols: make compiled")
        stacks, cpu_us, beside_us = _recorded(made)
    counts = Counter(part_of(stack) for stack in stacks)
    print(f"{cpu_us:.0f} µs an exchange, {beside_us:.0f} of PostgreSQL beside;")
    print(f"{len(stacks)} stacks\n\n| part | % | µs |\n|---|---|---|")
    for part in (*PARTS, REST):
        share = counts[part] / len(stacks)
        print(f"| {part} | {share:.1%} | {share * cpu_us:.1f} |")


def part_of(stack: str) -> str:
    """Of the frames of one stack, innermost first."""
    for part, pattern in PARTS.items():
        if re.search(pattern, stack):
            return part
    return REST


def _recorded(made: Stage) -> tuple[list[str], float, float]:
    """Stacks until all is stored; CPU µs of us and of PostgreSQL an exchange."""
    data = made.folder / "perf.data"
    with ExitStack() as stack:
        upstream = stack.enter_context(answering(corpus(), made.folder, port=SHOP_PORT))
        register(made.app, "shop", SHOP_PORT)
        stack.enter_context(apart([made.ours], [upstream, *postgres_of(made.ours)]))
        _load(made, WARM_S)
        made.wait_until_stored()
        before = cpu_seconds(appliance_of(made.ours))
        before_beside = cpu_seconds(postgres_of(made.ours))
        with running(_record(made.ours, data)) as perf:
            count = _load(made, MEASURED_S)
            made.wait_until_stored()
            perf.send_signal(signal.SIGINT)
            perf.wait()
        cpu = cpu_seconds(appliance_of(made.ours)) - before
        beside = cpu_seconds(postgres_of(made.ours)) - before_beside
    script = ["perf", "script", "-i", str(data), "-F", "ip,sym,dso", "--no-inline"]
    printed = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    stacks = [each for each in printed.split("\n\n") if each.strip()]
    return stacks, cpu / count * 1e6, beside / count * 1e6


def _record(pid: int, data: Path) -> list[str]:
    command = ["perf", "record", "-o", str(data), "-F", str(SAMPLES_A_SECOND)]
    return [*command, "--call-graph", "dwarf,24576", "-p", str(pid)]


def _load(made: Stage, seconds: int) -> int:
    host = f"shop.localhost:{PROXY_PORT}"
    script = write_script(corpus(), made.folder, host=host, first=seconds * 1_000_000)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    printed = subprocess.run(
        [*command, f"http://127.0.0.1:{PROXY_PORT}/"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"(\d+) requests in", printed)
    assert found is not None
    return int(found[1])


if __name__ == "__main__":
    main()
