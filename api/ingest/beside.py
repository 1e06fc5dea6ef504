"""Rows of a batch in a process beside: what it is told, and what it gives back."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from api.ingest.batch_file import Batch
from api.ingest.har_batch import HarBatch
from api.ingest.har_rows import Asked, EntryReader
from api.ingest.intake import Intake
from api.ingest.rows import RowReader, Taken
from monitor.export.har_messages import Bounds
from monitor.redaction.redaction import MaskingRules, Redaction
from monitor.redaction.work import Withheld
from monitor.traffic.ids import Lease, LeasedIds


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What some rows are made with; *asked* and *bounds* are those of an archive."""

    service_id: UUID
    redact_fields: tuple[str, ...]
    retention_days: int | None
    masking: MaskingRules
    asked: Asked | None = None
    bounds: Bounds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of the rows; *withheld*: how often, and why, masking did."""

    taken: Taken
    withheld: dict[Withheld, int]
    is_limited: bool = False


def order_of(batch: Batch) -> Order:
    intake = batch.intake
    archive = batch if isinstance(batch, HarBatch) else None
    return Order(
        service_id=intake.service_id,
        redact_fields=intake.redact_fields,
        retention_days=intake.retention_days,
        masking=intake.redaction.rules,
        asked=None if archive is None else archive.asked,
        bounds=None if archive is None else archive.bounds,
    )


def take(order: Order, rows: list[bytes], first: int, lease: Lease) -> Made:
    """The work of the process: *lease* has an id for each of *rows*."""
    redaction, withheld = _redaction(order.masking)
    withheld.clear()
    intake = Intake(
        order.service_id,
        order.redact_fields,
        order.retention_days,
        redaction,
        LeasedIds(lease),
    )
    taken = reader_of(order, intake).taken(rows, first)
    return Made(taken=taken, withheld=dict(withheld))


def reader_of(order: Order, intake: Intake) -> RowReader:
    """What reads such rows, in this process or beside."""
    if order.asked is None or order.bounds is None:
        return RowReader(intake)
    return EntryReader(intake, asked=order.asked, bounds=order.bounds)


@lru_cache(maxsize=1)
def _redaction(rules: MaskingRules) -> tuple[Redaction, Counter[Withheld]]:
    withheld = Counter[Withheld]()

    def count(what: Withheld, n: int) -> None:
        withheld[what] += n

    redaction = Redaction(
        headers=rules.headers,
        parameters=rules.parameters,
        fields=rules.fields,
        limit=rules.limit,
        count=count,
    )
    return redaction, withheld
