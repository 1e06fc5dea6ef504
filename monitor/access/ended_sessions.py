"""Sessions that were ended by signing out, before their time."""

import os
import secrets
import threading
import time
from pathlib import Path
from zlib import crc32

import orjson

from monitor.files.atomic import replace
from monitor.files.damaged import put_aside

# Beyond: those that would run out first end altogether, which revives none.
MAX_ENDED = 10_000


class EndedSessions:
    """Kept in *path*, so that a copied cookie stays refused after a restart.

    One that would have run out by now is forgotten. Part of what signs a session is the
    *epoch*: another one, where the file was damaged, ends them all.
    """

    def __init__(self, path: Path | None = None, *, most: int = MAX_ENDED) -> None:
        self._path = path
        self._most = most
        # One is ended in a thread, since it is written to the disk.
        self._lock = threading.Lock()
        self._until: dict[str, int] = {}
        # All sessions that run out by then are ended.
        self._all_until = 0
        self.epoch = ""
        if path is not None:
            self._read(path)

    def holds(self, nonce: str, until: int) -> bool:
        return until <= self._all_until or nonce in self._until

    def add(self, nonce: str, until: int) -> None:
        """It is ended at once, and on the disk before this returns."""
        with self._lock:
            kept = {n: u for n, u in self._until.items() if u > time.time()}
            kept[nonce] = until
            if len(kept) > self._most:
                ordered = sorted(kept.items(), key=lambda item: item[1])
                excess = len(kept) - self._most
                self._all_until = max(self._all_until, ordered[excess - 1][1])
                kept = {n: u for n, u in ordered if u > self._all_until}
            self._until = kept
            if self._path is not None:
                self._write(self._path)

    def _read(self, path: Path) -> None:
        try:
            content = path.read_bytes() if path.is_file() else None
        except FileNotFoundError:
            content = None
        found = None if content is None else _parsed(content)
        if found is not None:
            self.epoch, self._all_until, self._until = found
        elif os.path.lexists(path):
            put_aside(path, "which sessions were signed out: all end")
            self.epoch = secrets.token_hex(16)
            self._write(path)

    def _write(self, path: Path) -> None:
        replace(path, _written(self.epoch, self._all_until, self._until))


def _written(epoch: str, all_until: int, until: dict[str, int]) -> bytes:
    kept = orjson.dumps({"epoch": epoch, "all_until": all_until, "until": until})
    return b"%08x %b\n" % (crc32(kept), kept)


def _parsed(content: bytes) -> tuple[str, int, dict[str, int]] | None:
    """None for what is damaged: a sum that is right is ours."""
    crc, _, kept = content.removesuffix(b"\n").partition(b" ")
    if crc != b"%08x" % crc32(kept):
        return None
    try:
        found = orjson.loads(kept)
        return found["epoch"], found["all_until"], found["until"]
    except (ValueError, LookupError, TypeError):
        return None
