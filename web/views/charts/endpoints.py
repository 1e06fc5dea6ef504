"""Endpoints in a table: their figures now and before, in the order that is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from monitor.logs.metrics import Endpoint, Measured
from web.views.charts.changes import Change, change, points
from web.views.figures import Figure, LogLinks, of_measured
from web.views.formats import duration

Named = tuple[str, str]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRow:
    """*before*: how its p95 changed; None where there is nothing to compare.

    *line*: the points of its sparkline.
    """

    method: str | None
    endpoint: str | None
    figures: tuple[Figure, ...]
    before: Change | None
    line: str


@dataclass(frozen=True, slots=True)
class Order:
    name: str
    is_ascending: bool


def in_order(
    each: Sequence[Endpoint], before: Mapping[Named, Measured], order: Order
) -> list[Endpoint]:
    """The row of all the rest, which has no name, is the last."""
    named = [one for one in each if one.method is not None]
    rest = [one for one in each if one.method is None]
    if order.name == "endpoint":
        named.sort(key=lambda one: (one.endpoint or "", one.method or ""))
        return [*(named if order.is_ascending else reversed(named)), *rest]
    sign = 1 if order.is_ascending else -1

    def place(one: Endpoint) -> tuple[bool, float]:
        value = _value(one, before, order.name)
        return value is None, sign * (value or 0)

    return [*sorted(named, key=place), *rest]


def _value(one: Endpoint, before: Mapping[Named, Measured], name: str) -> float | None:
    if name != "before":
        return KEYS[name](one.measured)
    was = before.get(name_of(one))
    return None if was is None else was.p95_ms


def name_of(one: Endpoint) -> Named:
    return one.method or "", one.endpoint or ""


def rows_of(
    each: Sequence[Endpoint],
    before: Mapping[Named, Measured],
    lines: Mapping[Named, Sequence[int]],
    links: LogLinks,
) -> list[EndpointRow]:
    rows = []
    for found in each:
        chosen = None
        # An empty filter is none; the row of all the rest has no name at all.
        if found.method and found.endpoint:
            chosen = {"method": found.method, "endpoint": found.endpoint}
        was = before.get(name_of(found))
        rows.append(
            EndpointRow(
                method=found.method,
                endpoint=found.endpoint,
                figures=of_measured(found.measured, links, chosen),
                before=None if was is None else _change(found.measured, was),
                line=points(lines.get(name_of(found), ())),
            )
        )
    return rows


def _change(now: Measured, was: Measured) -> Change | None:
    return change(now.p95_ms, was.p95_ms, duration(was.p95_ms))
