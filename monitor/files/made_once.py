"""A small file that is made once, by whoever comes first, and is the same for all."""

import os
from collections.abc import Callable
from pathlib import Path

from monitor.files.atomic import replace
from monitor.files.damaged import put_aside, turn_in


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
        replace(path, content)
    return content


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
