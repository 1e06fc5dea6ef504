"""Answers about replays and their comparisons."""

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime

from api.document.answers.shown import (
    Count,
    Encoding,
    Headers,
    Milliseconds,
    Shown,
    WithheldFor,
)


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


class SentRequest(Shown):
    """`log_id` is null where it was not recorded within 5 s; the log has the body."""

    log_id: UUID | None
    service_id: UUID
    status: Literal["success", "failed"]
    status_code: int | None
    response_headers: Headers
    latency_ms: Milliseconds | None
    error: str | None
    omitted_headers: list[str]
    created_at: AwareDatetime


class Spread(Shown):
    min: Milliseconds | None
    median: Milliseconds | None
    p95: Milliseconds | None
    max: Milliseconds | None


class DistinctRequest(Shown):
    """Answers of one status and one body; `sha256` of what was kept of it."""

    status_code: int | None
    sha256: str
    size: Count
    count: Count
    log_id: UUID | None


class DistinctAnswer(Shown):
    """As of requests from scratch, by its replay."""

    status_code: int | None
    sha256: str
    size: Count
    count: Count
    replay_id: UUID
    replay_log_id: UUID | None


class OneOfRequests(Shown):
    log_id: UUID | None
    status: Literal["success", "failed"]
    status_code: int | None
    latency_ms: Milliseconds | None
    error: str | None


class OneOfSeries(Shown):
    id: UUID
    replay_log_id: UUID | None
    status: Literal["success", "failed"]
    status_code: int | None
    latency_ms: Milliseconds | None
    error: str | None


class Varying(Shown):
    """Names of headers, and places in bodies, where answers differ from each other."""

    headers: list[str]
    body: list[str]


class RequestSeries(Shown):
    """`sent` is less than `count` where REPLAY_TIMEOUT_S was over before."""

    count: Count
    concurrency: Count
    sent: Count
    statuses: dict[str, Count]
    latency_ms: Spread
    answers: list[DistinctRequest]
    varies: Varying | None
    items: list[OneOfRequests]


class Series(Shown):
    """As of requests from scratch, each a replay."""

    count: Count
    concurrency: Count
    sent: Count
    statuses: dict[str, Count]
    latency_ms: Spread
    answers: list[DistinctAnswer]
    varies: Varying | None
    items: list[OneOfSeries]
