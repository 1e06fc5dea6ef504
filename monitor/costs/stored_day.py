"""Stored days: what the logs of a service take, day by day."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredDay:
    """*logs* of one service that began on *day*, None while they are not counted, and
    bytes with all indexes: *rows* with their headers, *bodies* with messages."""

    day: date
    service_id: UUID
    logs: int | None
    rows: int
    bodies: int

    @property
    def bytes(self) -> int:
        return self.rows + self.bodies

    @property
    def bytes_per_log(self) -> float | None:
        return self.bytes / self.logs if self.logs else None


def summed(days: list[StoredDay]) -> StoredDay:
    """All services of one day."""
    logs = [each.logs for each in days]
    return StoredDay(
        days[0].day,
        UUID(int=0),
        None if None in logs else sum(n or 0 for n in logs),
        sum(each.rows for each in days),
        sum(each.bodies for each in days),
    )
