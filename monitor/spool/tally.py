"""The tally of one process: counts of its exchanges, in a file that survives it."""

import errno
import fcntl
import logging
import mmap
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

from monitor.spool.segments import NOBODY, Segment
from monitor.spool.writer import Place

logger = logging.getLogger(__name__)

# The file: this line, the promise, then cells of a service, a word and a count. It is
# mapped: a count is one aligned store, which outlives kill -9 in the page cache.
MAGIC: Final = b"apimonitor tally 1\n"
PROMISE_AT: Final = 64
FLAG: Final = PROMISE_AT // 8
PROMISED_AT: Final = PROMISE_AT + 8
PROMISED: Final = struct.Struct("=7Q")
CELLS_AT: Final = 128
CELL_BYTES: Final = 64
WORD_BYTES: Final = 40
COUNT_AT: Final = 56
FIRST_BYTES: Final = 64 * 1024
SUFFIX: Final = ".tally"
WORD: Final = re.compile(rb"[a-z_]+(?::[a-z0-9_.-]+){0,2}")
# More than a process can count: in_flight, which goes down too, is never below 0.
MAX_COUNT: Final = 1 << 60

FINISHED: Final = "finished"
IN_FLIGHT: Final = "in_flight"
DROPPED: Final = "dropped:"
UNROUTED: Final = "unrouted:"
# Of connections to upstreams.
EVENT: Final = "event:"
SHED: Final = "shed:"
SPOOLED_BYTES: Final = "spooled_bytes"
# Where the disk had no room for another cell.
UNNAMED: Final = "unnamed"

Key = tuple[UUID, str]
Counts = dict[Key, int]


class Damaged(Exception):
    """A file that is no tally of ours, or is one no more."""


class Tally:
    """The one writer of its file, which it holds by flock.

    An exchange's end is two things: its record, and that it is counted. A promise of
    what they will be is noted before and withdrawn after, so that *settled* can tell
    what a process did that was killed between them.
    """

    def __init__(self, directory: Path, writer: str) -> None:
        """*writer*: the name of the spool's writer in the same process."""
        path = directory / f"{writer}{SUFFIX}"
        unfinished = path.with_suffix(".new")
        # By a UUID's integer, which is found faster than the UUID.
        self._cells: dict[tuple[int, str], int] = {}
        self._file = -1
        self._size = 0
        self._promised = 0, 0
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._grow(FIRST_BYTES)
            self._map[: len(MAGIC)] = MAGIC
            # Whole before it has its name: another one is damaged.
            unfinished.rename(path)
        except OSError as error:
            self._do_without(error)
        self._unnamed = self._cell(NOBODY, UNNAMED)

    def _do_without(self, error: OSError) -> None:
        """The proxy serves all the same; the ledger will not close."""
        logger.error("what is counted will be lost", extra={"reason": error.strerror})
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
        if self._size:
            self._unmap()
            self._size = 0
        self._grow(FIRST_BYTES)

    def add(self, service_id: UUID, word: str, n: int = 1) -> None:
        at = self._cell(service_id, word)
        self._counts[at] += n

    def promise(
        self, service_id: UUID, place: Place, *, n: int = 1, begin: int = 0
    ) -> None:
        """An exchange is over, and its record is being written to *place*.

        Or *n* are, whose records will stand there from *begin* on.
        """
        at = self._cell(service_id, FINISHED)
        self._promised = at, self._counts[at] + n
        segment, end = place
        self._note(segment, end, at, self._promised[1], 0, 0, begin)

    def kept(self) -> None:
        """The records are there."""
        at, after = self._promised
        self._counts[at] = after
        self._withdraw()

    def dropped(self, service_id: UUID, reason: str) -> None:
        """An exchange is over, and there will be no record of it."""
        at = self._cell(service_id, FINISHED)
        lost_at = self._cell(service_id, f"{DROPPED}{reason}")
        # A new cell may have moved them.
        counts = self._counts
        after, lost_after = counts[at] + 1, counts[lost_at] + 1
        self._note(0, 0, at, after, lost_at, lost_after, 0)
        counts[at] = after
        counts[lost_at] = lost_after
        self._withdraw()

    def close(self) -> None:
        # The map holds the file, and its lock, open too.
        self._unmap()
        if self._file >= 0:
            os.close(self._file)

    def _note(
        self,
        segment: int,
        end: int,
        at: int,
        after: int,
        lost_at: int,
        lost_after: int,
        begin: int,
    ) -> None:
        PROMISED.pack_into(
            self._map, PROMISED_AT, segment, end, at, after, lost_at, lost_after, begin
        )
        # Last: what is noted is whole.
        self._counts[FLAG] = 1

    def _withdraw(self) -> None:
        self._counts[FLAG] = 0

    def _cell(self, service_id: UUID, word: str) -> int:
        """Where their count is, in words of 8 bytes."""
        at = self._cells.get((service_id.int, word))
        return self._new_cell(service_id, word) if at is None else at

    def _new_cell(self, service_id: UUID, word: str) -> int:
        start = CELLS_AT + len(self._cells) * CELL_BYTES
        if start + CELL_BYTES > self._size:
            try:
                self._grow(self._size * 2)
            except OSError:
                return self._unnamed
        self._map[start : start + 16] = service_id.bytes
        self._map[start + 16 : start + COUNT_AT] = _padded(word)
        at = self._cells[service_id.int, word] = (start + COUNT_AT) // 8
        return at

    def _grow(self, size: int) -> None:
        # Zeros, not a hole: a store into one on a full disk would be a SIGBUS.
        added = bytes(size - self._size)
        if self._file < 0:
            is_room = not self._size
        else:
            is_room = os.pwrite(self._file, added, self._size) == len(added)
        if not is_room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._size:
            self._unmap()
        self._map = mmap.mmap(self._file, size)
        self._counts = memoryview(self._map).cast("Q")
        self._size = size

    def _unmap(self) -> None:
        self._counts.release()
        self._map.close()


def _padded(word: str) -> bytes:
    return word.encode()[:WORD_BYTES].ljust(WORD_BYTES, b"\0")


def read(path: Path) -> Counts:
    """The counts of a tally as they are now. Raises Damaged."""
    return dict(_cells(_content(path)))


def settled(path: Path, spool: Path) -> Counts:
    """The counts of a tally whose process is gone.

    Where it was killed between a record and its count, the record decides: the
    exchange was over if all of it is in the segment, in *spool*. Of several that were
    written at once, those were that are whole. Nothing is in flight. Raises Damaged.
    """
    content = bytearray(_content(path))
    words = memoryview(content).cast("Q")
    if words[FLAG]:
        noted = PROMISED.unpack_from(content, PROMISED_AT)
        segment, end, finished, after, lost_at, lost_after, begin = noted
        if max(finished, lost_at) >= len(words):
            raise Damaged
        if lost_at:
            words[finished], words[lost_at] = after, lost_after
        else:
            written = spool / f"{path.stem}-{segment:08d}.seg"
            if _size_of(written) >= end:
                words[finished] = after
            elif begin and words[finished] < after:
                words[finished] += Segment(written).content(begin).labels.total()
    return {key: n for key, n in _cells(bytes(content)) if key[1] != IN_FLIGHT}


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(MAGIC) or len(content) < CELLS_AT or len(content) % 8:
        raise Damaged
    return content


def _cells(content: bytes) -> Iterator[tuple[Key, int]]:
    for start in range(CELLS_AT, len(content) - CELL_BYTES + 1, CELL_BYTES):
        count = int.from_bytes(content[start + COUNT_AT : start + CELL_BYTES], "little")
        if count:
            word = content[start + 16 : start + COUNT_AT].rstrip(b"\0")
            if WORD.fullmatch(word) is None or count > MAX_COUNT:
                raise Damaged
            service_id = UUID(bytes=content[start : start + 16])
            yield (service_id, word.decode()), count


def _size_of(segment: Path) -> int:
    """Endless where it is gone: it was recorded to its end, and then removed."""
    try:
        return segment.stat().st_size
    except FileNotFoundError:
        return 1 << 62
