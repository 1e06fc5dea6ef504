"""Damaged files of ours: where they go, so that others can be made."""

import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

SUFFIX: Final = ".damaged"


@contextmanager
def turn_in(directory: Path) -> Iterator[None]:
    """Nobody else who asks for it puts aside or makes anew what lies there, meanwhile.

    The lock is on the directory itself, which leaves no file behind.
    """
    held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def put_aside(path: Path, lost: str, *, stem: str | None = None) -> Path:
    """Rename what is there, whatever it is, and say what was *lost* with it.

    Its new name, *stem* (its name) and `.damaged`, which nothing had. Who calls it must
    be the only one to make *path* anew, or have its *turn_in* the directory. Raises
    OSError.
    """
    number = 1
    first = f"{stem or path.name}{SUFFIX}"
    while True:
        name = path.with_name(f"{first}{'' if number == 1 else number}")
        if not os.path.lexists(name):
            break
        number += 1
    path.rename(name)
    logger.error(
        "a file is damaged and was put aside",
        extra={"file": path.name, "kept_as": name.name, "lost": lost},
    )
    return name


def make_way(path: Path, lost: str = "nothing") -> bool:
    """Put aside what is no file, where one of ours belongs: a directory, a FIFO, a
    link that leads nowhere. Whether there was such a thing."""
    if not _is_in_the_way(path):
        return False
    with turn_in(path.parent):
        # Another one may have put it aside since, and made a file.
        if not _is_in_the_way(path):
            return False
        put_aside(path, lost)
    return True


def clear(path: Path) -> None:
    """Nothing is at *path* any more: a file that is not finished is of no use.

    For who alone writes it, as with *put_aside*.
    """
    if _is_in_the_way(path):
        put_aside(path, "nothing")
    else:
        path.unlink(missing_ok=True)


def count(*directories: Path) -> int:
    """How many lie there."""
    return sum(
        SUFFIX in entry.name
        for directory in directories
        if directory.is_dir()
        for entry in os.scandir(directory)
    )


def _is_in_the_way(path: Path) -> bool:
    """By one look: what is not there now may be somebody's new file in a moment."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    return not (path.is_file() if stat.S_ISLNK(mode) else stat.S_ISREG(mode))
