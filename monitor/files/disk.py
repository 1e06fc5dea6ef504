"""The disk of the data directory: what is taken of it, and what room it has."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SPOOL, POSTGRES, REST = "spool", "postgres", "rest"
PARTS: Final = (SPOOL, POSTGRES, REST)
WAL: Final = "pg_wal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """*parts*: bytes by PARTS; *wal* is in `postgres`. Where it is not *is_whole*,
    there is more that was not seen. *free* and *size* are None where the system says
    nothing."""

    parts: Mapping[str, int]
    wal: int
    is_whole: bool
    free: int | None
    size: int | None

    @property
    def total(self) -> int:
        return sum(self.parts.values())


def measure(directory: Path, *, most_files: int) -> Disk:
    """Waits for the disk: for a thread. Raises nothing that a disk can cause."""
    walk = _Walk(most_files)
    walk.follow(directory)
    free, size = _room(directory)
    return Disk(
        parts=walk.parts, wal=walk.wal, is_whole=walk.is_whole, free=free, size=size
    )


class _Walk:
    """Links are not followed; what is gone when it is looked at takes nothing."""

    def __init__(self, most_files: int) -> None:
        self._left = most_files
        self.parts = dict.fromkeys(PARTS, 0)
        self.wal = 0
        self.is_whole = True

    def follow(self, directory: Path) -> None:
        folders = [(str(directory), "", False)]
        while folders:
            folder, part, is_wal = folders.pop()
            for entry in self._entries(folder):
                if self._left <= 0:
                    self.is_whole = False
                    return
                self._left -= 1
                status = self._status(entry)
                if status is None:
                    continue
                of = part or (entry.name if entry.name in PARTS else REST)
                if stat.S_ISDIR(status.st_mode):
                    below_wal = is_wal or (of == POSTGRES and entry.name == WAL)
                    folders.append((entry.path, of, below_wal))
                else:
                    self._add(of, status.st_size, is_wal)

    def _add(self, part: str, size: int, is_wal: bool) -> None:
        self.parts[part] += size
        self.wal += size if is_wal else 0

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                yield from entries
        except FileNotFoundError:
            return
        except OSError:
            self.is_whole = False

    def _status(self, entry: os.DirEntry[str]) -> os.stat_result | None:
        try:
            return entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError:
            self.is_whole = False
            return None


def _room(directory: Path) -> tuple[int | None, int | None]:
    """What a user without privileges may still write, and all that there is."""
    try:
        room = os.statvfs(directory)
    except OSError:
        return None, None
    return room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize
