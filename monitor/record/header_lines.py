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
MAX_STEPS: Final = 1 << 14
TRACES: Final = 1 << 16
# A field whose value was a new one so often in a row is taken to differ each time; of
# those that follow, one in so many is looked at.
OFTEN: Final = 64
LOOK_EACH: Final = 16
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
# One that was not met before, its name and its value.
New = tuple[bytes, bytes, bytes]


class Step:
    """A place in a head: which lines may follow, and the form of what ends there."""

    __slots__ = ("begins", "form", "holes", "kept", "often", "size", "times")

    def __init__(self, begins: bytes = b"") -> None:
        # Of a line with a hole, which leads here: what is before it, and its length.
        self.begins = begins
        self.size = len(begins)
        # How often in a row what filled it was new.
        self.times = 0
        self.form = b""
        self.kept: dict[bytes, Step] = {}
        self.holes: dict[bytes, Step] = {}
        # Of the holes, one whose values differ.
        self.often: Step | None = None


class HeaderForms:
    """Forms that came before, found by a head's lines: each is a way from the root."""

    __slots__ = ("_count", "_inside", "_root")

    def __init__(self, inside: bytes) -> None:
        self._inside = inside
        self.forget()

    def forget(self) -> None:
        self._root = Step()
        self._count = 0

    def find(
        self, lines: list[bytes], known: set[bytes], values: list[bytes], new: list[New]
    ) -> bytes:
        """The form of *lines*, or nothing.

        Adds to *values* what fills its holes, and to *new* what may be met again.
        """
        step = self._root
        for line in lines:
            hole = step.often
            # Slices are compared in less time than startswith takes.
            if hole is not None and line[: hole.size] == hole.begins:
                hole.times += 1
                if hole.times % LOOK_EACH:
                    values.append(line[hole.size :])
                    step = hole
                    continue
            following = step.kept.get(line)
            if following is None:
                following = self._filled(step, line, known, values, new)
                if following is None:
                    return b""
            elif hole is not None:
                step.often = None
            step = following
        return step.form

    def _filled(
        self,
        step: Step,
        line: bytes,
        known: set[bytes],
        values: list[bytes],
        new: list[New],
    ) -> Step | None:
        """Where the hole leads that *line* fills."""
        name, inside, value = line.partition(self._inside)
        hole = step.holes.get(name) if inside else None
        if hole is None:
            return None
        if line in known:
            hole.times = 0
            step.often = None
            return None
        hole.times += 1
        if hole.times >= OFTEN:
            step.often = hole
        values.append(value)
        new.append((line, name, value))
        return hole

    def add(self, form: bytes, texts: list[bytes]) -> None:
        """*texts*: the lines of *form*."""
        if self._count + len(texts) > MAX_STEPS:
            self.forget()
        step = self._root
        for text in texts:
            is_hole = text.endswith(HOLE)
            begins = text[: -len(HOLE)] if is_hole else b""
            name = begins[: -len(self._inside)] if is_hole else text
            ways = step.holes if is_hole else step.kept
            found = ways.get(name)
            if found is None:
                found = ways[name] = Step(begins)
                self._count += 1
                if name.lower() in DIFFERING:
                    step.often = found
            step = found
        step.form = form


class HeaderLines:
    """Remembers what repeats; a trace of what came once is one byte."""

    __slots__ = ("_counts", "_forms", "_lines", "_objects", "_pairs", "_traces")

    def __init__(self) -> None:
        self._lines: set[bytes] = set()
        self._counts: dict[bytes, int] = {}
        self._forms: set[bytes] = set()
        self._traces = bytearray(TRACES)
        # Of the forms and lines that are remembered here.
        self._pairs = HeaderForms(PAIRS[2])
        self._objects = HeaderForms(OBJECT[2])

    def split(self, head: bytes) -> tuple[bytes, bytes]:
        """The form of *head*, and the values in its holes; without a form, the head."""
        if head[:3] == b'[["' and head[-3:] == b'"]]':
            written, met = PAIRS, self._pairs
            lines = head[3:-3].split(b'"],["')
        elif head[:2] == b'{"' and head[-2:] == b'"}':
            written, met = OBJECT, self._objects
            lines = head[2:-2].split(b'","')
        else:
            return b"", head
        if (
            len(head) > MAX_HEAD
            or HOLE in head
            # Of an object, what is a list, or no text.
            or (written is OBJECT and head.count(OBJECT[2]) != len(lines))
        ):
            return b"", head
        values: list[bytes] = []
        new: list[New] = []
        form = met.find(lines, self._lines, values, new)
        if not form:
            return self._joined(head, lines, written, met)
        for line, name, value in new:
            self._learn(line, name, value)
        return form, HOLE.join(values)

    def _joined(
        self, head: bytes, lines: list[bytes], written: Written, met: HeaderForms
    ) -> tuple[bytes, bytes]:
        """Of a head whose form was not met, or is forgotten."""
        begin, between, inside, end = written
        # A value of a comma, or of brackets, looks as what stands between two lines.
        if not all([inside in line for line in lines]):
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
            met.add(form, texts)
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
            self._forget()
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
            self._forget()
            count = 0
        self._lines.add(line)
        self._counts[name] = count + 1

    def _forget(self) -> None:
        self._pairs.forget()
        self._objects.forget()

    def _is_new(self, text: bytes) -> bool:
        """Whether there is no trace of it; from now on there is."""
        number = hash(text)
        place, trace = number & (TRACES - 1), (number >> 16) & 0xFF | 1
        if self._traces[place] == trace:
            return False
        self._traces[place] = trace
        return True
