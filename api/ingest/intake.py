"""Intake: a pushed log becomes an exchange, redacted before it may touch a disk."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from aiohttp import web

from api.input.json_input import Loc, invalid
from api.input.pushed_log import PushedLog
from api.parts import Parts
from monitor.errors import FieldError, InvalidInput, NotFound
from monitor.json.output import json_bytes
from monitor.redaction.redaction import Redaction
from monitor.registry.table import Service
from monitor.storage.commit.idempotency import RepeatKey, repeat_key
from monitor.traffic.arrival import LATE, Arrival
from monitor.traffic.exchange import Body, Exchange, Source
from monitor.traffic.ids import LogIds

MAX_AHEAD = timedelta(days=1)
KEY_HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255


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


async def intake_of(parts: Parts, service_id: UUID, *, dated: bool) -> Intake:
    """*dated*: logs may come with a timestamp, so that the retention is needed.

    The service is asked for where the routing table does not have it yet: one made on
    another machine has its keys at once, its route a moment later.
    """
    routed = parts.routes().by_id(service_id)
    if routed is not None and not dated:
        return intake_by(parts, routed)
    service = await parts.stores.services.get(service_id)
    if service is None:
        raise NotFound("the service is gone")
    days = service.retention_days
    days = parts.settings.retention_days if days is None else days
    return Intake(service_id, service.redact_fields, days, parts.redaction, parts.ids)


def intake_by(parts: Parts, routed: Service) -> Intake:
    """Of logs without a timestamp."""
    return Intake(routed.id, routed.redact_fields, None, parts.redaction, parts.ids)


async def repeat_key_of(request: web.Request) -> RepeatKey | None:
    """The Idempotency-Key of a request whose body has been read."""
    key = idempotency_key(request)
    if key is None:
        return None
    content = await request.read()
    return repeat_key(key, hashlib.sha256(request.path.encode() + content).digest())


def idempotency_key(request: web.Request) -> str | None:
    """Raises InvalidInput."""
    keys = request.headers.getall(KEY_HEADER, [])
    if not keys:
        return None
    key = keys[0].strip()
    is_visible = all("!" <= character <= "~" for character in key)
    if len(keys) > 1 or not 0 < len(key) <= MAX_KEY_LENGTH or not is_visible:
        reason = f"must be one of 1 to {MAX_KEY_LENGTH} visible ASCII characters"
        error = FieldError(("header", KEY_HEADER), reason, "value_error")
        raise InvalidInput("the headers are not valid", errors=[error])
    return key


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
