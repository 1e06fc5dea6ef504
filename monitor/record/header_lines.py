"""Heads taken apart: the lines that repeat, and what differs beside them.

A head is JSON, of pairs where it passed and of an object where it was pushed. Its form
is that JSON with a hole in place of each value that differs; the form with the values
put back is the head, byte for byte.
"""

from typing import Final

# No JSON has it: what controls is escaped.
HOLE: Final = b"\1"
# How a head begins, what stands between two lines and within one, how it ends.
Written = tuple[bytes, bytes, bytes, bytes]
PAIRS: Final[Written] = (b'[["', b'"],["', b'","', b'"]]')
OBJECT: Final[Written] = (b'{"', b'","', b'":"', b'"}')
# Longer heads are kept whole, as are lines that were not seen twice.
MAX_HEAD: Final = 16 * 1024
MAX_LINE: Final = 1024
# When as many are remembered, all are forgotten.
MAX_LINES: Final = 4096
MAX_FORMS: Final = 4096
TRACES: Final = 1 << 16
# So many values of one field are held for what repeats: of a short one few, as a hole
# costs no more than what fills it.
SHORT: Final = 8
FEW: Final = 8
LONG: Final = 32
MANY: Final = 32
MOST: Final = 128
# Each of a second, or of a body.
DIFFERING: Final = frozenset(
    (b"age", b"content-length", b"date", b"etag", b"expires", b"last-modified")
)


class HeaderLines:
    """Remembers what repeats; a trace of what came once is one byte."""

    __slots__ = ("_counts", "_forms", "_lines", "_traces")

    def __init__(self) -> None:
        self._lines: set[bytes] = set()
        self._counts: dict[bytes, int] = {}
        self._forms: set[bytes] = set()
        self._traces = bytearray(TRACES)

    def split(self, head: bytes) -> tuple[bytes, bytes]:
        """The form of *head*, and the values in its holes; without a form, the head."""
        if head.startswith(b'[["') and head.endswith(b'"]]'):
            written = PAIRS
        elif head.startswith(b'{"') and head.endswith(b'"}'):
            written = OBJECT
        else:
            return b"", head
        begin, between, inside, end = written
        lines = head[len(begin) : -len(end)].split(between)
        if (
            len(head) > MAX_HEAD
            or HOLE in head
            # Of an object, what is a list, or no text.
            or (inside == OBJECT[2] and head.count(inside) != len(lines))
        ):
            return b"", head
        known = self._lines
        texts: list[bytes] = []
        values: list[bytes] = []
        for line in lines:
            if line in known:
                texts.append(line)
                continue
            name, _, value = line.partition(inside)
            self._learn(line, name, value)
            texts.append(name + inside + HOLE)
            values.append(value)
        form = begin + between.join(texts) + end
        if self._repeats(form):
            return form, HOLE.join(values)
        if len(values) == len(lines):
            return b"", head
        return self._bare(lines, written, head)

    def _bare(
        self, lines: list[bytes], written: Written, head: bytes
    ) -> tuple[bytes, bytes]:
        """A form of names alone, or none: what comes once shall not make a form."""
        begin, between, inside, end = written
        pairs = [line.partition(inside) for line in lines]
        form = begin + between.join([p[0] + inside + HOLE for p in pairs]) + end
        if self._repeats(form):
            return form, HOLE.join([pair[2] for pair in pairs])
        return b"", head

    def _repeats(self, form: bytes) -> bool:
        forms = self._forms
        if form in forms:
            return True
        if self._is_new(form):
            return False
        if len(forms) >= MAX_FORMS:
            forms.clear()
        forms.add(form)
        return True

    def _learn(self, line: bytes, name: bytes, value: bytes) -> None:
        """Hold *line* for what repeats, from its second time on."""
        if len(line) > MAX_LINE or self._is_new(line) or name.lower() in DIFFERING:
            return
        size = len(value)
        most = FEW if size < SHORT else MANY if size < LONG else MOST
        count = self._counts.get(name, 0)
        if count >= most:
            return
        if len(self._lines) >= MAX_LINES:
            self._lines.clear()
            self._counts.clear()
            count = 0
        self._lines.add(line)
        self._counts[name] = count + 1

    def _is_new(self, text: bytes) -> bool:
        """Whether there is no trace of it; from now on there is."""
        number = hash(text)
        place, trace = number & (TRACES - 1), (number >> 16) & 0xFF | 1
        if self._traces[place] == trace:
            return False
        self._traces[place] = trace
        return True
