"""Batches of HAR archives: what is asked of them, and moved to now."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import IO

from aiohttp import web

from api.ingest.batch_file import ROWS_A_TURN, Batch
from api.ingest.har_rows import Asked
from api.ingest.intake import Intake
from api.ingest.rows import MAX_ERRORS, Stood, Taken
from api.input import json_input
from monitor.errors import FieldError, InvalidInput, UnsupportedMediaType
from monitor.export.har_messages import Bounds
from monitor.logs.parameter import ID, one_of, valid
from monitor.loop.giving_way import give_way
from monitor.record.batch import day_in
from monitor.traffic.ids import bytes_of, uuid_from

TYPES = frozenset({"application/json", "application/har+json"})
QUERY = {
    "on_error": one_of("refuse", "skip").described(
        "skip: entries that are not valid are left out, and named"
    ),
    "shift": one_of("none", "now").described(
        "now: the archive is moved so that its last entry is now"
    ),
    "service_id": ID.described("whose the logs are, where no service key says it"),
}


class HarBatch(Batch):
    """*left_out*: the first entries that no log was made of, and why; *skipped*: how
    many they are."""

    def __init__(
        self, intake: Intake, file: IO[bytes], *, asked: Asked, bounds: Bounds
    ) -> None:
        super().__init__(intake, file)
        self.asked = asked
        self.bounds = bounds
        # Of each log that is written.
        self._stood: list[Stood] = []
        self.skipped = 0
        self.left_out: list[FieldError] = []

    @property
    def has_last_ids(self) -> bool:
        return not self.asked.shifts

    def keep(self, taken: Taken) -> None:
        super().keep(taken)
        self._stood += taken.stood
        self._leave_out(taken.skipped, taken.left_out)

    async def settle(self) -> None:
        """With all of the archive known, move it to where its last entry is now."""
        await super().settle()
        moments = [moment for _, moment in self._stood if moment is not None]
        if not self.asked.shifts or not moments:
            return
        delta = datetime.now(UTC) - max(moments)
        self._has_moved = True
        self._days = set()
        for n, (position, moment) in enumerate(self._stood):
            if moment is not None:
                self._written[n] = self._moved(position, moment, delta)
            if (id := self._written[n]) is not None:
                self._days.add(day_in(uuid_from(id)))
            if n % ROWS_A_TURN == ROWS_A_TURN - 1:
                await give_way()
        await super().settle()

    def _moved(self, position: int, moment: datetime, delta: timedelta) -> bytes | None:
        try:
            return bytes_of(self.intake.id_at(moment + delta, ()))
        except (InvalidInput, OverflowError):
            loc = ("log", "entries", position, "startedDateTime")
            reason = "is older than the last entry by more than the retention"
            error = json_input.invalid(loc, reason, "value_error")
            if self.asked.skips:
                self._leave_out(1, error.errors)
            else:
                self.refuse(error.errors)
            return None

    def _leave_out(self, count: int, errors: Sequence[FieldError]) -> None:
        self.skipped += count
        self.left_out += errors[: MAX_ERRORS - len(self.left_out)]


def har_query(request: web.Request) -> Asked:
    """Raises InvalidInput."""
    values = valid(request.query.items(), QUERY)
    return Asked(
        skips=values.get("on_error") == "skip",
        shifts=values.get("shift") == "now",
        service_id=values.get("service_id"),
    )


def check_har(request: web.Request) -> None:
    """Raises UnsupportedMediaType."""
    media_type = (
        request.content_type.lower() if "Content-Type" in request.headers else ""
    )
    if media_type not in TYPES:
        raise UnsupportedMediaType(
            "the body must be application/json or application/har+json"
        )
