"""Exchanges as tests need them: whole, and of which only what matters is said."""

from typing import Any
from uuid import UUID

from monitor.traffic.exchange import Exchange, Source
from monitor.traffic.ids import LogIds

IDS = LogIds()
SERVICE = UUID("11111111-1111-4111-8111-111111111111")


def an_exchange(service_id: UUID = SERVICE, **fields: Any) -> Exchange:
    """A captured GET of nothing, but for what *fields* say; its id is new."""
    made: dict[str, Any] = {
        "id": IDS.new(),
        "service_id": service_id,
        "source": Source.PROXY,
        "method": "GET",
        "url": "http://x/a",
        "path": "/a",
    }
    return Exchange(**{**made, **fields})
