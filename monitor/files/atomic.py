"""Replacement of a file as a whole: a reader sees the old one or the new one."""

import os
from pathlib import Path
from typing import Final

from monitor.files.damaged import clear

UNFINISHED: Final = ".new"


def replace(path: Path, content: bytes) -> None:
    """Of *path* there is never a half, not after a crash either. Raises OSError.

    For who alone writes it: what lies at the name of the unfinished one goes.
    """
    unfinished = path.with_suffix(UNFINISHED)
    clear(unfinished)
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())
    unfinished.replace(path)
