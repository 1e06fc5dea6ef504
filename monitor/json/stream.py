"""A long list of JSON values, taken apart while it is still coming."""

from typing import Final, Protocol

from monitor.json.elements import elements
from monitor.json.meter import (
    CLOSING,
    COMMA,
    MAX_DEPTH,
    MAX_VALUES,
    OPENING,
    JsonTokens,
    Meter,
)

SPACE = b" \t\r\n"
# Of what an element begins with, its brace and first name.
OPENING_BYTES: Final = 64


class Splitter(Protocol):
    """Each feed gives the values that are whole now, as bytes yet to be parsed.

    Raises ValueError where the list is none, or a value is longer than its limit.
    """

    def feed(self, piece: bytes) -> list[bytes]: ...

    def close(self) -> list[bytes]: ...


class LineSplitter:
    """NDJSON: a value a line; empty lines are none."""

    def __init__(self, *, longest: int, most_values: int = MAX_VALUES) -> None:
        self._longest = longest
        self._most_values = most_values
        # Neither too long, nor can it have too many values.
        self._short = min(longest, most_values)
        self._rest = bytearray()
        self._meter = Meter(most_values=most_values)
        # How much of the rest it has seen.
        self._metered = 0

    def feed(self, piece: bytes) -> list[bytes]:
        found = []
        *lines, rest = piece.split(b"\n")
        for line in lines:
            if self._rest or len(line) > self._short:
                line = self._whole(line)
            # A flood of empty lines is to cost little.
            if line and line.strip(SPACE):
                found.append(line)
        self._extended(rest)
        return found

    def close(self) -> list[bytes]:
        return [bytes(self._rest)] if self._rest.strip(SPACE) else []

    def _whole(self, end: bytes) -> bytes:
        line = bytes(self._extended(end))
        self._rest, self._metered = bytearray(), 0
        self._meter = Meter(most_values=self._most_values)
        return line

    def _extended(self, piece: bytes) -> bytearray:
        """The line until now."""
        self._rest += piece
        if len(self._rest) > self._longest:
            raise ValueError(f"a line is over {self._longest} bytes")
        # A short one cannot have too many values.
        if self._metered or len(self._rest) > self._most_values:
            self._meter.feed(bytes(self._rest[self._metered :]))
            self._metered = len(self._rest)
        return self._rest


class ArraySplitter:
    """A JSON array. Brackets within an element are left to the parser of it.

    *is_alone*: nothing may follow it. *skips*: an element that is too long, or has too
    many values, comes as an empty one.
    """

    def __init__(
        self,
        *,
        longest: int,
        most_values: int = MAX_VALUES,
        is_alone: bool = True,
        skips: bool = False,
    ) -> None:
        self._longest = longest
        self._most_values = most_values
        self._is_alone = is_alone
        self._skips = skips
        self._is_too_long = False
        self._held = bytearray()
        self._tokens = JsonTokens()
        # How many brackets are open, the array's own included.
        self._depth = 0
        self._meter = Meter(most_values=most_values)
        # How much of what is held it has seen.
        self._metered = 0
        self._is_over = False
        self._is_first = True
        # Neither too long, nor can it have too many values.
        self._short = min(longest, most_values)
        # What the first element began with, as the others may; and what came behind
        # the last one that was whole, from an element's beginning on.
        self._opening = b""
        self._unread = b""
        # Whether what comes next stands within an element.
        self._is_amid = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Many at once, where they begin alike; else from bracket to bracket."""
        found: list[bytes] = []
        if self._unread:
            piece, self._unread = self._unread + piece, b""
        at = self._begin(piece)
        if self._is_amid:
            at = self._to_end(piece, at, found)
        at = self._several(piece, at, found)
        while at < len(piece) and not (self._is_over or self._unread):
            at = self._to_end(piece, at, found)
        if self._is_over and self._is_alone and piece[at:].strip(SPACE):
            raise ValueError("something follows the array")
        return found

    def _to_end(self, piece: bytes, start: int, found: list[bytes]) -> int:
        """Of an element, or of *piece*: where that is."""
        end = start
        # Within an element only its end counts.
        while end := self._tokens.end(piece, end, is_bracket=self._depth > 1):
            if self._is_end(piece[end - 1]):
                self._hold(piece[start : end - 1])
                found += self._element(is_last=self._is_over)
                self._is_amid = False
                return end
        self._hold(piece[start:])
        self._is_amid = True
        return len(piece)

    def _several(self, piece: bytes, start: int, found: list[bytes]) -> int:
        """Add those of *piece* from *start* on, where an element begins; what is
        behind them is left for the next piece. Where they end."""
        if not self._opening or self._is_amid or self._is_over:
            return start
        several, end = elements(piece, start, self._opening)
        if not several or max([len(each) for each in several]) > self._short:
            return start
        found += several
        self._unread = piece[end:]
        return end

    @property
    def is_over(self) -> bool:
        return self._is_over

    def close(self) -> list[bytes]:
        self._opening = b""
        found = self.feed(b"")
        if not self._is_over:
            raise ValueError("the array is not whole")
        return found

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

    def _is_end(self, token: int) -> bool:
        """Whether *token* ends an element of the outermost array."""
        if token in CLOSING:
            self._depth -= 1
        elif token in OPENING:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                self._give_up(f"of an element: it is nested deeper than {MAX_DEPTH}")
        self._is_over = self._depth == 0
        return self._is_over or (token == COMMA and self._depth == 1)

    def _element(self, *, is_last: bool) -> list[bytes]:
        element = bytes(self._held).strip(SPACE)
        self._clear()
        if self._is_too_long:
            self._is_too_long = self._is_first = False
            return [b""]
        is_empty_array = is_last and self._is_first and not element
        if self._is_first and element.startswith(b"{"):
            self._opening = element[: element.find(b":", 0, OPENING_BYTES) + 1]
        self._is_first = False
        return [] if is_empty_array else [element]

    def _hold(self, piece: bytes) -> None:
        if self._is_too_long:
            return
        self._held += piece
        # A short one cannot have too many values.
        if self._metered or len(self._held) > self._most_values:
            try:
                self._meter.feed(bytes(self._held[self._metered :]))
            except ValueError as error:
                self._give_up(f"of an element: {error}")
                return
            self._metered = len(self._held)
        if len(self._held) > self._longest:
            self._give_up(f"an element is over {self._longest} bytes")

    def _clear(self) -> None:
        self._held.clear()
        if self._metered:
            self._meter, self._metered = Meter(most_values=self._most_values), 0

    def _give_up(self, problem: str) -> None:
        if not self._skips:
            raise ValueError(problem)
        self._is_too_long = True
        self._clear()
