"""Damaged segments: how long they are retained, and how much of them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.files.damaged import make_way
from monitor.spool.segments import DAMAGED, NAME, segments

# Of SPOOL_LIMIT_BYTES, in which they count: what is to be recorded needs the rest.
SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class DamagedBounds:
    """A damaged segment: its records are of *written_at* (of time.time()) or before."""

    path: Path
    written_at: float
    size: int


def kept(directory: Path) -> list[DamagedBounds]:
    """All of them, the newest first."""
    return sorted(_kept(directory), key=lambda one: one.written_at, reverse=True)


def past_keeping(
    directory: Path, *, since: float, spool_limit_bytes: int
) -> list[DamagedBounds]:
    """Those from before *since*, and beyond their share all but the newest."""
    found: list[DamagedBounds] = []
    held = 0
    for number, one in enumerate(kept(directory)):
        held += one.size
        is_beyond = number > 0 and held > spool_limit_bytes * SHARE
        if is_beyond or one.written_at < since:
            found.append(one)
    return found


def only_files(directory: Path) -> None:
    """Put aside what has a segment's name and is no file.

    Raises OSError where a segment cannot be read: what is in it would never be stored.
    """
    for segment in segments(directory):
        if not make_way(segment.path):
            segment.path.open("rb").close()


def _kept(directory: Path) -> Iterator[DamagedBounds]:
    for entry in os.scandir(directory):
        name = entry.name.removesuffix(DAMAGED)
        if name == entry.name or not NAME.fullmatch(name):
            continue
        if not entry.is_file(follow_symlinks=False):
            # Put aside because it was no segment at all.
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield DamagedBounds(Path(entry.path), status.st_mtime, status.st_size)
