"""Answers about logs and what is pushed."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.document.answers.shown import (
    Count,
    Encoding,
    Error,
    Headers,
    ListOf,
    Milliseconds,
    Shown,
    WithheldFor,
)
from monitor.traffic.exchange import Source
from monitor.traffic.message import Direction, MessageKind, MessageState

RawHeaders = list[Annotated[list[str], Field(min_length=2, max_length=2)]]


class LogItem(Shown):
    id: UUID
    service_id: UUID
    service_name: str
    source: Source
    timestamp: AwareDatetime
    method: str
    url: str
    path: str
    query_params: dict[str, Any]
    status_code: int | None
    latency_ms: Milliseconds | None
    error: str | None
    source_ip: str | None
    tags: list[str]
    request_size: Count | None
    response_size: Count | None
    pinned: bool


class Timings(Shown):
    """Null is what did not happen, or was not seen; see docs/timings.md."""

    connect_ms: Milliseconds | None
    tls_ms: Milliseconds | None
    ttfb_ms: Milliseconds | None
    total_ms: Milliseconds | None
    overhead_ms: Milliseconds | None


class Hint(Shown):
    """Why an app may break behind the proxy, in words; see docs/troubleshooting.md."""

    kind: Literal["redirect_loop", "https_loop", "origin"]
    text: str
    section: str


class QueryPart(Shown):
    """`alone`: what this part finds, 1,001 where it is more than 1,000; `without`: what
    is found without it. Null is what was not counted in time."""

    text: str
    offset: Count
    length: Count
    alone: Count | None
    without: Count | None


class Logs(ListOf[LogItem]):
    """`parts`: where a query of several parts finds nothing, what left it out."""

    parts: list[QueryPart] | None = None


class LogDetail(LogItem):
    """`message_count` is of a WebSocket, `event_count` of an event stream. `hints` are
    derived from the log as it is shown.
    """

    client_url: str | None
    duration_ms: Milliseconds | None
    timings: Timings
    message_count: Count | None
    event_count: Count | None
    messages_problem: str | None
    replay_of: UUID | None
    note: str | None
    hints: list[Hint]
    request_headers: Headers
    request_headers_raw: RawHeaders
    request_body: str | None
    request_body_encoding: Encoding
    request_body_truncated: bool
    request_body_withheld: bool
    request_body_withheld_for: WithheldFor
    request_body_gone: bool
    request_body_shed: bool
    request_body_problem: str | None
    response_headers: Headers
    response_headers_raw: RawHeaders
    response_body: str | None
    response_body_encoding: Encoding
    response_body_truncated: bool
    response_body_withheld: bool
    response_body_withheld_for: WithheldFor
    response_body_gone: bool
    response_body_shed: bool
    response_body_problem: str | None


class DeletedLogs(Shown):
    """`deleted`: logs that the filters found; `replays_deleted`: other logs, which were
    replays of these. With `dry_run` nothing went. Where `complete` is false, more may
    be left, after `next_cursor`.
    """

    deleted: Count
    replays_deleted: Count
    dry_run: bool
    complete: bool
    next_cursor: str | None


class Message(Shown):
    """`size` is null where it is not known; `wire_size` is before decompression."""

    direction: Direction
    kind: MessageKind
    at: AwareDatetime
    offset_ms: Milliseconds
    opcode: Annotated[int, Field(ge=1, le=10)] | None
    name: str | None
    event_id: str | None
    size: Count | None
    wire_size: Count
    data: str
    encoding: Encoding
    truncated: bool
    state: MessageState
    withheld_for: WithheldFor


class Batch(Shown):
    accepted: Count
    ids: list[UUID]


class HarImport(Batch):
    """`skipped`: how many were left out; `left_out`: the first of them, and why."""

    skipped: Count
    left_out: list[Error]
