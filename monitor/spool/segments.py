"""Segments of the spool: what they are made of, and how they are read."""

import fcntl
import os
import re
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final
from uuid import UUID

# The CRC-32 of zlib, some ten times as fast.
from isal.isal_zlib import crc32

from monitor.traffic.ids import bytes_of, known_uuid

# A segment is this line, then frames.
MAGIC: Final = b"apimonitor spool 2\n"
# A frame: this mark (where to look for the next one behind damage), the length of the
# payload, CRC-32 of all that follows, milliseconds of Unix time, a label; the payload.
MARK: Final = b"\xa7spl"
FRAME: Final = struct.Struct("<4sII Q16s")
BEHIND_CRC: Final = struct.Struct("<Q16s")
BEFORE_CRC_ENDS: Final = FRAME.size - BEHIND_CRC.size
# No frame is longer than two bodies at their largest setting and two heads.
MAX_PAYLOAD: Final = 192 * 1024 * 1024
NAME: Final = re.compile(r"([0-9a-f]{16})-[0-9]{8}\.seg\Z")
# A segment that was read as far as it could be, and is kept to be looked at.
DAMAGED: Final = ".damaged"
# Larger ones are memory that goes back to the kernel each time.
READ_BYTES: Final = 96 * 1024
NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no frame. *label* is known where one frame's payload is bad."""

    size: int
    label: UUID | None


class Frame:
    """A record; *end* is the position behind it, *damage* what was skipped before."""

    __slots__ = ("at_ms", "damage", "end", "label", "payload")

    def __init__(self, label: UUID, at_ms: int, payload: bytes, end: int) -> None:
        self.label = label
        self.at_ms = at_ms
        self.payload = payload
        self.end = end
        self.damage: Damage | None = None


@dataclass(slots=True)
class Content:
    """How many records a part of a segment holds, by label, and since when."""

    end: int
    labels: Counter[UUID]
    oldest_ms: int | None = None

    def add(self, behind: "Content") -> None:
        """What follows this part of the same segment."""
        self.end = behind.end
        self.labels.update(behind.labels)
        self.oldest_ms = self.oldest_ms or behind.oldest_ms


def packed(payload: bytes, label: UUID, at_ms: int) -> bytes:
    """The frame of *payload*."""
    return frame_head([payload], len(payload), label, at_ms) + payload


def frame_head(parts: Sequence[bytes], size: int, label: UUID, at_ms: int) -> bytes:
    """What stands before a payload of *size* bytes, which are those of *parts*."""
    owner = bytes_of(label)
    checksum = crc32(BEHIND_CRC.pack(at_ms, owner))
    for part in parts:
        checksum = crc32(part, checksum)
    return FRAME.pack(MARK, size, checksum, at_ms, owner)


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the spool, to be read."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def writer(self) -> str:
        return self.path.name[:16]

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def is_finished(self) -> bool:
        """Whether its writer has left it; what is read after that is all there is."""
        return not is_held(self.path)

    def read(
        self, position: int, *, limit_bytes: int, over_damage: bool = False
    ) -> list[Frame]:
        """Whole records from *position* on.

        Stops before *limit_bytes* is passed, but gives one record at least, where there
        is one. Stops at a torn or damaged frame; *over_damage* goes on at the next
        whole one, which then says what was skipped.
        """
        position = max(position, len(MAGIC))
        last = position + limit_bytes
        frames: list[Frame] = []
        with self.path.open("rb", buffering=0) as file:
            while position < last:
                size = min(last - position, READ_BYTES)
                found = _whole_from(file, position, size)
                if not found and over_damage:
                    found = _behind_damage(file, position)
                if not found:
                    break
                frames += found
                position = frames[-1].end
        return frames

    def damage_at(self, position: int) -> Damage | None:
        """What is wrong at *position*, but for the torn frame of a killed writer."""
        with self.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size - position
            file.seek(position)
            content = file.read(FRAME.size)
        head = _head(content)
        is_torn = len(content) < FRAME.size or (head and FRAME.size + head[0] > size)
        if is_torn:
            return None
        is_one = head is not None and FRAME.size + head[0] == size
        return Damage(size, known_uuid(head[3]) if head and is_one else None)

    def content(self, position: int) -> Content:
        """What is behind *position*, from the frames' heads alone."""
        found = Content(max(position, len(MAGIC)), Counter())
        # Payloads are not read: they are most of it.
        with self.path.open("rb", buffering=0) as file:
            number = file.fileno()
            size = os.fstat(number).st_size
            while head := _head(os.pread(number, FRAME.size, found.end)):
                length, _, at_ms, label = head
                end = found.end + FRAME.size + length
                if end > size:
                    break
                found.labels[known_uuid(label)] += 1
                found.oldest_ms = found.oldest_ms or at_ms
                found.end = end
        return found


def is_held(path: Path) -> bool:
    """Whether a living process holds the file by flock."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def segments(directory: Path) -> list[Segment]:
    """All segments: of each writer in order, the writer that began first before."""
    names = sorted(entry.name for entry in os.scandir(directory))
    return [Segment(directory / name) for name in names if NAME.fullmatch(name)]


def held_bytes(directory: Path) -> int:
    """Of all segments, recorded or not, until they are removed; damaged ones too."""
    held = 0
    for entry in os.scandir(directory):
        if NAME.fullmatch(entry.name.removesuffix(DAMAGED)):
            try:
                held += entry.stat().st_size
            except FileNotFoundError:
                continue
    return held


def reserved_bytes(directory: Path, segment_bytes: int) -> int:
    """As *held_bytes*, with each segment in use as long as it may become."""
    last = {segment.writer: segment for segment in segments(directory)}
    unused = 0
    for segment in last.values():
        try:
            if not segment.is_finished():
                unused += max(0, segment_bytes - segment.size())
        except FileNotFoundError:
            continue
    return held_bytes(directory) + unused


def _head(content: bytes) -> tuple[int, int, int, bytes] | None:
    if len(content) < FRAME.size:
        return None
    mark, length, checksum, at_ms, label = FRAME.unpack(content)
    if mark != MARK or length > MAX_PAYLOAD:
        return None
    return length, checksum, at_ms, label


def _whole_from(file: FileIO, position: int, size: int) -> list[Frame]:
    """The whole records in *size* bytes, or one that is longer."""
    content = os.pread(file.fileno(), size, position)
    frames = _frames(content, position)
    if frames:
        return frames
    head = _head(os.pread(file.fileno(), FRAME.size, position))
    if head is None or FRAME.size + head[0] <= size:
        return []
    return _frames(os.pread(file.fileno(), FRAME.size + head[0], position), position)


def _frames(content: bytes, position: int) -> list[Frame]:
    """The whole records at the beginning of *content*, which is at *position*."""
    frames: list[Frame] = []
    view = memoryview(content)
    start = 0
    while start + FRAME.size <= len(content):
        mark, length, checksum, at_ms, label = FRAME.unpack_from(content, start)
        end = start + FRAME.size + length
        if mark != MARK or length > MAX_PAYLOAD or end > len(content):
            break
        if crc32(view[start + BEFORE_CRC_ENDS : end]) != checksum:
            break
        payload = content[start + FRAME.size : end]
        frames.append(Frame(known_uuid(label), at_ms, payload, position + end))
        start = end
    return frames


def _behind_damage(file: FileIO, position: int) -> list[Frame]:
    """The first whole frame behind *position*; a segment is small enough to search."""
    file.seek(position)
    rest = file.readall()
    start = rest.find(MARK, 1)
    while start >= 0:
        found = _whole_from(file, position + start, FRAME.size)
        if found:
            found[0].damage = Damage(start, _damaged_label(rest, start))
            return found[:1]
        start = rest.find(MARK, start + 1)
    return []


def _damaged_label(rest: bytes, start: int) -> UUID | None:
    """Whose record it was, where the damaged bytes are exactly one frame."""
    head = _head(rest[: FRAME.size])
    if head is None or FRAME.size + head[0] != start:
        return None
    return known_uuid(head[3])
