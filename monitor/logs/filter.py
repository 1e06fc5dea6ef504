"""Which logs a reader asks for, and from where on."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitor.traffic.exchange import Source
from monitor.traffic.ids import is_log_id

MAX_LIMIT = 500
MAX_OFFSET = 100_000
EXACT_TOTAL = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """All that is set is combined with AND; None does not filter."""

    id: UUID | None = None
    service_id: UUID | None = None
    method: str | None = None
    path: str | None = None
    endpoint: str | None = None
    status_code: int | None = None
    status_class: int | None = None
    has_status: bool | None = None
    min_latency_ms: float | None = None
    max_latency_ms: float | None = None
    has_error: bool | None = None
    is_error: bool | None = None
    tag: str | None = None
    source: Source | None = None
    is_replay: bool | None = None
    pinned: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, newest first: at *offset*, or after *cursor*.

    *newer* turns the direction: the page that ends just before *cursor*, still given
    newest first.
    """

    limit: int = 50
    offset: int = 0
    cursor: UUID | None = None
    newer: bool = False


def encode_cursor(id: UUID) -> str:
    """An opaque text for the last log of a page; ids are time-ordered."""
    return base64.urlsafe_b64encode(id.bytes).decode().rstrip("=")


def decode_cursor(text: str) -> UUID | None:
    """The log after which a page begins, or None if *text* is no cursor of ours."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"==")
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    if len(raw) != 16:
        return None
    id = UUID(bytes=raw)
    return id if is_log_id(id) else None
