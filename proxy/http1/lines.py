"""Lines of heads, as they are read: each is taken apart once, if many heads have it.

Of a client's head most lines were in others before: what it is, what it takes, how it
is connected. Only a line that came a second time is remembered, so that ids of requests
and times push out nothing, nor what somebody makes up.
"""

import re
from typing import Final

from monitor.traffic.line import Line, Lines, meaning

# Longer lines are read anew each time; so many are held, then all are forgotten.
MAX_LINE_BYTES: Final = 1024
MAX_LINES: Final = 4096
# Traces of lines that came once: a byte each, so that all stay in a processor's cache.
TRACES: Final = 16_384
TEXT: Final = re.compile(r"[\t -~\x80-\xff]*")


class Malformed(Exception):
    """These bytes are not HTTP/1.1."""


class KnownLines:
    __slots__ = ("_known", "_traces")

    def __init__(self) -> None:
        self._known: dict[bytes, Line] = {}
        self._traces = bytearray(TRACES)

    def __len__(self) -> int:
        return len(self._known)

    def of(self, content: bytes) -> Lines:
        """Up to the empty line, with which *content* ends. Raises Malformed."""
        if len(content) <= 2:
            return []
        known = self._known
        lines: Lines = []
        for raw in content[:-4].split(b"\r\n"):
            found = known.get(raw)
            lines.append(self._anew(raw) if found is None else found)
        return lines

    def _anew(self, raw: bytes) -> Line:
        made = read(raw)
        if len(raw) > MAX_LINE_BYTES:
            return made
        digest = hash(raw)
        at, trace = digest % TRACES, digest // TRACES % 256
        if self._traces[at] == trace:
            if len(self._known) >= MAX_LINES:
                self._known.clear()
            self._known[raw] = made
            made.repeats = True
        self._traces[at] = trace
        return made


def read(raw: bytes) -> Line:
    """RFC 9112 5. Raises Malformed."""
    name, colon, rest = raw.decode("latin-1").partition(":")
    # What is printable ASCII, as nearly all is, needs no pattern.
    is_text = (rest.isascii() and rest.isprintable()) or TEXT.fullmatch(rest)
    if not colon or not is_text or not meaning(name).is_token:
        raise Malformed("a line of the head is no field")
    return Line(raw, name, rest.strip(" \t"))


# Of all connections.
KNOWN: Final = KnownLines()
