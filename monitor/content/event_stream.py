"""Events of a stream of bytes (WHATWG HTML 9.2.6), fed in any pieces."""

from collections.abc import Iterator
from dataclasses import dataclass

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What is kept of a line besides its value: the longest name of a field that counts.
NAME_ROOM_BYTES = 16
# An event's name and id, which come from the upstream, are no place for much.
MAX_LABEL_BYTES = 256


@dataclass(frozen=True, slots=True)
class Event:
    """*data* may be cut; *size* is that of all of it. *id* where it has its own."""

    name: str | None
    id: str | None
    data: bytes
    size: int


class EventReader:
    """Holds at most twice *limit* bytes: of the line and of the event it is in."""

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        # All that were read, empty ones too.
        self.lines = 0
        self._line = bytearray()
        self._line_size = 0
        self._is_first = True
        self._is_after_cr = False
        self._clear()
        self._is_begun = True

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that *data* completes."""
        if self._is_after_cr and data:
            self._is_after_cr = False
            data = data.removeprefix(b"\n")
        if not data:
            return
        self._is_after_cr = data.endswith(b"\r")
        lines = data.splitlines()
        self.lines += len(lines)
        rest = b"" if data.endswith((b"\r", b"\n")) else lines.pop()
        if lines and self._line_size:
            event = self._end_line(lines.pop(0))
            if event is not None:
                yield event
        for line in lines:
            # A flood of empty lines is to cost little.
            if line or self._is_begun:
                event = self._read(line, len(line))
                if event is not None:
                    yield event
        self._extend(rest)

    def _clear(self) -> None:
        self._is_begun = False
        self._name: str | None = None
        self._id: str | None = None
        self._data = bytearray()
        self._size = 0

    def _extend(self, piece: bytes) -> None:
        room = self.limit + NAME_ROOM_BYTES + MAX_LABEL_BYTES - len(self._line)
        if room > 0:
            self._line += piece[:room]
        self._line_size += len(piece)

    def _end_line(self, piece: bytes) -> Event | None:
        self._extend(piece)
        line, size = bytes(self._line), self._line_size
        self._line.clear()
        self._line_size = 0
        return self._read(line, size)

    def _read(self, line: bytes, size: int) -> Event | None:
        if self._is_first:
            self._is_first = False
            marked = line.startswith(BYTE_ORDER_MARK)
            line, size = (line[3:], size - 3) if marked else (line, size)
        if not size:
            return self._dispatch()
        self._is_begun = True
        self._field(line, size)
        return None

    def _field(self, line: bytes, size: int) -> None:
        """Comments have an empty name, and count as little as unknown fields."""
        name, colon, value = line.partition(b":")
        skipped = len(name) + len(colon)
        if value.startswith(b" "):
            value, skipped = value[1:], skipped + 1
        match name:
            case b"data":
                self._add(value, size - skipped)
            case b"event":
                self._name = _label(value) or None
            case b"id" if b"\0" not in value:
                self._id = _label(value)

    def _add(self, value: bytes, size: int) -> None:
        """Each line of data ends with a line feed; the last one's is taken off."""
        room = self.limit + 1 - len(self._data)
        if room > 0:
            self._data += (value + b"\n")[:room] if len(value) == size else value[:room]
        self._size += size + 1

    def _dispatch(self) -> Event | None:
        """Without any data it is no event."""
        found = None
        if self._size:
            size = self._size - 1
            data = bytes(self._data[: min(size, self.limit)])
            found = Event(self._name, self._id, data, size)
        self._clear()
        return found


def _label(value: bytes) -> str:
    text = value[:MAX_LABEL_BYTES].decode("utf-8", "replace")
    # PostgreSQL's text has no U+0000.
    return text.replace("\0", "\ufffd")
