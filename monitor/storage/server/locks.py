"""Locks and the FIFO by which processes share one PostgreSQL."""

import fcntl
import os
import select
from pathlib import Path

from monitor.files.damaged import make_way

# The watcher needs fd 3 for itself, and a shell may keep others below 10.
LOWEST_LOCK = 10


def open_lock(path: Path) -> int:
    make_way(path)
    opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        return fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, LOWEST_LOCK)
    finally:
        os.close(opened)


def is_locked(lock: int, kind: int) -> bool:
    """Whether *lock* could be had at once."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_read(fifo: int) -> bool:
    """Whether the watcher is still there, at the other end."""
    poll = select.poll()
    poll.register(fifo, 0)
    return not poll.poll(0)
