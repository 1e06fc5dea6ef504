"""Intake: a pushed log becomes an exchange, redacted before it may touch a disk."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from api.input.json_input import Loc, invalid
from api.input.pushed_log import PushedLog
from monitor.errors import InvalidInput
from monitor.json.output import json_bytes
from monitor.redaction.redaction import Redaction
from monitor.traffic.arrival import LATE, Arrival
from monitor.traffic.exchange import Body, Exchange, Source
from monitor.traffic.ids import LogIds

MAX_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Intake:
    """What pushed logs of one service are made with.

    *retention_days* is None where no log comes with a timestamp.
    """

    service_id: UUID
    redact_fields: tuple[str, ...]
    retention_days: int | None
    redaction: Redaction
    ids: LogIds

    def exchange(self, new: PushedLog, loc: Loc = ()) -> Exchange:
        """Raises InvalidInput for a timestamp out of range; *loc*: the log's place."""
        return self.masked(self.made(new, self.id_at(new.timestamp, loc)))

    def made(self, new: PushedLog, id: UUID) -> Exchange:
        """Not masked yet."""
        return Exchange(
            id=id,
            service_id=self.service_id,
            source=Source.INGEST,
            method=new.method,
            url=new.url,
            path=new.path,
            query_params=new.query_params or {},
            status_code=new.status_code,
            latency_ms=new.latency_ms,
            error=new.error or None,
            source_ip=new.source_ip,
            tags=tuple(new.tags) if new.tags else (),
            request_headers=new.request_headers or {},
            response_headers=new.response_headers or {},
            request_body=_body(new.request_body),
            response_body=_body(new.response_body),
            arrival=None if new.timestamp is None else arrival_of(new.timestamp),
        )

    def masked(self, exchange: Exchange) -> Exchange:
        return self.redaction.apply(exchange, self.redact_fields)

    def id_at(self, moment: datetime | None, loc: Loc) -> UUID:
        """An id for *moment*, or for now. Raises InvalidInput."""
        if moment is None:
            return self.ids.new()
        assert self.retention_days is not None
        now = datetime.now(UTC)
        if moment > now + MAX_AHEAD:
            raise _bad_time(loc, "is more than a day ahead")
        if moment < now - timedelta(days=self.retention_days):
            days = self.retention_days
            raise _bad_time(
                loc,
                f"is older than the retention of {days} days: raise retention_days "
                "of the service",
            )
        return self.ids.at(moment)


def arrival_of(
    moment: datetime | None, har: dict[str, Any] | None = None
) -> Arrival | None:
    """Noted where *moment* is long past, or an archive said more than a log holds."""
    now = datetime.now(UTC)
    is_late = moment is not None and now - moment > LATE
    if not is_late and not har:
        return None
    return Arrival(at=now, har=json_bytes(har) if har else None)


def _body(text: str | None) -> Body | None:
    if text is None:
        return None
    content = text.encode()
    return Body(kept=content, size=len(content))


def _bad_time(loc: Loc, reason: str) -> InvalidInput:
    return invalid((*loc, "timestamp"), reason, "value_error")
