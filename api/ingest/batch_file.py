"""The file of a batch: what has been taken of it so far."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import IO, Final
from uuid import UUID

from api.ingest.intake import Intake
from api.ingest.rows import AT, LENGTHS, MAX_ERRORS, Taken
from monitor.errors import FieldError, InvalidInput
from monitor.record.batch import dates_of
from monitor.record.codec import Recorded, with_id
from monitor.traffic.arrival import Arrival
from monitor.traffic.ids import uuid_from

# What is stored at once: it is held, in memory.
STEP_ROWS: Final = 1_000
STEP_BYTES: Final = 1024 * 1024
# So many rows are gone through in a turn of the loop.
ROWS_A_TURN: Final = 500


class Batch:
    """What has been taken of a batch: rows in a file, masked; or what is wrong."""

    def __init__(self, intake: Intake, file: IO[bytes]) -> None:
        self.intake = intake
        self._file = file
        # The id of each record in the file; None: it is left out after all.
        self._written: list[bytes | None] = []
        self._days: set[int] = set()
        self.errors: list[FieldError] = []
        self.ignored_fields = 0
        # How many parcels of rows are on their way through a process beside.
        self.being_taken = 0
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
        return [uuid_from(id) for id in self._written if id is not None]

    @property
    def count(self) -> int:
        """How many rows were taken, those too that are left out after all."""
        return len(self._written)

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

    def keep(self, taken: Taken) -> None:
        """What became of the rows that follow those that were kept."""
        self.ignored_fields += taken.ignored_fields
        self.refuse(taken.errors)
        if self.errors or not taken.ids:
            return
        self._held.append(taken.content)
        self._held_bytes += len(taken.content)
        self._held_rows += len(taken.ids)
        self._written += taken.ids
        self._days |= taken.days
        if self._held_rows >= STEP_ROWS or self._held_bytes >= STEP_BYTES:
            self._write()

    def refuse(self, errors: Sequence[FieldError]) -> None:
        """Rows are not valid."""
        self.errors += errors[: MAX_ERRORS - len(self.errors)]

    async def settle(self) -> None:
        """All rows are taken, and in the file. Raises InvalidInput."""
        if self._held_rows:
            self._write()
        if self.errors:
            raise InvalidInput("some rows are not valid", errors=self.errors)

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
                if self._has_moved:
                    record = with_id(record, uuid_from(id))
                found.append(Recorded(record, arrival))
        return found


def _arrival(about: bytes) -> Arrival:
    (at,) = AT.unpack_from(about)
    return Arrival(
        at=datetime.fromtimestamp(at / 1e6, UTC), har=about[AT.size :] or None
    )
