"""Metrics: what is counted and measured of many logs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from uuid import UUID

from monitor.traffic.exchange import Source

MAX_BUCKETS = 120
MAX_ENDPOINTS = 1_000
WIDTHS = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(1, 5, 10, 15, 30, 60, 300, 900, 1800, 3600),
        *(10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which logs are measured. Replays are left out unless *source* asks for them.

    *exact*: the percentiles too, however many logs there are.
    """

    service_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    source: Source | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Counts and latencies, in milliseconds; None where nothing was measured."""

    requests: int
    errors: int
    avg_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None

    @property
    def error_rate(self) -> float:
        return self.errors / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """*percentile_error*: how far, relatively, percentiles may be from exact ones."""

    measured: Measured
    by_method: dict[str, int]
    by_status: dict[str, int]
    percentile_error: float


@dataclass(frozen=True, slots=True)
class MetricsBucket:
    """What began at *start* or later, and before the next bucket."""

    start: datetime
    measured: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    width: timedelta
    since: datetime | None
    until: datetime | None
    buckets: tuple[MetricsBucket, ...]
    percentile_error: float = 0.0


@dataclass(frozen=True, slots=True)
class EndpointKey:
    service_id: UUID
    method: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """*endpoint* is None for all beyond the MAX_ENDPOINTS that are asked most."""

    method: str | None
    endpoint: str | None
    measured: Measured


@dataclass(frozen=True, slots=True)
class Endpoints:
    each: tuple[Endpoint, ...]
    percentile_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMeasured:
    """How a service goes; *requests*: those of each part of the window."""

    service_id: UUID
    measured: Measured
    requests: tuple[int, ...]


NOTHING = Measured(
    requests=0, errors=0, avg_ms=None, p50_ms=None, p95_ms=None, p99_ms=None
)


def width_for(window: timedelta) -> timedelta:
    """The finest width that cuts *window* into MAX_BUCKETS at most."""
    for width in WIDTHS:
        if window / width <= MAX_BUCKETS - 1:
            return width
    return WIDTHS[-1] * ceil(window / WIDTHS[-1] / (MAX_BUCKETS - 1))


def floor(moment: datetime, width: timedelta) -> datetime:
    """The last multiple of *width*, counted from 1970, that is not after *moment*."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return moment - (moment - epoch) % width


def starts_of(first: datetime, last: datetime, width: timedelta) -> list[datetime]:
    """Where the buckets begin in which *first* to *last* lie, both with them."""
    start = floor(first, width)
    return [start + n * width for n in range((last - start) // width + 1)]


def ceiling(moment: datetime, width: timedelta) -> datetime:
    """The first such multiple that is not before *moment*."""
    below = floor(moment, width)
    return moment if below == moment else below + width
