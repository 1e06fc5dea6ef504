"""Services and how each went within the last day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from monitor.logs.metrics import NOTHING, Scope, ServiceMeasured
from monitor.registry.resources import ServiceResource
from web.views.charts.changes import points
from web.views.figures import Figure, LogLinks, of_measured
from web.views.formats import count, duration, percent

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """*line*: the points of its sparkline; *is_bad*: some of its requests failed."""

    service: ServiceResource
    requests: str
    error_rate: str
    p95: str
    line: str
    is_bad: bool


def rows_of(
    services: Sequence[ServiceResource], measured: Mapping[UUID, ServiceMeasured]
) -> list[ServiceRow]:
    rows = []
    for service in services:
        found = measured.get(service.id)
        figures = NOTHING if found is None else found.measured
        rows.append(
            ServiceRow(
                service=service,
                requests=count(figures.requests),
                error_rate=percent(figures.error_rate),
                p95=duration(figures.p95_ms),
                line=points(() if found is None else found.requests),
                is_bad=figures.errors > 0,
            )
        )
    return rows


def figures_of(
    id: UUID, measured: Mapping[UUID, ServiceMeasured], now: datetime
) -> list[Figure]:
    """Of one service, each with the logs that it was taken from; none without logs."""
    if id not in measured:
        return []
    links = LogLinks(Scope(service_id=id, since=now - DAY, until=now))
    wanted = ("Requests", "Error rate", "p50", "p95")
    found = of_measured(measured[id].measured, links, {})
    return [figure for figure in found if figure.name in wanted]
