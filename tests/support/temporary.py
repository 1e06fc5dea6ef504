"""Where the files of a run of tests lie: in memory, where there is room for them.

A run makes half a million files, most of them of PostgreSQL, and removes them. A file
system without a journal (ext4 in a virtual machine) looks at all that were removed in
the last minutes each time one is made, which took a fifth of the time of all tests.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
# Short: the path of a socket has a hundred characters.
PREFIX = "apimonitor-"
# A run needs a tenth of it; what a machine has left is not all for us.
ROOM_BYTES = 4 * 1024**3


@contextmanager
def directory_in_memory() -> Iterator[Path | None]:
    """Removed at the end; what a run that was killed left is removed by the next."""
    if not _has_room():
        yield None
        return
    _remove_left()
    made = Path(tempfile.mkdtemp(dir=MEMORY, prefix="making-"))
    # Locked before it has the name by which others look for what was left.
    lock = os.open(made, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    directory = made.rename(MEMORY / f"{PREFIX}{os.getpid()}")
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def _has_room() -> bool:
    try:
        room = os.statvfs(MEMORY)
        memory = Path("/proc/meminfo").read_text()
    except OSError:
        return False
    if not os.access(MEMORY, os.W_OK | os.X_OK):
        return False
    [available] = [
        int(line.split()[1]) * 1024
        for line in memory.splitlines()
        if line.startswith("MemAvailable:")
    ]
    return min(available, room.f_bavail * room.f_frsize) > ROOM_BYTES


def _remove_left() -> None:
    for left in MEMORY.glob(f"{PREFIX}*"):
        try:
            lock = os.open(left, os.O_RDONLY)
        except OSError:
            # Another's, or just removed.
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)
