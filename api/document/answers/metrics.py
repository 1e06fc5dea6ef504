"""Answers about metrics, and about the moments that are marked in them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.document.answers.shown import Count, ListOf, Milliseconds, Shown

Rate = Annotated[float, Field(ge=0, le=1)]


class Measured(Shown):
    error_count: Count
    error_rate: Rate
    avg_latency_ms: Milliseconds | None
    p50_latency_ms: Milliseconds | None
    p95_latency_ms: Milliseconds | None
    p99_latency_ms: Milliseconds | None


PercentileError = Annotated[
    float,
    Field(
        ge=0,
        le=0.01,
        description="how far, relatively, percentiles may be from the exact ones",
    ),
]


class Totals(Measured):
    total_requests: Count
    percentile_error: PercentileError
    by_method: dict[str, Count]
    by_status: dict[str, Count]


class MeasuredBucket(Measured):
    start: AwareDatetime
    requests: Count


class Timeseries(Shown):
    total_requests: Count
    percentile_error: PercentileError
    bucket_s: float
    since: AwareDatetime | None
    until: AwareDatetime | None
    buckets: list[MeasuredBucket]


class HeatBucket(Shown):
    start: AwareDatetime
    counts: list[Count]


class HeatMap(Shown):
    """`counts[n]` lasted from `edges_ms[n]` on and less than the edge behind it, which
    is null where there is none."""

    bucket_s: float
    since: AwareDatetime | None
    until: AwareDatetime | None
    edges_ms: list[float | None]
    buckets: list[HeatBucket]


class MeasuredEndpoint(Measured):
    """All beyond the 1,000 asked most are one row without a name."""

    method: str | None
    endpoint: str | None
    requests: Count


class ServiceEndpoint(Measured):
    """Of one method; `apdex` is null where no latency was measured and none failed."""

    service_id: UUID
    method: str
    endpoint: str
    requests: Count
    apdex: Rate | None
    apdex_t_ms: Count
    first_seen: AwareDatetime | None
    last_seen: AwareDatetime | None


class EndpointList(ListOf[ServiceEndpoint]):
    percentile_error: PercentileError


class Template(Shown):
    """`change_id`: what set it; null where it was learned. Not `is_answered`: all
    who asked had a 401, 403, 404, 405 or 410."""

    template: str
    change_id: UUID | None
    is_answered: bool


class TemplateChange(Shown):
    id: UUID
    service_id: UUID
    templates: list[str]
    created_at: AwareDatetime
    undone_at: AwareDatetime | None


class TemplateHistory(ListOf[TemplateChange]):
    """`is_renaming`: stored logs are being named anew."""

    is_renaming: bool


class Endpoints(Shown):
    total_requests: Count
    percentile_error: PercentileError
    endpoints: list[MeasuredEndpoint]


class Mark(Shown):
    """Without `service_id` it is of all services."""

    id: UUID
    service_id: UUID | None
    text: str
    timestamp: AwareDatetime
    created_at: AwareDatetime
