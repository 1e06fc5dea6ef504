"""Dead letters: records that PostgreSQL refuses for what is in them."""

import fcntl
import hashlib
import os
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import orjson

from monitor.errors import Conflict
from monitor.files.atomic import replace
from monitor.files.damaged import make_way, put_aside
from monitor.spool.segments import MAGIC, Segment, packed

ALL = 1 << 62
LETTERS = "dead letters: the ledger will not close until it is written off"


class LettersFull(Exception):
    """The file holds DEAD_LETTERS_LIMIT_BYTES already."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that was refused, under its log's id."""

    id: UUID
    service_id: UUID
    at: datetime
    reason: str
    record: bytes


class DeadLetters:
    """One file; each letter is on the disk when *append* returns.

    Several processes may use it: each change holds a lock for a moment.
    """

    def __init__(self, path: Path, *, limit_bytes: int = ALL) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        # What the file was when it was last read, and what it held.
        self._known: tuple[tuple[int, int], list[Letter]] = (0, 0), []

    def append(
        self, id: UUID | None, service_id: UUID, reason: str, record: bytes
    ) -> None:
        """Keep *record*, with the reason it was refused for; a repeat is ignored.

        Raises LettersFull at the limit and OSError where the disk refuses. A record
        that is no exchange has no id: one made of its content stands for it.
        """
        key = id or UUID(bytes=hashlib.sha256(record).digest()[:16])
        head = orjson.dumps({"id": key, "reason": reason})
        payload = len(head).to_bytes(4, "little") + head + record
        frame = packed(payload, service_id, time.time_ns() // 1_000_000)
        with self._turn():
            letters = self.all()
            if any(letter.id == key for letter in letters):
                return
            size = self.size()
            if size + len(frame) > self._limit_bytes:
                raise LettersFull
            self._write(frame if size else MAGIC + frame, end=size)

    def remove(self, ids: Collection[UUID]) -> None:
        """Forget those letters."""
        with self._turn():
            left = [letter for letter in self.all() if letter.id not in ids]
            if not left:
                self._path.unlink(missing_ok=True)
                return
            self._rewrite(left)

    def mend(self) -> None:
        """Before the first use: what is no letter is put aside, the others stay.

        Raises OSError where it cannot be read.
        """
        for beside in (self._lock, self._retry):
            make_way(beside)
        with self._turn():
            if make_way(self._path, LETTERS) or not self.size():
                return
            left = self.all()
            if sum(len(_frame(letter)) for letter in left) + len(MAGIC) == self.size():
                return
            put_aside(self._path, LETTERS)
            if left:
                self._rewrite(left)

    def _rewrite(self, letters: list[Letter]) -> None:
        replace(self._path, MAGIC + b"".join(map(_frame, letters)))

    @property
    def _lock(self) -> Path:
        return self._path.with_suffix(".lock")

    @property
    def _retry(self) -> Path:
        return self._path.with_suffix(".retry")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one that tries letters again. Raises Conflict."""
        file = os.open(self._retry, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Conflict("dead letters are being tried by someone else") from None
        finally:
            os.close(file)

    def all(self) -> list[Letter]:
        """In the order they came; read anew only where the file has changed."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return []
        state = status.st_ino, status.st_size
        if self._known[0] != state:
            frames = Segment(self._path).read(0, limit_bytes=ALL, over_damage=True)
            letters = [_letter(f.label, f.at_ms, f.payload) for f in frames]
            self._known = state, [letter for letter in letters if letter is not None]
        return self._known[1]

    def counts(self) -> Counter[UUID]:
        """How many there are, by service."""
        return Counter(letter.service_id for letter in self.all())

    def size(self) -> int:
        return Segment(self._path).size()

    def _write(self, content: bytes, *, end: int) -> None:
        """At *end*, all of it or nothing."""
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.lseek(file, end, os.SEEK_SET)
            try:
                written = os.write(file, content)
                if written != len(content):
                    raise OSError("the disk took only a part of a dead letter")
                os.fsync(file)
            except OSError:
                os.ftruncate(file, end)
                raise
        finally:
            os.close(file)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _letter(service_id: UUID, at_ms: int, payload: bytes) -> Letter | None:
    """None where it is none: of another version, say."""
    end = 4 + int.from_bytes(payload[:4], "little")
    try:
        head = orjson.loads(payload[4:end])
        id, reason = UUID(head["id"]), str(head["reason"])
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
    except (ArithmeticError, AttributeError, KeyError, OSError, TypeError, ValueError):
        return None
    return Letter(id, service_id, at, reason, payload[end:])


def _frame(letter: Letter) -> bytes:
    head = orjson.dumps({"id": letter.id, "reason": letter.reason})
    payload = len(head).to_bytes(4, "little") + head + letter.record
    return packed(payload, letter.service_id, round(letter.at.timestamp() * 1000))
