"""Answers about the books: the ledger, and what is stored."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from api.document.answers.shown import Count, Shown


class LedgerLine(Shown):
    """`finished` = `stored` + `spooled` + `dead_letter` + the sum of `dropped`, but for
    `difference`; `deleted` are some of those that were `stored`. `is_closed` is null
    while PostgreSQL is away. `dropped` may hold a negative `written_off`: more was
    stored than was counted as finished.
    """

    finished: Count
    stored: Count
    deleted: Count
    spooled: Count
    dead_letter: Count
    dropped: dict[str, int]
    in_flight: Count
    bodies_shed: dict[str, Count]
    is_closed: bool | None
    difference: int


class ServiceLine(LedgerLine):
    """`service_name` is null where the service is deleted."""

    service_id: UUID
    service_name: str | None


class Ledger(LedgerLine):
    """`stored_at`: when PostgreSQL was asked, null where it could not be yet."""

    at: AwareDatetime
    stored_at: AwareDatetime | None
    database: Literal["ok", "away"]
    explanation: str | None
    unrouted: dict[str, Count]
    torn: Count
    services: list[ServiceLine]


class StoredFigures(Shown):
    """`row_bytes` with headers and indexes, `body_bytes` with messages and theirs; of
    `logs` that began that day, null while they are not counted yet.
    """

    logs: Count | None
    row_bytes: Count
    body_bytes: Count
    bytes: Count
    bytes_per_log: float | None


class StoredService(StoredFigures):
    """Its share is told by a sample. `service_name` is null where it is deleted."""

    service_id: UUID
    service_name: str | None


class StoredDay(StoredFigures):
    day: date
    services: list[StoredService]


class Storage(Shown):
    """`measured_at` is null until it was measured; the newest day comes first."""

    measured_at: AwareDatetime | None
    days: list[StoredDay]
