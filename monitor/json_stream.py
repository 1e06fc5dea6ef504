"""How a long list of JSON values is taken apart while it is still coming."""

import re
from typing import Protocol

OUTSIDE = re.compile(rb'["\[\]{},]')
INSIDE = re.compile(rb'["\\]')
SPACE = b" \t\r\n"


class Splitter(Protocol):
    """Each feed gives the values that are whole now, as bytes yet to be parsed.

    Raises ValueError where the list is none, or a value is longer than its limit.
    """

    def feed(self, piece: bytes) -> list[bytes]: ...

    def close(self) -> list[bytes]: ...


class LineSplitter:
    """NDJSON: a value a line; empty lines are none."""

    def __init__(self, *, longest: int) -> None:
        self._longest = longest
        self._rest = b""

    def feed(self, piece: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self._check(self._rest)
        return [self._check(line) for line in lines if line.strip(SPACE)]

    def close(self) -> list[bytes]:
        return [self._rest] if self._rest.strip(SPACE) else []

    def _check(self, line: bytes) -> bytes:
        if len(line) > self._longest:
            raise ValueError(f"a line is over {self._longest} bytes")
        return line


class ArraySplitter:
    """A JSON array. Brackets within an element are left to the parser of it.

    *is_alone*: nothing may follow it. *skips*: an element that is too long comes as an
    empty one.
    """

    def __init__(
        self, *, longest: int, is_alone: bool = True, skips: bool = False
    ) -> None:
        self._longest = longest
        self._is_alone = is_alone
        self._skips = skips
        self._is_too_long = False
        self._held = bytearray()
        self._depth = 0
        self._in_string = False
        self._is_escaped = False
        self._is_over = False
        self._is_first = True

    def feed(self, piece: bytes) -> list[bytes]:
        found: list[bytes] = []
        begin = self._begin(piece)
        position = begin
        while position < len(piece) and not self._is_over:
            if self._in_string:
                position = self._through_string(piece, position)
                continue
            match = OUTSIDE.search(piece, position)
            if match is None:
                break
            position = match.end()
            if self._is_end(match[0]):
                self._hold(piece[begin : position - 1])
                found += self._element(is_last=self._is_over)
                begin = position
        if self._is_over:
            if self._is_alone and piece[begin:].strip(SPACE):
                raise ValueError("something follows the array")
        else:
            self._hold(piece[begin:])
        return found

    @property
    def is_over(self) -> bool:
        return self._is_over

    def close(self) -> list[bytes]:
        if not self._is_over:
            raise ValueError("the array is not whole")
        return []

    def _begin(self, piece: bytes) -> int:
        """Where elements begin; the opening bracket is passed over."""
        if self._depth or self._is_over:
            return 0
        start = len(piece) - len(piece.lstrip(SPACE))
        if start == len(piece):
            return start
        if piece[start : start + 1] != b"[":
            raise ValueError("it is no array")
        self._depth = 1
        return start + 1

    def _through_string(self, piece: bytes, position: int) -> int:
        if self._is_escaped:
            # The backslash was the last of the piece before.
            self._is_escaped = False
            return position + 1
        match = INSIDE.search(piece, position)
        if match is None:
            return len(piece)
        if match[0] == b"\\":
            self._is_escaped = match.end() == len(piece)
            return match.end() + 1
        self._in_string = False
        return match.end()

    def _is_end(self, token: bytes) -> bool:
        """Whether *token* ends an element of the outermost array."""
        if token == b'"':
            self._in_string = True
        elif token in b"[{":
            self._depth += 1
        elif token in b"]}":
            self._depth -= 1
            self._is_over = self._depth == 0
        return self._is_over or (token == b"," and self._depth == 1)

    def _element(self, *, is_last: bool) -> list[bytes]:
        element = bytes(self._held).strip(SPACE)
        self._held.clear()
        if self._is_too_long:
            self._is_too_long = self._is_first = False
            return [b""]
        is_empty_array = is_last and self._is_first and not element
        self._is_first = False
        return [] if is_empty_array else [element]

    def _hold(self, piece: bytes) -> None:
        if self._is_too_long:
            return
        self._held += piece
        if len(self._held) > self._longest:
            if self._skips:
                self._is_too_long = True
                self._held.clear()
                return
            raise ValueError(f"an element is over {self._longest} bytes")
