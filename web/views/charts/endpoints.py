"""Endpoints in a table: their figures now and before, in the order that is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from monitor.logs.endpoints import Satisfaction
from monitor.logs.metrics import Endpoint, Measured
from web.views.charts import changes
from web.views.charts.changes import Change, change, points
from web.views.figures import Figure, LogLinks, of_apdex, of_measured

Named = tuple[str, str]
# The place of the p95 among the figures.
P95 = 5
# Names of orders, and what they go by; None comes last, either way.
KEYS: Mapping[str, Callable[[Measured], float | None]] = {
    "requests": lambda measured: measured.requests,
    "errors": lambda measured: measured.errors,
    "error_rate": lambda measured: measured.error_rate,
    "average": lambda measured: measured.avg_ms,
    "p50": lambda measured: measured.p50_ms,
    "p95": lambda measured: measured.p95_ms,
    "p99": lambda measured: measured.p99_ms,
}


# In the order of the table: names of orders, and what stands above them.
COLUMNS = {
    "requests": "Requests",
    "errors": "Errors",
    "error_rate": "Error rate",
    "average": "Average",
    "p50": "p50",
    "p95": "p95",
    "before": "p95 before",
    "p99": "p99",
    "apdex": "Apdex",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is measured of endpoints in one window, and where its logs are.

    *t_ms*: from where on an answer is shown as slow.
    """

    measured: Mapping[Named, Measured]
    satisfaction: Satisfaction
    links: LogLinks
    t_ms: int

    def figures(
        self, measured: Measured, chosen: Mapping[str, str] | None, named: Named
    ) -> tuple[Figure, ...]:
        apdex = self.satisfaction.apdex_of(*named)
        found = of_measured(measured, self.links, chosen)
        return (*found, of_apdex(apdex, self.t_ms, self.links, chosen))


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRow:
    """*cells*: its figures, each with how it changed; None where there is nothing to
    compare. *p95_change* is that of its p95.

    *line*: the points of its sparkline; *link*: where its logs are.
    """

    method: str | None
    endpoint: str | None
    cells: tuple[tuple[Figure, Change | None], ...]
    p95_change: Change | None
    line: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Order:
    name: str
    is_ascending: bool


def in_order(
    each: Sequence[Endpoint], now: Known, before: Known | None, order: Order
) -> list[Endpoint]:
    """The row of all the rest, which has no name, is the last."""
    named = [one for one in each if one.method is not None]
    rest = [one for one in each if one.method is None]
    if order.name == "endpoint":
        named.sort(key=lambda one: (one.endpoint or "", one.method or ""))
        return [*(named if order.is_ascending else reversed(named)), *rest]
    sign = 1 if order.is_ascending else -1

    def place(one: Endpoint) -> tuple[bool, float]:
        value = _value(one, now, before, order.name)
        return value is None, sign * (value or 0)

    return [*sorted(named, key=place), *rest]


def _value(one: Endpoint, now: Known, before: Known | None, name: str) -> float | None:
    if name == "apdex":
        return now.satisfaction.apdex_of(*name_of(one))
    if name != "before":
        return KEYS[name](one.measured)
    was = None if before is None else before.measured.get(name_of(one))
    return was.p95_ms if was else None


def name_of(one: Endpoint) -> Named:
    return one.method or "", one.endpoint or ""


def rows_of(
    each: Sequence[Endpoint],
    now: Known,
    before: Known | None,
    lines: Mapping[Named, Sequence[int]],
) -> list[EndpointRow]:
    return [_row(one, now, before, lines.get(name_of(one), ())) for one in each]


def _row(
    found: Endpoint, now: Known, before: Known | None, line: Sequence[int]
) -> EndpointRow:
    named, chosen = name_of(found), None
    # An empty filter is none; the row of all the rest has no name at all.
    if found.method and found.endpoint:
        chosen = {"method": found.method, "endpoint": found.endpoint}
    figures = now.figures(found.measured, chosen, named)
    changed = _changes(found.measured, now, before, named, chosen)
    return EndpointRow(
        method=found.method,
        endpoint=found.endpoint,
        cells=tuple(zip(figures, changed, strict=True)),
        p95_change=changed[P95],
        line=points(line),
        link=None if chosen is None else now.links.to(chosen),
    )


def _changes(
    measured: Measured,
    now: Known,
    before: Known | None,
    named: Named,
    chosen: Mapping[str, str] | None,
) -> list[Change | None]:
    """In the order of the figures."""
    was = None if before is None else before.measured.get(named)
    if before is None or was is None:
        return [None] * (P95 + 3)
    *were, apdex = before.figures(was, chosen, named)
    judged = change(
        now.satisfaction.apdex_of(*named),
        before.satisfaction.apdex_of(*named),
        apdex.text,
        is_better_high=True,
        link=apdex.link,
    )
    return [*changes.of_measured(measured, was, were), judged]
