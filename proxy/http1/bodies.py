"""Bodies: where one ends in the bytes that come, what of it may pass (RFC 9112 6, 7).

Each kind has *feed*: it takes what came, hands the content to *take* and gives back the
framed bytes that may pass on, as they came. *rest* is what came behind the end. What
*has_more* has done its part of a turn, and is to be fed again, be it with nothing.
"""

import re
from collections.abc import Callable
from typing import Final

from monitor.traffic.header_names import NOT_IN_TRAILER, OURS
from proxy.http1.lines import KNOWN, Malformed

Take = Callable[[bytes], None]

EXTENSION: Final = rb"""[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+
    (?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+
                      |"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?"""
# Some write sizes at a fixed width, with as many zeros before them.
CHUNK: Final = re.compile(
    rb"(?=[0-9A-Fa-f])(0*+(?:[1-9A-Fa-f][0-9A-Fa-f]{0,14})?+)(?:"
    + EXTENSION
    + rb")*\r\n",
    re.VERBOSE,
)
CHUNK_LINE_BYTES: Final = 4096
# Events are read as they pass, which costs more than passing.
SLICE_BYTES: Final = 4 * 1024
# Read at once; 250 kB that come together may be 40,000.
MAX_CHUNKS: Final = 1_000
TRAILER_BYTES: Final = 16 * 1024


class Sized:
    """As long as Content-Length says."""

    __slots__ = ("_left", "_take", "has_more", "is_complete", "rest")

    def __init__(self, size: int, take: Take) -> None:
        self._left = size
        self._take = take
        self.has_more = False
        self.is_complete = size == 0
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        if len(data) > self._left:
            self.rest = data[self._left :]
            data = data[: self._left]
        self._left -= len(data)
        self.is_complete = self._left == 0
        if data:
            self._take(data)
        return data


class UntilClose:
    """As long as the connection stands."""

    __slots__ = ("_take", "has_more", "is_complete", "rest")

    def __init__(self, take: Take) -> None:
        self._take = take
        self.has_more = False
        self.is_complete = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        self._take(data)
        return data


class Chunked:
    """In chunks that say their sizes; a line passes only once it is whole and valid."""

    __slots__ = (
        "_found",
        "_held",
        "_is_behind_chunk",
        "_left",
        "_reached",
        "_take",
        "has_more",
        "is_complete",
        "rest",
    )

    def __init__(self, take: Take) -> None:
        self._take = take
        self._left = 0
        self._reached = 0
        self._is_behind_chunk = False
        self._held = b""
        # Content of the chunks that came together: taken together.
        self._found: list[bytes] = []
        self.has_more = False
        self.is_complete = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Raises Malformed."""
        if self._held:
            data = self._held + data
        try:
            return self._read(data)
        finally:
            self._take_found()

    def _read(self, data: bytes) -> bytes:
        position = count = 0
        self.has_more = False
        while (begun := self._content(data, position)) is not None:
            if count == MAX_CHUNKS and begun < len(data):
                self.has_more = True
                position = begun
                break
            count += 1
            found = CHUNK.match(data, begun, begun + CHUNK_LINE_BYTES + 1)
            if found is None:
                _check_unfinished(data, begun)
                position = begun
                break
            position = found.end()
            if position - begun > CHUNK_LINE_BYTES:
                raise Malformed("a chunk's line is too long")
            self._left = int(found[1], 16)
            if not self._left:
                return self._last(data, begun, position)
        else:
            position = self._reached
        self._held = data[position:]
        return data[:position]

    def _take_found(self) -> None:
        found = self._found
        if found:
            self._take(found[0] if len(found) == 1 else b"".join(found))
            found.clear()

    def _content(self, data: bytes, start: int) -> int | None:
        """Find the rest of a chunk; where the next one begins, if that has come."""
        if self._left:
            end = min(start + self._left, len(data))
            if end > start:
                self._found.append(data[start:end])
                self._left -= end - start
            self._is_behind_chunk = not self._left
            start = end
        self._reached = start
        if self._left:
            return None
        if not self._is_behind_chunk:
            return start
        ending = data[start : start + 2]
        if ending == b"\r\n":
            self._is_behind_chunk = False
            return start + 2
        if ending not in (b"", b"\r"):
            raise Malformed("a chunk is longer than it says")
        return None

    def _last(self, data: bytes, start: int, trailer_start: int) -> bytes:
        """The last chunk and the trailer pass together, or wait for each other."""
        if data[trailer_start : trailer_start + 2] == b"\r\n":
            end = trailer_start + 2
            self.is_complete, self.rest = True, data[end:]
            return data[:end]
        found = data.find(b"\r\n\r\n", trailer_start)
        if found < 0:
            if len(data) - trailer_start > TRAILER_BYTES:
                raise Malformed("the trailer is too large")
            self._held = data[start:]
            return data[:start]
        end = found + 4
        self.is_complete, self.rest = True, data[end:]
        return data[:trailer_start] + _passed_trailer(data[trailer_start:end])


class Sliced:
    """Another, of which so much is read at once, as where what passes is read."""

    __slots__ = ("_body", "_unread", "has_more", "is_complete", "rest")

    def __init__(self, body: Sized | Chunked | UntilClose) -> None:
        self._body = body
        self._unread = b""
        self.has_more = False
        self.is_complete = body.is_complete
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Raises Malformed."""
        body, data = self._body, self._unread + data
        self._unread = data[SLICE_BYTES:]
        piece = body.feed(data[:SLICE_BYTES])
        self.is_complete = body.is_complete
        self.has_more = body.has_more or bool(self._unread)
        if body.is_complete:
            self.has_more = False
            self.rest = body.rest + self._unread
        return piece


Body = Sized | Chunked | UntilClose | Sliced


def _check_unfinished(data: bytes, start: int) -> None:
    beginning = data[start : start + CHUNK_LINE_BYTES]
    if b"\n" in beginning or len(beginning) == CHUNK_LINE_BYTES:
        raise Malformed("a chunk's size is none")


def _passed_trailer(content: bytes) -> bytes:
    if len(content) > TRAILER_BYTES:
        raise Malformed("the trailer is too large")
    passed = [
        found.raw
        for found in KNOWN.of(content)
        if found.lower not in NOT_IN_TRAILER and not found.lower.startswith(OURS)
    ]
    return b"\r\n".join([*passed, b"", b""]) if passed else b"\r\n"
