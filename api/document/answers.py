"""What the calls of /v1 answer, as models: for /openapi.json and its tests."""

from datetime import datetime
from enum import StrEnum
from types import GenericAlias
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model

from monitor.alerts.channel import ChannelKind, DeliveryState
from monitor.alerts.condition import ConditionField, ConditionOperator
from monitor.alerts.state import AlertState
from monitor.alerts.window import Aggregate
from monitor.registry.resources import ServiceResource
from monitor.traffic.exchange import Source
from monitor.traffic.message import Direction, MessageKind, MessageState

Item = TypeVar("Item")
Rate = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0)]


class Shown(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Error(Shown):
    loc: list[str | int] = Field(examples=[["body", "base_url"]])
    msg: str
    type: str


class Problem(Shown):
    """RFC 9457. `errors` is there for bad input."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Error] | None = None


class ListOf(Shown, Generic[Item]):
    """`total` is null beyond 10,000; `next_cursor` goes on where there is more,
    `prev_cursor`, with `newer=true`, leads back. `searched_to`: how far a search got
    that is not `complete`."""

    items: list[Item]
    total: Count | None
    total_at_least: Count
    limit: Count
    offset: Count
    next_cursor: str | None
    prev_cursor: str | None
    complete: bool
    searched_to: AwareDatetime | None


def _service() -> type[Shown]:
    """The fields of ServiceResource, as JSON has them."""
    fields: dict[str, Any] = {"id": (UUID, ...), "service_id": (UUID, ...)}
    for name, known in get_type_hints(ServiceResource).items():
        fields[name] = (_in_json(known), ...)
    return create_model("Service", __base__=Shown, **fields)


def _in_json(known: Any) -> Any:
    if known is datetime:
        return AwareDatetime
    if get_origin(known) is tuple:
        return GenericAlias(list, get_args(known)[:1])
    if isinstance(known, type) and issubclass(known, StrEnum):
        return Literal[tuple(known)]
    return known


class Service(_service()):  # type: ignore[misc]
    """`notice` is there where something is to be known of its hosts."""

    notice: str | None = None


class Key(Shown):
    id: UUID
    service_id: UUID
    name: str
    key_prefix: str
    is_active: bool
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None


class MadeKey(Shown):
    """`raw_key` is shown this once."""

    id: UUID
    service_id: UUID
    name: str
    key_prefix: str
    raw_key: str
    is_active: bool
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None = None


class Token(Shown):
    """`token_prefix` is null of tokens of an older version."""

    id: UUID
    name: str
    token_prefix: str | None
    read_only: bool
    is_active: bool
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_at: AwareDatetime | None


class MadeToken(Token):
    """`raw_token` is shown this once."""

    raw_token: str


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


Encoding = Literal["utf-8", "base64"]
WithheldFor = Literal["unreadable", "work_limit"] | None
Headers = dict[str, Any]
RawHeaders = list[Annotated[list[str], Field(min_length=2, max_length=2)]]


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


class Difference(Shown):
    """`reason` is there where it is volatile: how that is known."""

    path: str
    kind: Literal["added", "removed", "changed", "type_changed", "unavailable"]
    left: Any
    right: Any
    volatile: bool
    reason: str = ""


class OrderDifference(Shown):
    """An array with the same elements in another order."""

    path: str
    volatile: bool


class StatusComparison(Shown):
    left: int | None
    right: int | None
    equal: bool


class LatencyComparison(Shown):
    left: float | None
    right: float | None
    difference: float | None


class Comparison(Shown):
    """`left` is the original, `right` the replay."""

    equal: bool
    equal_but_for_volatile: bool
    complete: bool
    notes: list[str]
    order: list[OrderDifference]
    status: StatusComparison
    latency_ms: LatencyComparison
    headers: list[Difference]
    body_kind: Literal["json", "text", "binary", "empty", "unavailable"]
    body: list[Difference]


class Overridden(Shown):
    """What was given in place of the log's own; null where it was not."""

    method: str | None
    url: str | None
    headers: dict[str, str | None] | None
    body_size: Count | None


class Replay(Shown):
    id: UUID
    log_id: UUID
    service_id: UUID
    replay_log_id: UUID | None
    status: Literal["success", "failed"]
    status_code: int | None
    response_headers: Headers
    response_body: str | None
    response_body_encoding: Encoding
    response_body_truncated: bool
    response_body_withheld: bool
    response_body_withheld_for: WithheldFor
    response_body_shed: bool
    response_body_problem: str | None
    latency_ms: Milliseconds | None
    error: str | None
    omitted_headers: list[str]
    overridden: Overridden
    comparison: Comparison | None
    comparison_problem: str | None
    created_at: AwareDatetime


class Measured(Shown):
    error_count: Count
    error_rate: Rate
    avg_latency_ms: Milliseconds | None
    p50_latency_ms: Milliseconds | None
    p95_latency_ms: Milliseconds | None
    p99_latency_ms: Milliseconds | None


class Totals(Measured):
    total_requests: Count
    by_method: dict[str, Count]
    by_status: dict[str, Count]


class MeasuredBucket(Measured):
    start: AwareDatetime
    requests: Count


class Timeseries(Shown):
    total_requests: Count
    bucket_s: float
    since: AwareDatetime | None
    until: AwareDatetime | None
    buckets: list[MeasuredBucket]


class MeasuredEndpoint(Measured):
    """All beyond the 1,000 asked most are one row without a name."""

    method: str | None
    endpoint: str | None
    requests: Count


class Endpoints(Shown):
    total_requests: Count
    endpoints: list[MeasuredEndpoint]


class Alert(Shown):
    """`state` and what follows it are of rules over a window."""

    id: UUID
    service_id: UUID
    name: str
    description: str | None
    condition_field: ConditionField | None
    condition_operator: ConditionOperator
    condition_value: str
    aggregate: Aggregate | None
    window_s: int | None
    for_s: int | None
    threshold: int | None
    recovery_threshold: float | None
    cooldown_s: int | None
    include_old: bool
    is_active: bool
    error: str | None
    state: AlertState | None
    state_since: AwareDatetime | None
    value: float | None
    last_fired_at: AwareDatetime | None
    created_at: AwareDatetime
    updated_at: AwareDatetime


class AlertEvent(Shown):
    id: UUID
    alert_id: UUID
    service_id: UUID
    log_id: UUID | None
    state: Literal[AlertState.FIRING, AlertState.RESOLVED]
    fired_at: AwareDatetime
    message: str


class Channel(Shown):
    """What is secret in the URL of a channel is masked."""

    id: UUID
    service_id: UUID | None
    name: str
    kind: ChannelKind
    url: str
    is_active: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime


class MadeChannel(Channel):
    """The `secret` of a webhook is shown this once."""

    secret: str | None


class Attempt(Shown):
    number: Count
    started_at: AwareDatetime
    status_code: int | None
    error: str | None
    duration_ms: Milliseconds | None


class Delivery(Shown):
    id: UUID
    channel_id: UUID
    alert_id: UUID | None
    event_id: UUID | None
    state: DeliveryState
    next_attempt_at: AwareDatetime | None
    created_at: AwareDatetime
    attempts: list[Attempt]


class Health(Shown):
    status: Literal["ok"]
    database: Literal["ok", "away"]


class Readiness(Shown):
    status: Literal["ready", "starting", "draining"]
