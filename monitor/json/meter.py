"""The meter of a JSON text: how much there is, before any of it is made a value."""

import re

OUTSIDE = re.compile(rb'["\[\]{},]')
# Up to the next bracket, or to the beginning of a string that is cut. Not possessive,
# for which Python 3.11 matches more than there is.
WITHIN = re.compile(
    rb'(?:[^"\[\]{}]+|"[^"\\]*(?:\\.[^"\\]*)*")*',
    re.DOTALL,
)
# Of a string, as far as it goes; a backslash that is the last byte is left.
STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
QUOTE, COMMA = b'",'
OPENING, CLOSING = frozenset(b"[{"), frozenset(b"]}")
MAX_VALUES = 10_000
# What the parser takes at most.
MAX_DEPTH = 1_000


class JsonTokens:
    """Brackets, commas and beginnings of strings, wherever their bytes are cut."""

    def __init__(self) -> None:
        self._in_string = False
        self._is_escaped = False

    def end(self, piece: bytes, position: int, *, is_bracket: bool = False) -> int:
        """Where the next one ends, in *piece* from *position* on; 0: there is none.

        *is_bracket*: others are passed over, which takes far less time.
        """
        while position < len(piece):
            if self._in_string:
                position = self._through_string(piece, position)
                continue
            found = (
                WITHIN.match(piece, position)
                if is_bracket
                else OUTSIDE.search(piece, position)
            )
            if found is None or (found.end() == len(piece) and is_bracket):
                return 0
            position = found.end() + is_bracket
            self._in_string = piece[position - 1] == QUOTE
            if not is_bracket or not self._in_string:
                return position
        return 0

    def _through_string(self, piece: bytes, position: int) -> int:
        if self._is_escaped:
            # The backslash was the last of the piece before.
            self._is_escaped = False
            position += 1
        found = STRING.match(piece, position)
        assert found is not None
        end = found.end()
        if end == len(piece):
            return end
        self._in_string = piece[end] != QUOTE
        self._is_escaped = self._in_string
        return end + 1


class Meter:
    """How many values there are, and how deep they are nested; names count too.

    What is no JSON is left to its parser.
    """

    def __init__(self, *, most_values: int) -> None:
        self._most_values = most_values
        self._tokens = JsonTokens()
        self._values = 0
        self._depth = 0

    def feed(self, piece: bytes) -> None:
        """Raises ValueError beyond a bound."""
        end = 0
        while end := self._tokens.end(piece, end):
            self._note(piece[end - 1])

    def _note(self, token: int) -> None:
        if token in CLOSING:
            self._depth -= 1
            return
        if token in OPENING:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise ValueError(f"it is nested deeper than {MAX_DEPTH}")
        self._values += 1
        if self._values > self._most_values:
            raise ValueError("it has more values than JSON_LIMIT_VALUES allows")
