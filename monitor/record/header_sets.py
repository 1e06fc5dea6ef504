"""Header sets: forms of heads, each stored once for the logs of a day that have it."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.record.binary import LENGTH, NULL, bytes_field
from monitor.record.columns import LENGTH_SIZE, place_in_row
from monitor.record.header_lines import HeaderLines

BUCKET_PLACE: Final = place_in_row("bucket")
TS_PLACE: Final = place_in_row("ts")
HEADS_PLACE: Final = place_in_row("id") + 16
BUCKET: Final = struct.Struct("!i")
TIME: Final = struct.Struct("!q")
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


class HeaderSets:
    """Which sets one process has stored, and what it knows to repeat."""

    __slots__ = ("_count", "_days", "_lines")

    def __init__(self) -> None:
        self._lines = HeaderLines()
        self._days: dict[tuple[int, int], Forms] = {}
        self._count = 0

    def apart(self, detail: bytes) -> "Heads":
        """The heads of a details' row. Raises ValueError where it is none."""
        try:
            (bucket,) = BUCKET.unpack_from(detail, BUCKET_PLACE)
            (ts,) = TIME.unpack_from(detail, TS_PLACE)
            day = ts // DAY_US
            forms = self._days.get((bucket, day))
            if forms is None:
                if len(self._days) >= MAX_DAYS:
                    self._forget()
                forms = self._days[bucket, day] = {}
            sent, sent_field, at = self._head(detail, HEADS_PLACE, forms, bucket, day)
            received, received_field, at = self._head(detail, at, forms, bucket, day)
        except struct.error:
            raise ValueError("a record's row is cut") from None
        return Heads(sent, received, sent_field + received_field, detail[at:])

    def _head(
        self, detail: bytes, at: int, forms: Forms, bucket: int, day: int
    ) -> tuple[HeaderSet | None, bytes, int]:
        """A head's set, the field of what differs, and where the next one begins."""
        (size,) = LENGTH.unpack_from(detail, at)
        at += LENGTH_SIZE
        if size < 0:
            return None, NULL, at
        end = at + size
        form, values = self._lines.split(detail[at:end])
        found = forms.get(form) if form else None
        if form and found is None:
            if self._count >= MAX_SETS:
                self._forget()
            ts = EPOCH + timedelta(days=day)
            found = forms[form] = HeaderSet(bucket, ts, form)
            self._count += 1
        return found, bytes_field(values), end

    def _forget(self) -> None:
        self._days.clear()
        self._count = 0


class Heads:
    """Of one log: the sets of its two heads, what differs of them as fields of a row,
    and the fields that stand behind the heads."""

    __slots__ = ("behind", "fields", "received", "sent")

    def __init__(
        self,
        sent: HeaderSet | None,
        received: HeaderSet | None,
        fields: bytes,
        behind: bytes,
    ) -> None:
        self.sent = sent
        self.received = received
        self.fields = fields
        self.behind = behind


def id_field(id: int) -> bytes:
    return INTEGER.pack(4, id)
