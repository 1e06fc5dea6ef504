"""What a call that takes logs asks for: of which service, and once only."""

import hashlib
from uuid import UUID

from aiohttp import web

from api.ingest.intake import Intake
from api.parts import Parts
from monitor.errors import FieldError, InvalidInput, NotFound
from monitor.registry.table import Service
from monitor.storage.commit.idempotency import RepeatKey, repeat_key

KEY_HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255


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
