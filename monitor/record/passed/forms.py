"""Forms of heads that pass: what repeats of a head, known by its lines.

A head is JSON, of pairs. Its form is that JSON with a hole in place of each value that
differs; with the values put back it is the head, byte for byte. Who reads the record
need not look into the head again.
"""

import secrets
from typing import Final

import orjson

from monitor.record.header_lines import (
    DIFFERING,
    FEW,
    HOLE,
    LONG,
    MANY,
    MAX_FORMS,
    MAX_HEAD,
    MAX_LINES,
    MAX_STEPS,
    MOST,
    SHORT,
)
from monitor.traffic.fields import Headers, HeadFields
from monitor.traffic.line import Line, Lines

WRITER_BYTES: Final = 8
NUMBER_BYTES: Final = 4
# Of a head that has no form.
NO_KEY: Final = bytes(WRITER_BYTES + NUMBER_BYTES)
# What has as many fields is no head that repeats.
MAX_FIELDS: Final = 100
# As what stands between two lines, once it is quoted.
AS_BETWEEN: Final = "],["
TRACES: Final = 1 << 14
# Of all forms that are held; then all are forgotten.
MAX_BYTES: Final = 4 * 1024 * 1024
NAMES_DIFFERING: Final = frozenset([name.decode() for name in DIFFERING])


class Form:
    """*text* is the form; *key* names it, for all who read what this process writes."""

    __slots__ = ("key", "text")

    def __init__(self, key: bytes, text: bytes) -> None:
        self.key = key
        self.text = text


class Head:
    """One head in parts: *values* fill the holes; without a form they are the head."""

    __slots__ = ("form", "values")

    def __init__(self, form: Form, values: bytes) -> None:
        self.form = form
        self.values = values


class Step:
    """A place in a head, and what may follow: a line that repeats, or a hole."""

    __slots__ = ("form", "holes", "is_hole", "kept")

    def __init__(self, is_hole: bool) -> None:
        self.is_hole = is_hole
        self.form: Form | None = None
        self.kept: dict[Line, Step] = {}
        self.holes: dict[str, Step] = {}


NO_FORM: Final = Form(NO_KEY, b"")


class HeadForms:
    """The forms that one process knows, each a way from the root, line by line.

    A form that comes for the first time leaves a trace; from the second time on it is
    one. Lines are told apart as objects: one that many heads have is one in all.
    """

    def __init__(self) -> None:
        self._writer = secrets.token_bytes(WRITER_BYTES)
        self._number = 0
        self._forms: dict[bytes, Form] = {}
        self._bytes = 0
        self._traces = bytearray(TRACES)
        # By name and value: the line that stands for all that say the same.
        self._kept: dict[object, Line] = {}
        self._counts: dict[str, int] = {}
        self._root = Step(False)
        self._steps = 0

    @property
    def held_bytes(self) -> int:
        return self._bytes

    @property
    def steps(self) -> int:
        return self._steps

    def split(self, headers: Headers) -> Head:
        if not isinstance(headers, HeadFields):
            return Head(NO_FORM, orjson.dumps(headers))
        step = self._root
        values: list[str] = []
        for line in headers.lines:
            following = step.kept.get(line)
            if following is None:
                following = self._other(step, line)
                if following is None:
                    return self._anew(headers.lines)
                if following.is_hole:
                    if line.value == AS_BETWEEN:
                        return _whole(headers.lines)
                    values.append(line.value)
            step = following
        if step.form is None:
            return self._anew(headers.lines)
        return Head(step.form, written(values))

    def _other(self, step: Step, line: Line) -> Step | None:
        """Where *line* leads, as one that says the same as another, or as a hole."""
        same = self._standing_for(line)
        if same is None:
            return step.holes.get(line.name)
        following = step.kept.get(same)
        if following is not None and same is not line:
            # The line that was remembered first was forgotten.
            step.kept[line] = following
            self._note_step()
        return following

    def _standing_for(self, line: Line) -> Line | None:
        """None where its value is taken to differ each time."""
        if not line.repeats:
            return None
        found = self._kept.get(line.pair)
        return self._learned(line) if found is None else found

    def _learned(self, line: Line) -> Line | None:
        """So many values of a field are held for what repeats."""
        if line.lower in NAMES_DIFFERING or line.value == AS_BETWEEN:
            return None
        size = len(line.value)
        most = FEW if size < SHORT else MANY if size < LONG else MOST
        count = self._counts.get(line.name, 0)
        if count >= most:
            return None
        if len(self._kept) >= MAX_LINES:
            self._forget()
            count = 0
        self._kept[line.pair] = line
        self._counts[line.name] = count + 1
        return line

    def _anew(self, lines: Lines) -> Head:
        """Of a head whose form was not met, or is forgotten."""
        if not lines or len(lines) > MAX_FIELDS:
            return _whole(lines)
        way: list[Line | None] = []
        texts: list[bytes] = []
        values: list[str] = []
        for line in lines:
            same = self._standing_for(line)
            way.append(same)
            if same is not None:
                texts.append(orjson.dumps(line.pair))
                continue
            if line.value == AS_BETWEEN:
                return _whole(lines)
            texts.append(b'[%b,"%b"]' % (orjson.dumps(line.name), HOLE))
            values.append(line.value)
        text = b"[%b]" % b",".join(texts)
        if len(text) > MAX_HEAD or len(values) == len(lines) or not self._repeats(text):
            return _whole(lines)
        form = self._form(text)
        self._add(lines, way, form)
        return Head(form, written(values))

    def _repeats(self, text: bytes) -> bool:
        if text in self._forms:
            return True
        number = hash(text)
        place, trace = number & (TRACES - 1), (number >> 16) & 0xFF | 1
        if self._traces[place] == trace:
            return True
        self._traces[place] = trace
        return False

    def _form(self, text: bytes) -> Form:
        found = self._forms.get(text)
        if found is None:
            self._bytes += len(text)
            if len(self._forms) >= MAX_FORMS or self._bytes > MAX_BYTES:
                self._forget()
                self._bytes = len(text)
            self._number += 1
            number = self._number.to_bytes(NUMBER_BYTES, "little")
            found = self._forms[text] = Form(self._writer + number, text)
        return found

    def _add(self, lines: Lines, way: list[Line | None], form: Form) -> None:
        step = self._root
        for line, same in zip(lines, way, strict=True):
            found = step.holes.get(line.name) if same is None else step.kept.get(same)
            if found is None:
                found = Step(same is None)
                self._note_step()
                if same is None:
                    step.holes[line.name] = found
                else:
                    step.kept[same] = found
            step = found
        step.form = form

    def _note_step(self) -> None:
        """Who is on a way goes on along it."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            self._forget_steps()

    def _forget(self) -> None:
        self._kept.clear()
        self._counts.clear()
        self._forms.clear()
        self._bytes = 0
        self._forget_steps()

    def _forget_steps(self) -> None:
        self._root = Step(False)
        self._steps = 0


def written(values: list[str]) -> bytes:
    """As they stand in JSON, with a hole's mark between: JSON escapes it."""
    # Compiled, a slice that ends before it begins is an error.
    if not values:
        return b""
    # No string of JSON holds what stands between two: a quote in it is escaped.
    return orjson.dumps(values)[2:-2].replace(b'","', HOLE)


def _whole(lines: Lines) -> Head:
    return Head(NO_FORM, orjson.dumps([line.pair for line in lines]))


def joined(form: bytes, values: bytes) -> bytes:
    """The head, as JSON."""
    if not form:
        return values
    pieces, fills = form.split(HOLE), values.split(HOLE)
    found = [pieces[0]]
    for piece, fill in zip(pieces[1:], fills, strict=False):
        found.append(fill)
        found.append(piece)
    return b"".join(found)
