"""The command: many rounds of kill -9, and their figures. `python -m tests.faults`."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.faults.kills import killed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1, help="PROXY_WORKERS")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(
            killed(
                Path(directory),
                rounds=arguments.rounds,
                PROXY_WORKERS=str(arguments.workers),
            )
        )
    print(figures)
    if figures.missing or figures.twice or figures.changed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
