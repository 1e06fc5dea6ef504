"""A member of a JSON document, found while the document is still coming."""

import json
import re

from monitor.json.meter import MAX_VALUES
from monitor.json.stream import ArraySplitter

INSIDE = re.compile(rb'["\\]')
TOKEN = re.compile(rb'["\[\]{}:,]')
# Longer names are none of those that are looked for.
MAX_NAME_LENGTH = 256


class MemberSplitter:
    """The array at *path*: a member of a member of the document itself.

    What stands before it may be as long as an element; what follows it is not looked
    at. *skips*: an element that is too much comes as an empty one.
    """

    def __init__(
        self,
        path: tuple[str, ...],
        *,
        longest: int,
        most_values: int = MAX_VALUES,
        skips: bool = False,
    ) -> None:
        self._path = path
        self._most_values = most_values
        self._longest = longest
        self._skips = skips
        self._before = 0
        self._depth = 0
        # How many members of the path stand open around what is read.
        self._within = 0
        self._in_string = False
        self._is_escaped = False
        self._string = bytearray()
        self._name: str | None = None
        self._elements: ArraySplitter | None = None

    def feed(self, piece: bytes) -> list[bytes]:
        if self._elements is None:
            at = self._find(piece)
            if at is None:
                self._before += len(piece)
                if self._before > self._longest:
                    raise ValueError(f"there is no {self._words} in the beginning")
                return []
            piece = piece[at:]
            self._elements = ArraySplitter(
                longest=self._longest,
                most_values=self._most_values,
                is_alone=False,
                skips=self._skips,
            )
        return self._elements.feed(piece) if not self._elements.is_over else []

    def close(self) -> list[bytes]:
        if self._elements is None:
            raise ValueError(f"there is no {self._words}")
        return self._elements.close()

    @property
    def _words(self) -> str:
        return f"array {'.'.join(self._path)}"

    def _find(self, piece: bytes) -> int | None:
        """Where in *piece* the array begins."""
        position = 0
        while position < len(piece):
            if self._in_string:
                position = self._through_string(piece, position)
                continue
            match = TOKEN.search(piece, position)
            if match is None:
                return None
            if self._take(match[0]):
                return match.start()
            position = match.end()
        return None

    def _through_string(self, piece: bytes, position: int) -> int:
        if self._is_escaped:
            self._is_escaped = False
            return self._keep(piece, position, position + 1)
        match = INSIDE.search(piece, position)
        if match is None:
            return self._keep(piece, position, len(piece))
        if match[0] == b"\\":
            self._is_escaped = match.end() == len(piece)
            return self._keep(piece, position, min(match.end() + 1, len(piece)))
        self._keep(piece, position, match.start())
        self._in_string = False
        return match.end()

    def _keep(self, piece: bytes, start: int, end: int) -> int:
        if len(self._string) < MAX_NAME_LENGTH:
            self._string += piece[start : min(end, start + MAX_NAME_LENGTH)]
        return end

    def _take(self, token: bytes) -> bool:
        """Whether the array begins with *token*."""
        match token:
            case b'"':
                self._in_string = True
                self._string.clear()
            case b":":
                is_here = self._depth == self._within + 1
                self._name = self._read_name() if is_here else None
            case b"," | b"}" | b"]":
                self._name = None
                self._close(token)
            case _:
                return self._open(token)
        return False

    def _open(self, token: bytes) -> bool:
        is_next = self._name == self._path[self._within]
        is_last = self._within == len(self._path) - 1
        self._name = None
        if is_next and is_last and token == b"[":
            return True
        self._depth += 1
        if is_next and not is_last and token == b"{":
            self._within += 1
        return False

    def _close(self, token: bytes) -> None:
        if token == b",":
            return
        self._depth -= 1
        self._within = min(self._within, max(self._depth - 1, 0))

    def _read_name(self) -> str | None:
        try:
            return str(json.loads(b'"%b"' % bytes(self._string)))
        except ValueError:
            return None
