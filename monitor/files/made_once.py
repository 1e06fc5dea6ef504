"""A small file that is made once, by whoever comes first, and is the same for all."""

import os
from collections.abc import Callable
from pathlib import Path

from monitor.files.damaged import clear, put_aside, turn_in


def made_once(
    path: Path,
    make: Callable[[], bytes],
    *,
    is_whole: Callable[[bytes], bool],
    lost: str,
) -> bytes:
    """What it holds; where that is not whole, it is put aside, and is what *make* says.

    Raises OSError.
    """
    content = _content(path)
    if content is not None and is_whole(content):
        return content
    with turn_in(path.parent):
        # What was seen before it was our turn, another one may have made anew.
        content = _content(path)
        if content is not None and is_whole(content):
            return content
        if os.path.lexists(path):
            put_aside(path, lost)
        content = make()
        _write(path, content)
    return content


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes) -> None:
    """Whole from the first moment on: nobody reads a half of it, not after a crash."""
    fresh = path.with_name(f"{path.name}.new")
    clear(fresh)
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())
    fresh.replace(path)
