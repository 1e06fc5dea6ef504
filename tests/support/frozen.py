"""A PostgreSQL of the test's own that can be frozen."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def processes_of(data: Path) -> list[int]:
    """All processes of the PostgreSQL on *data*: each has it as its directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if Path(os.readlink(entry / "cwd")) == data:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@contextmanager
def frozen(data: Path) -> Iterator[None]:
    """For the block it keeps its connections, takes new ones, and answers nothing."""
    stopped = processes_of(data)
    assert stopped
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
