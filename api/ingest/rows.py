"""Rows of a batch, as they are read, checked, masked and packed.

By whom is all one: the loop that serves, or a process beside it.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.ingest.intake import Intake
from api.input import json_input
from api.input.pushed_log import log_in
from monitor.errors import FieldError, InvalidInput
from monitor.record.batch import day_in
from monitor.record.codec import encode
from monitor.traffic.arrival import Arrival
from monitor.traffic.exchange import Exchange
from monitor.traffic.ids import bytes_of

# Of a record, and of what is beside it: when it arrived, as microseconds, and JSON.
LENGTHS: Final = struct.Struct("<II")
AT: Final = struct.Struct("<q")
MAX_ERRORS: Final = json_input.MAX_ERRORS
# Where an entry of an archive stood, and when it says that it was.
Stood = tuple[int, datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of some rows.

    *content*: their records, as the file of the batch holds them; *ids*: of each;
    *days*: since 1970, on which they began. *errors* where some are not valid: then
    there may be no records of the others. *left_out*: why no log was made of some of
    those that were *skipped*, and of an archive's entries where they *stood*.
    """

    content: bytes
    ids: list[bytes]
    days: set[int]
    errors: list[FieldError]
    ignored_fields: int
    skipped: int
    left_out: list[FieldError]
    stood: list[Stood]


class RowReader:
    """Pushed logs, a JSON object each."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._pieces: list[bytes] = []
        self._ids: list[bytes] = []
        self._days: set[int] = set()
        self._errors: list[FieldError] = []
        self._ignored_fields = 0
        self._skipped = 0
        self._left_out: list[FieldError] = []
        self._stood: list[Stood] = []

    def taken(self, rows: list[bytes], first: int) -> Taken:
        """*first*: the position of the first of *rows* in the batch."""
        position = first
        for row in rows:
            if len(self._errors) >= MAX_ERRORS:
                break
            self._take(row, position)
            position += 1
        return Taken(
            content=b"".join(self._pieces),
            ids=self._ids,
            days=self._days,
            errors=self._errors,
            ignored_fields=self._ignored_fields,
            skipped=self._skipped,
            left_out=self._left_out,
            stood=self._stood,
        )

    def exchange_of(self, row: bytes, position: int) -> Exchange | None:
        """What *row* says; None where it is to be left out. Raises InvalidInput."""
        new, unknown = log_in(row, (position,))
        self._ignored_fields += unknown
        return self.intake.exchange(new, (position,))

    def refuse(self, error: InvalidInput) -> None:
        """A row is not valid."""
        self._errors += error.errors[: MAX_ERRORS - len(self._errors)]

    def leave_out(self, errors: Sequence[FieldError]) -> None:
        self._skipped += 1
        self._left_out += errors[: MAX_ERRORS - len(self._left_out)]

    def note(self, position: int) -> None:
        """Of the row there a record is kept."""

    def _take(self, row: bytes, position: int) -> None:
        try:
            exchange = self.exchange_of(row, position)
            if exchange is not None and not self._errors:
                self._keep(exchange, position)
        except InvalidInput as error:
            self.refuse(error)

    def _keep(self, exchange: Exchange, position: int) -> None:
        try:
            record = encode(exchange)
        except (ValueError, OverflowError):
            reason = "holds a number that is too large"
            raise json_input.invalid((position,), reason, "value_error") from None
        about = _about(exchange.arrival)
        self._pieces += (LENGTHS.pack(len(record), len(about)), record, about)
        self._ids.append(bytes_of(exchange.id))
        self._days.add(day_in(exchange.id))
        self.note(position)


def _about(arrival: Arrival | None) -> bytes:
    if arrival is None:
        return b""
    return AT.pack(int(arrival.at.timestamp() * 1e6)) + (arrival.har or b"")
