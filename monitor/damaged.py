"""Where a file of ours goes that cannot be used, so that another can be made."""

import os
from pathlib import Path
from typing import Final

SUFFIX: Final = ".damaged"


def put_aside(path: Path) -> Path:
    """Rename what is there, whatever it is; its new name, which nothing had.

    Raises OSError, FileNotFoundError where nothing is there.
    """
    number = 1
    while True:
        name = path.with_name(f"{path.name}{SUFFIX}{'' if number == 1 else number}")
        if not os.path.lexists(name):
            return path.rename(name)
        number += 1


def make_way(path: Path) -> Path | None:
    """Put aside what is no file, where one of ours belongs: a directory, a FIFO, a
    link that leads nowhere. Its new name, where there was such a thing."""
    if path.is_file() or not os.path.lexists(path):
        return None
    return put_aside(path)
