"""What it costs beside others: `make bench`, or the parts that are named."""

import os
import platform
import sys
from collections.abc import Callable

from bench import bare, fairness, guards, hostile, ingest, large, real, waiting, workers
from bench.processes import SAID, need
from bench.query import measure as query
from bench.stage import APP_PORT, Stage, stage


def _fairness(stage: Stage) -> None:
    fairness.measure(APP_PORT, stage.folder)


PARTS: dict[str, Callable[[Stage], None]] = {
    "real": real.measure,
    "bare": bare.measure,
    "ingest": ingest.measure,
    "large": large.measure,
    "waiting": waiting.measure,
    "fairness": _fairness,
    "guards": guards.measure,
    "workers": workers.measure,
    "hostile": hostile.measure,
}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    if wanted == ["query"]:
        # Of a PostgreSQL of its own, without anything to proxy.
        SAID.write_bytes(b"")
        query.measure()
        return
    if unknown := set(wanted) - PARTS.keys():
        sys.exit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    need("nginx", *(() if wanted == ["hostile"] else ("wrk", "curl")))
    SAID.write_bytes(b"")
    print(
        f"{platform.platform()}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores"
    )
    with stage() as made:
        print(f"ours is {made.build()}")
        for name in wanted:
            PARTS[name](made)


if __name__ == "__main__":
    main()
