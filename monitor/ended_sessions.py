"""Which sessions were ended by signing out, before their time."""

import logging
import os
import threading
import time
from pathlib import Path

logger = logging.getLogger(__name__)

# Beyond: those that would run out first end altogether, which revives none.
MOST_ENDED = 10_000


class EndedSessions:
    """Kept in *path*, so that a copied cookie stays refused after a restart.

    One that would have run out by now is forgotten.
    """

    def __init__(self, path: Path | None = None, *, most: int = MOST_ENDED) -> None:
        self._path = path
        self._most = most
        # One is ended in a thread, since it is written to the disk.
        self._lock = threading.Lock()
        self._until: dict[str, int] = {}
        # All sessions that run out by then are ended.
        self._all_until = 0
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
            text = path.read_text("ascii", "replace")
        except FileNotFoundError:
            return
        for line in text.splitlines():
            until, _, nonce = line.partition(" ")
            if not until.isascii() or not until.isdigit() or len(until) > 12:
                logger.warning("a line of the ended sessions cannot be read")
            elif nonce == "*":
                self._all_until = max(self._all_until, int(until))
            else:
                self._until[nonce] = int(until)

    def _write(self, path: Path) -> None:
        lines = [f"{self._all_until} *"]
        lines += [f"{until} {nonce}" for nonce, until in self._until.items()]
        fresh = path.with_name(f"{path.name}.new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as content:
            content.write("\n".join(lines) + "\n")
            content.flush()
            os.fsync(content.fileno())
        fresh.replace(path)
