"""The file of a batch: what has been taken of it so far."""

import struct
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import IO
from uuid import UUID

import orjson

from api.ingest.intake import Intake
from api.input import json_input
from api.input.pushed_log import pushed_log, unknown_fields
from monitor.errors import FieldError, InvalidInput, TooLarge
from monitor.json.output import json_bytes
from monitor.record.codec import decode, encode
from monitor.storage.database.partitions import day_of
from monitor.traffic.arrival import Arrival
from monitor.traffic.exchange import Exchange

STEP_ROWS = 100
STEP_BYTES = 1024 * 1024
# Of a record, and of what is beside it.
LENGTHS = struct.Struct("<II")
MAX_ERRORS = json_input.MAX_ERRORS
# So many rows are gone through in a turn of the loop.
ROWS_A_TURN = 500


class Batch:
    """What has been taken of a batch: rows in a file, masked; or what is wrong."""

    def __init__(self, intake: Intake, file: IO[bytes], *, most_rows: int) -> None:
        self.intake = intake
        self._file = file
        self._most_rows = most_rows
        # Of each record in the file; None: it is left out after all.
        self._written: list[UUID | None] = []
        self.days: set[date] = set()
        self.errors: list[FieldError] = []
        self.ignored_fields = 0
        self._rows = 0

    @property
    def ids(self) -> list[UUID]:
        return [id for id in self._written if id is not None]

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
        """All rows are taken."""

    def exchange_of(self, row: bytes, position: int) -> Exchange | None:
        """What *row* says; None where it is to be left out. Raises InvalidInput."""
        value = json_input.value_of(row, (position,))
        new = pushed_log(value, (position,))
        self.ignored_fields += unknown_fields(value)
        return self.intake.exchange(new, (position,))

    def _keep(self, exchange: Exchange, position: int) -> None:
        try:
            record = encode(exchange)
        except (ValueError, OverflowError):
            reason = "holds a number that is too large"
            raise json_input.invalid((position,), reason, "value_error") from None
        about = _about(exchange.arrival)
        self._file.write(LENGTHS.pack(len(record), len(about)) + record + about)
        self._written.append(exchange.id)
        self.days.add(day_of(exchange.started_at))

    async def steps(self) -> AsyncIterator[list[Exchange]]:
        """All rows again, a bounded number at a time."""
        self._file.seek(0)
        step: list[Exchange] = []
        size = 0
        for id in self._written:
            length, about = LENGTHS.unpack(self._file.read(LENGTHS.size))
            exchange = decode(self._file.read(length))
            exchange.arrival = _arrival(self._file.read(about))
            if id is None:
                continue
            exchange.id = id
            step.append(exchange)
            size += length
            if len(step) == STEP_ROWS or size >= STEP_BYTES:
                yield step
                step, size = [], 0
        if step:
            yield step


def _about(arrival: Arrival | None) -> bytes:
    if arrival is None:
        return b""
    return json_bytes([arrival.at.isoformat(), arrival.har])


def _arrival(about: bytes) -> Arrival | None:
    if not about:
        return None
    at, har = orjson.loads(about)
    return Arrival(at=datetime.fromisoformat(at), har=har)
