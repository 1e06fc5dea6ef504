"""Facets and timelines: of what and of when the logs are that a filter finds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.errors import InvalidInput
from monitor.logs.metrics import MAX_BUCKETS, floor, width_for
from monitor.logs.parameter import query_error

MOST_VALUES = 20
MOST_BUCKETS = 500


class FacetName(StrEnum):
    SERVICE = "service"
    METHOD = "method"
    STATUS = "status"
    ENDPOINT = "endpoint"
    SOURCE = "source"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Counted:
    """Logs, and those of them that the metrics count as errors."""

    requests: int = 0
    errors: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.requests + other.requests, self.errors + other.errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Of which logs it is told: from *since*, up to and without *until*.

    None is no bound. *is_exact*: these are all that the filter asks for. *logs*: so
    many were looked at one by one, or found where an index told which these are; None
    where rollups were read.
    """

    is_exact: bool
    since: datetime | None
    until: datetime | None
    logs: int | None


@dataclass(frozen=True, slots=True)
class FacetValue:
    """*query* is the term that asks for it; None where a query cannot."""

    value: str
    query: str | None
    counted: Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """The MOST_VALUES most frequent values first, and all *others* together.

    A log with several tags counts for each of them.
    """

    name: FacetName
    values: tuple[FacetValue, ...]
    others: Counted
    covered: Covered


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    counted: Counted
    covered: Covered
    each: tuple[Facet, ...]


@dataclass(frozen=True, slots=True)
class Bucket:
    """What began at *start* or later, and before the next bucket."""

    start: datetime
    counted: Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Buckets of one width, empty ones too, as far as is *covered*."""

    width: timedelta
    buckets: tuple[Bucket, ...]
    covered: Covered

    @property
    def counted(self) -> Counted:
        return sum((bucket.counted for bucket in self.buckets), Counted())


def width_of(
    first: datetime, last: datetime, given: timedelta | None, shortest: timedelta
) -> timedelta:
    """*given*, else the finest that makes few buckets, and no finer than *shortest*
    where that makes some.

    Raises InvalidInput where there would be more than MOST_BUCKETS.
    """
    if given is None:
        width, window = width_for(last - first), last - first
        return max(width, shortest) if window >= shortest * _SOME else width
    count = (last - floor(first, given)) // given + 1
    if count > MOST_BUCKETS:
        reason = (
            f"would make {count:,} buckets of what is asked for, and {MOST_BUCKETS} "
            "is the most: take wider ones, or narrow since and until"
        )
        raise InvalidInput(
            "the query is not valid", errors=[query_error("bucket_s", reason)]
        )
    return given


# So many buckets are told apart well enough.
_SOME = MAX_BUCKETS // 5
