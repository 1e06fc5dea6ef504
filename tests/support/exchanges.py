"""Exchanges as tests need them: whole, and of which only what matters is said."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from monitor.logs.log import LogDetail, LogItem, StoredBody
from monitor.record.binary import NULL, bytes_field
from monitor.record.codec import HEAD, encode
from monitor.record.pack import pack
from monitor.record.unpack import fields_of
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


def former_record(
    exchange: Exchange, missing: int, *, of_log: int | None = None
) -> bytes:
    """As one is of a version whose tables had so many columns less."""
    rows, record = pack(exchange, decodes=False), encode(exchange)
    mark, *lengths = HEAD.unpack_from(record)
    behind = record[HEAD.size + sum(lengths[:3]) :]
    former = [_without_last(rows.log, missing if of_log is None else of_log)]
    former += [_without_last(row, missing) for row in (rows.detail, rows.body)]
    head = HEAD.pack(mark, *map(len, former), *lengths[3:])
    return b"".join((head, *former, behind))


def _without_last(row: bytes, missing: int) -> bytes:
    if not row:
        return row
    fields = fields_of(row)[:-missing]
    each = [NULL if field is None else bytes_field(field) for field in fields]
    return len(each).to_bytes(2, "big") + b"".join(each)


def a_log(**fields: Any) -> LogDetail:
    """A stored GET without bodies, but for what *fields* say of it, listed or whole."""
    listed: dict[str, Any] = {
        "id": UUID(int=1),
        "service_id": UUID(int=2),
        "service_name": "shop",
        "source": Source.PROXY,
        "timestamp": datetime(2026, 11, 27, tzinfo=UTC),
        "method": "GET",
        "url": "http://x/",
        "path": "/",
        "query_params": {},
        "status_code": 200,
        "latency_ms": 1.0,
        "error": None,
        "source_ip": None,
        "tags": (),
        "request_size": 0,
        "response_size": 0,
    }
    whole: dict[str, Any] = {
        "client_url": None,
        "duration_ms": None,
        "replay_of": None,
        "request_headers": (),
        "response_headers": (),
        "request_body": StoredBody(content=None),
        "response_body": StoredBody(content=None),
    }
    for name, value in fields.items():
        (listed if name in listed else whole)[name] = value
    return LogDetail(item=LogItem(**listed), **whole)
