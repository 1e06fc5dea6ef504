"""Logs, as those who read them see them: in a list, and whole."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from monitor.traffic.exchange import NO_TIMINGS, BodyState, Source, Timings
from monitor.traffic.fields import Fields, HeaderObject


@dataclass(frozen=True, slots=True, kw_only=True)
class LogItem:
    """One log as lists show it: no headers, no bodies."""

    id: UUID
    service_id: UUID
    service_name: str
    source: Source
    timestamp: datetime
    method: str
    url: str
    path: str
    query_params: dict[str, Any]
    status_code: int | None
    latency_ms: float | None
    error: str | None
    source_ip: str | None
    tags: tuple[str, ...]
    request_size: int | None
    response_size: int | None
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a list says of a log that is not in its item."""

    endpoint: str
    is_truncated: bool
    is_masked: bool
    is_withheld: bool
    is_websocket: bool
    is_stream: bool
    was_replayed: bool
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBody:
    """The kept bytes of a body as they passed, content coding included.

    *content* is None where no body was given, where it *is_gone* (past its retention),
    and where *state* is WITHHELD. Where *state* is REDACTED it is decoded already, and
    so it is where it *is_plain*: pushed bodies are, whatever their header says.
    *is_limited*: it is withheld because to mask it would have been too much work.
    """

    content: bytes | None
    truncated: bool = False
    state: BodyState = BodyState.KEPT
    is_limited: bool = False
    is_gone: bool = False
    is_plain: bool = False

    @property
    def is_decoded(self) -> bool:
        """Whether it is without the content coding that its header names."""
        return self.is_plain or self.state is BodyState.REDACTED


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDetail:
    item: LogItem
    client_url: str | None
    duration_ms: float | None
    replay_of: UUID | None
    request_headers: Fields | HeaderObject
    response_headers: Fields | HeaderObject
    request_body: StoredBody
    response_body: StoredBody
    note: str | None = None
    timings: Timings = NO_TIMINGS
    # All that passed; None where it was no WebSocket, or no event stream.
    message_count: int | None = None
    event_count: int | None = None
    messages_problem: str | None = None
    # As its service has it now: a log does not say.
    keeps_host: bool = False
    # What the archive it came in said of it besides.
    har: dict[str, Any] | None = None

    @property
    def id(self) -> UUID:
        return self.item.id

    @property
    def total_ms(self) -> float | None:
        """From the first byte of the request to the very last one that passed."""
        lasted = self.duration_ms
        return self.item.latency_ms if lasted is None else lasted

    @property
    def has_messages(self) -> bool:
        return bool(self.message_count or self.event_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPart:
    """A part of a query: what it finds *alone*, and all else *without* it.

    None is what was not counted in time.
    """

    text: str
    offset: int
    length: int
    alone: int | None
    without: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """One page, newest first.

    *total* is exact up to filters.EXACT_TOTAL and None beyond. *complete* is False
    where the time limit was reached; *next_cursor* then goes on from there, from
    *searched_to*, which is None where not even a part was searched. *prev_cursor* leads
    to newer ones. *parts* are there where nothing is found: what left it out.
    """

    items: tuple[LogItem, ...]
    total: int | None
    total_at_least: int
    limit: int
    offset: int
    next_cursor: str | None
    complete: bool
    prev_cursor: str | None = None
    searched_to: datetime | None = None
    parts: tuple[QueryPart, ...] = ()
