"""The file of a batch: what has been taken of it so far."""

import os
import struct
from datetime import UTC, date, datetime
from typing import IO, Final
from uuid import UUID

from api.ingest.intake import Intake
from api.input import json_input
from api.input.pushed_log import log_in
from monitor.errors import FieldError, InvalidInput, TooLarge
from monitor.record.batch import dates_of, day_in
from monitor.record.codec import Recorded, encode, with_id
from monitor.traffic.arrival import Arrival
from monitor.traffic.exchange import Exchange

# What is stored at once: it is held, in memory.
STEP_ROWS: Final = 1_000
STEP_BYTES: Final = 1024 * 1024
# Of a record, and of what is beside it: when it arrived, as microseconds, and JSON.
LENGTHS: Final = struct.Struct("<II")
AT: Final = struct.Struct("<q")
MAX_ERRORS: Final = json_input.MAX_ERRORS
# So many rows are gone through in a turn of the loop.
ROWS_A_TURN: Final = 500


class Batch:
    """What has been taken of a batch: rows in a file, masked; or what is wrong."""

    def __init__(self, intake: Intake, file: IO[bytes], *, most_rows: int) -> None:
        self.intake = intake
        self._file = file
        self._most_rows = most_rows
        # Of each record in the file; None: it is left out after all.
        self._written: list[UUID | None] = []
        self._days: set[int] = set()
        self.errors: list[FieldError] = []
        self.ignored_fields = 0
        self._rows = 0
        self._has_moved = False
        # What is not in the file yet: pieces, their bytes, and of how many rows.
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._held_rows = 0
        # Of each step: where it is in the file, and which of its rows is the first.
        self._steps: list[tuple[int, int, int]] = []
        self._end = 0

    @property
    def ids(self) -> list[UUID]:
        return [id for id in self._written if id is not None]

    @property
    def days(self) -> set[date]:
        """On which its logs began."""
        return dates_of(self._days)

    @property
    def has_last_ids(self) -> bool:
        """Whether the ids of rows that are taken are those they are stored with."""
        return True

    @property
    def step_count(self) -> int:
        return len(self._steps)

    @property
    def is_refused(self) -> bool:
        return len(self.errors) >= MAX_ERRORS

    def take(self, row: bytes) -> None:
        """Raises TooLarge beyond the bound of rows."""
        if self._rows >= self._most_rows:
            raise TooLarge(f"the batch has more than {self._most_rows} rows")
        position = self._rows
        self._rows += 1
        try:
            exchange = self.exchange_of(row, position)
            if exchange is not None and not self.errors:
                self._keep(exchange, position)
        except InvalidInput as error:
            self.refuse(error)

    def refuse(self, error: InvalidInput) -> None:
        """A row is not valid."""
        self.errors += error.errors[: MAX_ERRORS - len(self.errors)]

    async def settle(self) -> None:
        """All rows are taken, and in the file."""

    def close(self) -> None:
        """The last row is taken."""
        if self._held_rows:
            self._write()

    def exchange_of(self, row: bytes, position: int) -> Exchange | None:
        """What *row* says; None where it is to be left out. Raises InvalidInput."""
        new, unknown = log_in(row, (position,))
        self.ignored_fields += unknown
        return self.intake.exchange(new, (position,))

    def _keep(self, exchange: Exchange, position: int) -> None:
        try:
            record = encode(exchange)
        except (ValueError, OverflowError):
            reason = "holds a number that is too large"
            raise json_input.invalid((position,), reason, "value_error") from None
        about = _about(exchange.arrival)
        self._held += (LENGTHS.pack(len(record), len(about)), record, about)
        self._held_bytes += LENGTHS.size + len(record) + len(about)
        self._held_rows += 1
        self._written.append(exchange.id)
        self._days.add(day_in(exchange.id))
        if self._held_rows == STEP_ROWS or self._held_bytes >= STEP_BYTES:
            self._write()

    def _write(self) -> None:
        self._file.write(b"".join(self._held))
        self._file.flush()
        first = len(self._written) - self._held_rows
        self._steps.append((self._end, self._held_bytes, first))
        self._end += self._held_bytes
        self._held, self._held_bytes, self._held_rows = [], 0, 0

    def step(self, number: int) -> list[Recorded]:
        """The rows of a step again, as they are to be stored."""
        start, size, position = self._steps[number]
        content, at = os.pread(self._file.fileno(), size, start), 0
        found: list[Recorded] = []
        while at < size:
            length, about = LENGTHS.unpack_from(content, at)
            at += LENGTHS.size
            record = content[at : at + length]
            at += length
            arrival = _arrival(content[at : at + about]) if about else None
            at += about
            id = self._written[position]
            position += 1
            if id is not None:
                record = with_id(record, id) if self._has_moved else record
                found.append(Recorded(record, arrival))
        return found


def _about(arrival: Arrival | None) -> bytes:
    if arrival is None:
        return b""
    return AT.pack(int(arrival.at.timestamp() * 1e6)) + (arrival.har or b"")


def _arrival(about: bytes) -> Arrival:
    (at,) = AT.unpack_from(about)
    return Arrival(
        at=datetime.fromtimestamp(at / 1e6, UTC), har=about[AT.size :] or None
    )
