"""Endpoints of services: what is asked of them, and what each of them is like."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from monitor.logs.filter import PAGE
from monitor.logs.metrics import Measured, Scope
from monitor.logs.parameter import TIME, member_of, read, refuse, wrong_ends
from monitor.logs.query import MEASURED

# So many are put in order; of more, those that are asked most.
MOST_SORTED = 5_000


class Sort(StrEnum):
    REQUESTS = "requests"
    ERRORS = "errors"
    ERROR_RATE = "error_rate"
    AVG = "avg"
    P50 = "p50"
    P95 = "p95"
    P99 = "p99"
    APDEX = "apdex"
    ENDPOINT = "endpoint"
    FIRST_SEEN = "first_seen"
    LAST_SEEN = "last_seen"


class Order(StrEnum):
    ASC = "asc"
    DESC = "desc"


# What one looks for first has the highest figure, but for these.
LOWEST_FIRST = frozenset({Sort.APDEX, Sort.ENDPOINT})


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsAsked:
    """*new_since*: those only that were not there before."""

    scope: Scope
    new_since: datetime | None = None
    sort: Sort = Sort.REQUESTS
    order: Order = Order.DESC
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEndpoint:
    """*apdex*: None where no latency was measured, and none failed."""

    service_id: UUID
    method: str
    endpoint: str
    measured: Measured
    apdex: float | None
    apdex_t_ms: int
    first_seen: datetime | None
    last_seen: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPage:
    items: tuple[ServiceEndpoint, ...]
    total: int
    percentile_error: float


ENDPOINTS = {
    **{name: MEASURED[name] for name in ("service_id", "since", "until", "source")},
    "new_since": TIME.described("only what there was no log of before"),
    "sort": member_of(Sort)
    .described(f"the {MOST_SORTED:,} asked most are sorted")
    .by_default(Sort.REQUESTS.value),
    "order": member_of(Order).described(
        "by default the highest first, but apdex and endpoint"
    ),
    **{name: PAGE[name] for name in ("limit", "offset")},
}


def parse_endpoints_query(pairs: Iterable[tuple[str, str]]) -> EndpointsAsked:
    """Raises InvalidInput naming each parameter that is unknown, repeated or bad."""
    values, errors = read(pairs, ENDPOINTS)
    refuse([*errors, *wrong_ends(values)])
    names = ("service_id", "since", "until", "source")
    scope = Scope(**{name: values.pop(name) for name in names if name in values})
    sort = values.get("sort", Sort.REQUESTS)
    first = Order.ASC if sort in LOWEST_FIRST else Order.DESC
    return EndpointsAsked(scope=scope, **{"order": first, **values})


@dataclass(frozen=True, slots=True)
class Satisfied:
    """How many of *samples* were answered in time, and how many in four times that."""

    satisfied: int
    tolerating: int
    samples: int

    @classmethod
    def of(
        cls, *, satisfied: int, tolerating: int, failed: int, samples: int
    ) -> "Satisfied":
        """What failed frustrates, however quickly; the first two may have of it."""
        most = max(samples - failed, 0)
        satisfied = min(satisfied, most)
        return cls(satisfied, min(tolerating, most - satisfied), samples)

    def __add__(self, other: "Satisfied") -> "Satisfied":
        return Satisfied(
            self.satisfied + other.satisfied,
            self.tolerating + other.tolerating,
            self.samples + other.samples,
        )

    @property
    def apdex(self) -> float | None:
        """The Application Performance Index; None of no samples."""
        if not self.samples:
            return None
        return (self.satisfied + self.tolerating / 2) / self.samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Satisfaction:
    """By method and endpoint, whatever the service; *is_whole*: none is left out."""

    each: Mapping[tuple[str, str], Satisfied]
    is_whole: bool

    @property
    def apdex(self) -> float | None:
        """Of all together; None where that is not known."""
        if not self.is_whole:
            return None
        return sum(self.each.values(), Satisfied(0, 0, 0)).apdex

    def apdex_of(self, method: str, endpoint: str) -> float | None:
        found = self.each.get((method, endpoint))
        return None if found is None else found.apdex


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateChange:
    """Templates that were set by hand at once, and when that was undone, if it was."""

    id: UUID
    service_id: UUID
    templates: tuple[str, ...]
    created_at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """*change_id*: of what set it by hand; None where it was learned."""

    template: str
    change_id: UUID | None
    is_answered: bool
