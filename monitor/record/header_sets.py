"""Header sets: forms of heads, each stored once for the logs of a day that have it."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.record.binary import LENGTH, NULL, bytes_field
from monitor.record.columns import ID_SIZE, LENGTH_SIZE, place_in_row
from monitor.record.header_lines import HeaderLines
from monitor.record.passed.forms import NO_KEY
from monitor.record.passed.sections import HEAD as PASSED_HEAD
from monitor.record.passed.sections import Sections

# Of a row: its bucket and time, and the length of its first head.
BEGINNING: Final = struct.Struct(
    f"!{place_in_row('bucket')}xi{LENGTH_SIZE}xq{LENGTH_SIZE + ID_SIZE}xi"
)
KEY_OF_LOG: Final = struct.Struct(f"!{place_in_row('bucket')}xi{LENGTH_SIZE}xq")
INTEGER: Final = struct.Struct("!ii")
DAY_US: Final = 86_400_000_000
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
# When as many sets or days are remembered, all are forgotten, and stored anew.
MAX_SETS: Final = 20_000
MAX_DAYS: Final = 1_000
Forms = dict[bytes, "HeaderSet"]


class HeaderSet:
    """*form*, of the logs of one day and bucket; *id* once it is stored."""

    __slots__ = ("bucket", "form", "id", "ts")

    def __init__(self, bucket: int, ts: datetime, form: bytes) -> None:
        self.bucket = bucket
        self.ts = ts
        self.form = form
        # What is remembered of it: who uses it looks whether it is there.
        self.id = 0


class Day:
    """The sets of one day and bucket, by their forms, and by names that records have
    for these."""

    __slots__ = ("bucket", "day", "forms", "named")

    def __init__(self, bucket: int, day: int) -> None:
        self.bucket = bucket
        self.day = day
        self.forms: Forms = {}
        self.named: Forms = {}


class HeaderSets:
    """Which sets one process has stored, and what it knows to repeat."""

    __slots__ = ("_count", "_days", "_last", "_lines")

    def __init__(self) -> None:
        self._lines = HeaderLines()
        self._days: dict[tuple[int, int], Day] = {}
        self._last: Day | None = None
        self._count = 0

    def passed(self, record: Sections) -> "Heads":
        """The heads of a record of what passed the proxy, where what repeats of them is
        known. Raises ValueError where it is none."""
        if record.sent_key == NO_KEY or record.received_key == NO_KEY:
            return self.apart(record.detail())
        try:
            bucket, ts = KEY_OF_LOG.unpack_from(record.record, PASSED_HEAD.size)
        except struct.error:
            raise ValueError("a record's row is cut") from None
        day = self._day(bucket, ts // DAY_US)
        sent = day.named.get(record.sent_key)
        if sent is None:
            sent = self._name(day, record.sent_key, record.sent_form())
        received = day.named.get(record.received_key)
        if received is None:
            received = self._name(day, record.received_key, record.received_form())
        return Heads(sent, received, record.behind_heads())

    def _name(self, day: Day, key: bytes, form: bytes) -> HeaderSet:
        found = day.forms.get(form) or self._set(form, day)
        self._count += 1
        day.named[key] = found
        return found

    def _day(self, bucket: int, day: int) -> Day:
        last = self._last
        if last is not None and last.bucket == bucket and last.day == day:
            return last
        found = self._days.get((bucket, day))
        if found is None:
            if len(self._days) >= MAX_DAYS:
                self._forget()
            found = self._days[bucket, day] = Day(bucket, day)
        self._last = found
        return found

    def apart(self, detail: bytes) -> "Heads":
        """The heads of a details' row. Raises ValueError where it is none."""
        try:
            bucket, ts, size = BEGINNING.unpack_from(detail)
            at = BEGINNING.size
            end = at + size if size > 0 else at
            (next_size,) = LENGTH.unpack_from(detail, end)
        except struct.error:
            raise ValueError("a record's row is cut") from None
        day = self._day(bucket, ts // DAY_US)
        forms = day.forms
        sent = received = None
        field = next_field = NULL
        if size >= 0:
            form, values = self._lines.split(detail[at:end])
            field = bytes_field(values)
            if form:
                sent = forms.get(form) or self._set(form, day)
        at = end + LENGTH_SIZE
        if next_size >= 0:
            end = at + next_size
            form, values = self._lines.split(detail[at:end])
            next_field = bytes_field(values)
            if form:
                received = forms.get(form) or self._set(form, day)
            at = end
        return Heads(sent, received, b"".join((detail[at:], field, next_field)))

    def _set(self, form: bytes, day: Day) -> HeaderSet:
        if self._count >= MAX_SETS:
            self._forget()
        ts = EPOCH + timedelta(days=day.day)
        made = day.forms[form] = HeaderSet(day.bucket, ts, form)
        self._count += 1
        return made

    def _forget(self) -> None:
        self._days.clear()
        self._last = None
        self._count = 0


class Heads:
    """Of one log: the sets of its two heads, and as fields of a row what stands behind
    the heads and what differs of them."""

    __slots__ = ("fields", "received", "sent")

    def __init__(
        self, sent: HeaderSet | None, received: HeaderSet | None, fields: bytes
    ) -> None:
        self.sent = sent
        self.received = received
        self.fields = fields


def id_field(id: int) -> bytes:
    return INTEGER.pack(4, id)
