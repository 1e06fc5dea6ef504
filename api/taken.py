"""What has been taken of a batch so far."""

from collections.abc import AsyncIterator
from datetime import date
from typing import IO
from uuid import UUID

from api import json_input
from api.intake import Intake
from api.schemas import NewLog
from monitor.codec import decode, encode
from monitor.errors import FieldError, InvalidInput, TooLarge
from monitor.exchange import Exchange
from monitor.storage.partitions import day_of

STEP_ROWS = 200
STEP_BYTES = 4 * 1024 * 1024
LENGTH_BYTES = 4
MOST_ERRORS = json_input.MOST_ERRORS


class Batch:
    """What has been taken of a batch: rows in a file, masked; or what is wrong."""

    def __init__(self, intake: Intake, file: IO[bytes], *, most_rows: int) -> None:
        self.intake = intake
        self._file = file
        self._most_rows = most_rows
        self.ids: list[UUID] = []
        self.days: set[date] = set()
        self.errors: list[FieldError] = []
        self.ignored_fields = 0
        self._rows = 0

    @property
    def is_refused(self) -> bool:
        return len(self.errors) >= MOST_ERRORS

    def take(self, row: bytes) -> None:
        """Raises TooLarge beyond the bound of rows."""
        if self._rows >= self._most_rows:
            raise TooLarge(f"the batch has more than {self._most_rows} rows")
        position = self._rows
        self._rows += 1
        try:
            exchange = self.exchange_of(row, position)
        except InvalidInput as error:
            self.errors += error.errors[: MOST_ERRORS - len(self.errors)]
            return
        if exchange is not None and not self.errors:
            self._keep(exchange)

    def exchange_of(self, row: bytes, position: int) -> Exchange | None:
        """What *row* says; None where it is to be left out. Raises InvalidInput."""
        value = json_input.value_of(row, (position,))
        new = json_input.model_of(value, NewLog, (position,))
        self.ignored_fields += len(value.keys() - NewLog.model_fields.keys())
        return self.intake.exchange(new, (position,))

    def _keep(self, exchange: Exchange) -> None:
        record = encode(exchange)
        self._file.write(len(record).to_bytes(LENGTH_BYTES, "little") + record)
        self.ids.append(exchange.id)
        self.days.add(day_of(exchange.started_at))

    async def steps(self) -> AsyncIterator[list[Exchange]]:
        """All rows again, a bounded number at a time."""
        self._file.seek(0)
        step: list[Exchange] = []
        size = 0
        while prefix := self._file.read(LENGTH_BYTES):
            length = int.from_bytes(prefix, "little")
            step.append(decode(self._file.read(length)))
            size += length
            if len(step) == STEP_ROWS or size >= STEP_BYTES:
                yield step
                step, size = [], 0
        if step:
            yield step
