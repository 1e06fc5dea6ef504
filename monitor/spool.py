"""How finished exchanges survive the process and an absent PostgreSQL."""

import fcntl
import os
import re
import secrets
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# A segment is this line, then frames: length and CRC-32 of a payload, the payload.
MAGIC = b"apimonitor spool 1\n"
FRAME = struct.Struct("<II")
SEGMENT_BYTES = 16 * 1024 * 1024
# No frame is longer than two bodies at their largest setting and two heads.
MAX_PAYLOAD = 192 * 1024 * 1024
NAME = re.compile(r"[0-9a-f]{16}-[0-9]{8}\.seg\Z")


class SpoolFull(Exception):
    """The spool holds SPOOL_LIMIT_BYTES already."""


class Spool:
    """The one writer of its segments.

    A segment in use is held by flock, so that a reader, in this process or another,
    can tell a finished one: kill -9 releases it as well. Whoever waits for records
    sets *on_append*; it is called after each.
    """

    def __init__(
        self,
        directory: Path,
        *,
        limit_bytes: int,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._directory = directory
        self._limit_bytes = limit_bytes
        self._segment_bytes = segment_bytes
        self.on_append: Callable[[], None] = _nobody
        self._writer = secrets.token_hex(8)
        self._number = 0
        self._file = -1
        self._offset = 0
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held_bytes = sum(segment.size() for segment in segments(directory))

    @property
    def held_bytes(self) -> int:
        """Bytes of all segments, recorded or not, until they are released."""
        return self._held_bytes

    def append(self, payload: bytes) -> None:
        """Write one record; it is in the file when this returns.

        Raises SpoolFull at the limit and OSError where the disk refuses; neither
        leaves a torn frame behind.
        """
        frame = FRAME.pack(len(payload), zlib.crc32(payload)) + payload
        if self._held_bytes + len(frame) > self._limit_bytes:
            raise SpoolFull
        if self._file < 0 or self._offset >= self._segment_bytes:
            self._begin_segment()
        self._write(frame)
        self.on_append()

    def released(self, size: int) -> None:
        """A reader has removed a segment of *size* bytes."""
        self._held_bytes -= size

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _begin_segment(self) -> None:
        self.close()
        self._number += 1
        path = self._directory / f"{self._writer}-{self._number:08d}.seg"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        self._file, self._offset = file, 0
        self._write(MAGIC)

    def _write(self, content: bytes) -> None:
        try:
            written = os.write(self._file, content)
        except OSError:
            self._abandon()
            raise
        if written != len(content):
            self._abandon()
            raise OSError("the disk took only a part of a record")
        self._offset += written
        self._held_bytes += written

    def _abandon(self) -> None:
        """Cut what a refused write left; the next append begins another segment."""
        os.ftruncate(self._file, self._offset)
        self.close()


def _nobody() -> None:
    """No one waits for records yet."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the spool, to be read."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def is_finished(self) -> bool:
        """Whether its writer has left it; what is read after that is all there is."""
        with self.path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def read(self, position: int, *, limit_bytes: int) -> list[tuple[bytes, int]]:
        """Whole records from *position* on, each with the position behind it.

        Stops before *limit_bytes* is passed, but gives one record at least, where there
        is one. A torn or damaged frame ends the segment: nothing behind it is read.
        """
        with self.path.open("rb") as file:
            if position < len(MAGIC):
                if file.read(len(MAGIC)) != MAGIC:
                    return []
                position = len(MAGIC)
            file.seek(position)
            return list(_records(file.read, position, limit_bytes))


def _records(
    read: Callable[[int], bytes], position: int, limit_bytes: int
) -> Iterator[tuple[bytes, int]]:
    taken = 0
    while taken < limit_bytes:
        head = read(FRAME.size)
        if len(head) < FRAME.size:
            return
        length, checksum = FRAME.unpack(head)
        if length > MAX_PAYLOAD:
            return
        payload = read(length)
        if len(payload) < length or zlib.crc32(payload) != checksum:
            return
        taken += FRAME.size + length
        yield payload, position + taken


def segments(directory: Path) -> list[Segment]:
    """All segments, oldest first (by time of creation, then by name)."""
    found = []
    for entry in os.scandir(directory):
        if NAME.fullmatch(entry.name):
            found.append((entry.stat().st_mtime_ns, entry.name))
    return [Segment(directory / name) for _, name in sorted(found)]
