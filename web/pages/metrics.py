"""The page of the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from aiohttp import web

from monitor.errors import InvalidInput, Unavailable
from monitor.logs.metrics import Endpoints, Measured, Totals
from monitor.registry.mark import DeployMark
from web import render
from web.parts import PageParts
from web.views import figures
from web.views.charts import changes
from web.views.charts.asked import (
    COMPARED,
    KEPT,
    Asked,
    address,
    addresses,
    asked_by,
    ends,
    series,
)
from web.views.charts.changes import Change
from web.views.charts.endpoints import (
    EndpointRow,
    Named,
    Order,
    in_order,
    name_of,
    rows_of,
)
from web.views.choices import choosable
from web.views.figures import Figure, LogLinks, Part

MAX_ENDPOINTS = 100
MAX_MARKS = 100
AROUND = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was measured of the time that is compared with."""

    totals: Totals
    endpoints: Mapping[Named, Measured]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The figures, or why there are none."""

    asked: Asked | None = None
    totals: tuple[tuple[Figure, Change | None], ...] = ()
    by_method: list[Part] | None = None
    by_status: list[Part] | None = None
    endpoints: list[EndpointRow] | None = None
    more_endpoints: int = 0
    logs: str | None = None
    is_exact: bool = True
    marks: list[DeployMark] | None = None
    problem: str | None = None
    field_errors: dict[str, str] | None = None


class MetricsPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        pairs = [(name, value) for name, value in request.query.items() if value]
        given, now = dict(pairs), datetime.now(UTC)
        view, status = await self._view(pairs, now)
        asked = view.asked
        services = await choosable(self._parts.stores.services)
        context = {
            "view": view,
            "given": given,
            "services": services,
            "service_names": {service.id: service.name for service in services},
            "compared": COMPARED,
            "series": asked and series("timeseries", asked.scope),
            "heat": asked and series("heatmap", asked.scope),
            "series_before": asked
            and asked.before
            and series("timeseries", asked.before),
            "around": partial(_around, given),
            **addresses(given, asked, now),
        }
        return await render.page(request, "metrics.html", context, status=status)

    async def _view(
        self, pairs: list[tuple[str, str]], now: datetime
    ) -> tuple[View, int]:
        try:
            asked = asked_by(pairs, now)
        except InvalidInput as error:
            reasons = {str(found.loc[-1]): found.msg for found in error.errors}
            problem = "Some of what the address asks for is not valid."
            return View(problem=problem, field_errors=reasons), 422
        try:
            return await self._measured(asked), 200
        except Unavailable as error:
            problem = f"{error.detail[:1].upper()}{error.detail[1:]}."
            return View(asked=asked, problem=problem), 503

    async def _measured(self, asked: Asked) -> View:
        stores = self._parts.stores
        totals, endpoints = await stores.metrics.overview(asked.scope)
        before = await self._before(asked)
        links = LogLinks(asked.scope)
        marks, _ = await stores.deploys.page(
            service_id=asked.scope.service_id,
            since=asked.scope.since,
            until=asked.scope.until,
            limit=MAX_MARKS,
        )
        rows = await self._rows(asked, endpoints, before, links)
        return View(
            asked=asked,
            totals=_compared(totals, before, links),
            by_method=figures.by_method(totals, links),
            by_status=figures.by_status(totals, links),
            endpoints=rows,
            more_endpoints=len(endpoints.each) - len(rows),
            logs=links.to({}),
            is_exact=not totals.percentile_error,
            marks=marks,
        )

    async def _before(self, asked: Asked) -> Before | None:
        """None where nothing is compared, or there is nothing to compare with."""
        if asked.before is None:
            return None
        totals, endpoints = await self._parts.stores.metrics.overview(asked.before)
        if not totals.measured.requests:
            return None
        named = {name_of(one): one.measured for one in endpoints.each if one.method}
        return Before(totals=totals, endpoints=named)

    async def _rows(
        self, asked: Asked, found: Endpoints, before: Before | None, links: LogLinks
    ) -> list[EndpointRow]:
        were = {} if before is None else before.endpoints
        each = in_order(found.each, were, Order(asked.sort, asked.is_ascending))
        if not asked.all_endpoints:
            each = each[:MAX_ENDPOINTS]
        named = [name_of(one) for one in each if one.method]
        lines = await self._parts.stores.sparklines.of_endpoints(asked.scope, named)
        return rows_of(each, were, lines, links)


def _around(given: Mapping[str, str], mark: DeployMark) -> str:
    """The address of the hour that begins at *mark*, beside the hour before."""
    kept = {name: given[name] for name in KEPT if name in given}
    at = mark.marked_at
    return address({**kept, **ends(at, at + AROUND), "compare": "previous"})


def _compared(
    totals: Totals, before: Before | None, links: LogLinks
) -> tuple[tuple[Figure, Change | None], ...]:
    shown = figures.of_measured(totals.measured, links, {})
    changed: list[Change | None] = [None] * len(shown)
    if before is not None:
        changed = changes.of_measured(totals.measured, before.totals.measured)
    return tuple(zip(shown, changed, strict=True))
