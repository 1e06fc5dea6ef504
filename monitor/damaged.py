"""Where a file of ours goes that cannot be used, so that another can be made."""

import logging
import os
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

SUFFIX: Final = ".damaged"


def put_aside(path: Path, lost: str, *, stem: str | None = None) -> Path:
    """Rename what is there, whatever it is, and say what was *lost* with it.

    Its new name, *stem* (its name) and `.damaged`, which nothing had. Raises OSError.
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
    if path.is_file() or not os.path.lexists(path):
        return False
    put_aside(path, lost)
    return True


def clear(path: Path) -> None:
    """Nothing is at *path* any more: a file that is not finished is of no use."""
    if not make_way(path):
        path.unlink(missing_ok=True)


def count(*directories: Path) -> int:
    """How many lie there."""
    return sum(
        SUFFIX in entry.name
        for directory in directories
        if directory.is_dir()
        for entry in os.scandir(directory)
    )
