"""A PostgreSQL's data directory as it is before anybody used it, made once a run.

What initdb does is half of the CPU of most starts with an embedded PostgreSQL.
"""

import fcntl
import os
import subprocess
from pathlib import Path

from monitor.storage.server.server import Server

# Where a run has it in memory; tests of a run elsewhere have each made its own.
PLACE = "TESTS_CLUSTER"


def seed(directory: Path) -> None:
    """Lay one into the data directory *directory*, where there is none yet."""
    place = os.environ.get(PLACE)
    if place is None or directory.exists():
        return
    made = Path(place) / "made" / "pgdata"
    Path(place).mkdir(exist_ok=True)
    with (Path(place) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(made.parent)
    for folder in (directory, directory / "postgres"):
        folder.mkdir(mode=0o700)
    subprocess.run(["cp", "-a", made, directory / "postgres"], check=True)


def _make(to: Path) -> None:
    making = to.with_name("making")
    server = Server(making)
    server.start()
    server.stop()
    making.rename(to)
