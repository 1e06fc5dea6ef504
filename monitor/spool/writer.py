"""The writer of the spool: finished exchanges survive process and PostgreSQL."""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from time import monotonic, time_ns
from typing import Final
from uuid import UUID

from monitor.spool.segments import (
    FRAME,
    MAGIC,
    NOBODY,
    frame_head,
    held_bytes,
    reserved_bytes,
)

# Room is freed by whole segments: small ones, beside what the spool may hold. Each is
# some milliseconds for writer, reader and PostgreSQL: not too small.
SEGMENTS: Final = 128
LEAST_SEGMENT_BYTES: Final = 16 * 1024
MAX_SEGMENT_BYTES: Final = 64 * 1024 * 1024
# Shares of SPOOL_LIMIT_BYTES from which on less is kept.
SHED_SUCCESSFUL_FROM: Final = 0.6
SHED_ALL_FROM: Final = 0.8
# How far below it is kept again: one segment more or less must not change it.
SLACK: Final = 0.1
# How old what is known of the other writers and of the recorder may be.
LOOK_AFTER_S: Final = 0.25
LOOK_AGAIN_S: Final = 0.02
TURN_TRIES: Final = 50
TURN_PAUSE_S: Final = 0.001
# Segments that are left free where the turn did not come: others may reserve as well.
OUT_OF_TURN: Final = 8


class SpoolFull(Exception):
    """The spool holds SPOOL_LIMIT_BYTES already."""


class Step(IntEnum):
    """What is kept while the spool fills; each step is left once there is room again.

    FULL: no record fits any more.
    """

    ALL = 0
    SHED_SUCCESSFUL = 1
    SHED_ALL = 2
    FULL = 3


# A member is found faster by a name of its own.
KEEP_ALL: Final = Step.ALL


def step_at(held: int, limit: int) -> Step:
    """The step of a spool that holds *held* of *limit* bytes."""
    if held + segment_bytes_of(limit) > limit:
        return Step.FULL
    if held >= limit * SHED_ALL_FROM:
        return Step.SHED_ALL
    return Step.SHED_SUCCESSFUL if held >= limit * SHED_SUCCESSFUL_FROM else Step.ALL


def step_after(step: Step, held: int, limit: int) -> Step:
    """The step that follows *step*: up at once, down only with room to spare."""
    now = step_at(held, limit)
    if step is Step.FULL:
        step = Step.SHED_ALL
    if now >= step:
        return now
    return min(step, step_at(held + int(limit * SLACK), limit))


# Where a record is going to be: the segment's number, the position behind it.
Place = tuple[int, int]
# A record's size, and its bytes in parts.
Record = tuple[int, list[bytes]]


class Spool:
    """The one writer of its segments; other processes write others beside.

    A segment in use is held by flock, so that a reader, in this process or another,
    can tell a finished one: kill -9 releases it as well. Whoever waits for records
    sets *on_append*; it is called after each.
    """

    def __init__(
        self, directory: Path, *, limit_bytes: int, segment_bytes: int | None = None
    ) -> None:
        self._directory = directory
        self._limit_bytes = limit_bytes
        self._segment_bytes = segment_bytes or segment_bytes_of(limit_bytes)
        self.on_append: Callable[[], None] = _nobody
        # Names in the order of their beginning, across starts.
        self.writer = f"{int(time.time()) & 0xFFFFFFFF:08x}{secrets.token_hex(4)}"
        # Below it, no step but the first comes into question.
        self._keeps_below = limit_bytes * (SHED_SUCCESSFUL_FROM - SLACK)
        self._keeps_below -= segment_bytes_of(limit_bytes)
        self._step = KEEP_ALL
        self._number = 0
        self._file = -1
        self._offset = 0
        self._full_until = 0.0
        self._held_bytes = 0
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._look()

    @property
    def held_bytes(self) -> int:
        """Bytes of all segments, recorded or not, as this writer knows of them."""
        return self._held_bytes

    @property
    def step(self) -> Step:
        """What may be kept of the next record."""
        if monotonic() >= self._looked_at + LOOK_AFTER_S:
            self._look()
        if self._held_bytes < self._keeps_below:
            self._step = KEEP_ALL
            return KEEP_ALL
        step = step_after(self._step, self._held_bytes, self._limit_bytes)
        self._step = min(step, Step.SHED_ALL)
        return self._step

    def has_room(self, needed: int) -> bool:
        """Whether *needed* bytes, frames included, fit into the segment in use."""
        return self._file >= 0 and self._offset + needed <= self._reserved

    def place(self, size: int, records: int = 1) -> Place:
        """Where the next record, or several, of *size* bytes in all, will be.

        Raises SpoolFull at the limit and OSError where the disk refuses.
        """
        needed = records * FRAME.size + size
        if not self.has_room(needed):
            self._begin_segment(needed)
        return self._number, self._offset + needed

    def append(self, payload: bytes, label: UUID = NOBODY) -> None:
        """Write one record; it is in the file when this returns.

        Raises SpoolFull at the limit and OSError where the disk refuses; neither
        leaves a torn frame behind.
        """
        self.place(len(payload))
        self.append_all([(len(payload), [payload])], label)

    def append_all(self, records: Sequence[Record], label: UUID) -> None:
        """Write *records* at once, to where *place* said; all are in the file then.

        Raises OSError where the disk refuses: then none is.
        """
        at_ms = time_ns() // 1_000_000
        pieces: list[bytes] = []
        total = 0
        for size, parts in records:
            pieces.append(frame_head(parts, size, label, at_ms))
            pieces += parts
            total += FRAME.size + size
        self._write(pieces, total)
        self.on_append()

    def released(self) -> None:
        """A reader has removed a segment."""
        self._full_until = 0.0
        self._look()

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _look(self) -> None:
        self._looked_at = monotonic()
        try:
            self._held_bytes = held_bytes(self._directory)
        except OSError:
            # Out of file descriptors, say: what was known before has to do.
            return

    def _begin_segment(self, needed: int) -> None:
        """Reserve room for a whole segment; within it, nobody need be asked."""
        self.close()
        if monotonic() < self._full_until:
            raise SpoolFull
        size = max(self._segment_bytes, len(MAGIC) + needed)
        with _turn(self._directory) as is_ours:
            held = reserved_bytes(self._directory, self._segment_bytes)
            if not is_ours:
                held += OUT_OF_TURN * self._segment_bytes
            if held + size > self._limit_bytes:
                self._full_until = monotonic() + LOOK_AGAIN_S
                raise SpoolFull
            self._open(size)

    def _open(self, size: int) -> None:
        self._number += 1
        path = self._path()
        # Held before it has its name: a reader would take it for one that is over.
        unfinished = path.with_suffix(".new")
        self._file = os.open(
            unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600
        )
        fcntl.flock(self._file, fcntl.LOCK_EX)
        unfinished.rename(path)
        self._offset = 0
        self._reserved = size
        self._write([MAGIC], len(MAGIC))

    def _path(self) -> Path:
        return self._directory / f"{self.writer}-{self._number:08d}.seg"

    def _write(self, pieces: list[bytes], size: int) -> None:
        try:
            written = os.writev(self._file, pieces)
        except OSError:
            self._abandon()
            raise
        if written != size:
            self._abandon()
            raise OSError("the disk took only a part of a record")
        self._offset += written
        self._held_bytes += written

    def _abandon(self) -> None:
        """Cut what a refused write left; the next append begins another segment."""
        os.ftruncate(self._file, self._offset)
        if not self._offset:
            self._path().unlink(missing_ok=True)
        self.close()


def segment_bytes_of(limit_bytes: int) -> int:
    """How long a segment is in a spool of *limit_bytes*."""
    return min(max(limit_bytes // SEGMENTS, LEAST_SEGMENT_BYTES), MAX_SEGMENT_BYTES)


@contextmanager
def _turn(directory: Path) -> Iterator[bool]:
    """One writer at a time reserves; one that stands still is not waited for: then the
    turn is not ours."""
    file = os.open(directory, os.O_RDONLY)
    is_ours = False
    try:
        for _ in range(TURN_TRIES):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_ours = True
                break
            except BlockingIOError:
                time.sleep(TURN_PAUSE_S)
        yield is_ours
    finally:
        os.close(file)


def _nobody() -> None:
    """No one waits for records yet."""
