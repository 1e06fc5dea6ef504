"""The page of the metrics."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from aiohttp import web

from monitor.errors import InvalidInput, Unavailable
from monitor.logs.metrics import Endpoints, Measured, Scope
from monitor.registry.mark import DeployMark
from web import render
from web.parts import PageParts
from web.views import figures
from web.views.charts import changes, shares
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
from web.views.charts.changes import Change, change
from web.views.charts.endpoints import (
    COLUMNS,
    EndpointRow,
    Known,
    Order,
    in_order,
    name_of,
    rows_of,
)
from web.views.charts.shares import Counted, Part
from web.views.choices import choosable
from web.views.figures import Figure, LogLinks

MAX_ENDPOINTS = 100
MAX_MARKS = 100
AROUND = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What was measured of a time: that which is asked for, or one compared with it."""

    counted: Counted
    endpoints: Endpoints
    known: Known

    @property
    def measured(self) -> Measured:
        return self.counted.totals.measured

    def figures(self) -> tuple[Figure, ...]:
        found = figures.of_measured(self.measured, self.known.links, {})
        apdex = self.known.satisfaction.apdex
        return (
            *found,
            figures.of_apdex(apdex, self.known.t_ms, self.known.links, {}),
        )


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
    logs_before: str | None = None
    is_exact: bool = True
    marks: list[DeployMark] | None = None
    marks_before: list[DeployMark] | None = None
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
            "columns": COLUMNS,
            "series": asked and series("timeseries", asked.scope),
            "heat": asked and series("heatmap", asked.scope),
            **_before(asked, view),
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
        t_ms = await self._t_ms(asked.scope)
        now, before = await asyncio.gather(
            self._window(asked.scope, t_ms), self._window_before(asked, t_ms)
        )
        rows = await self._rows(asked, now, before)
        was = None if before is None else before.counted
        return View(
            asked=asked,
            totals=_compared(now, before),
            by_method=shares.by_method(now.counted, was),
            by_status=shares.by_status(now.counted, was),
            endpoints=rows,
            more_endpoints=len(now.endpoints.each) - len(rows),
            logs=now.known.links.to({}),
            is_exact=not now.counted.totals.percentile_error,
            logs_before=None if before is None else before.known.links.to({}),
            marks=await self._marks(asked.scope),
            marks_before=await self._marks(asked.before) if before else None,
        )

    async def _window_before(self, asked: Asked, t_ms: int) -> Window | None:
        """None where nothing is compared, or nothing was measured."""
        if asked.before is None:
            return None
        before = await self._window(asked.before, t_ms)
        return before if before.measured.requests else None

    async def _marks(self, scope: Scope | None) -> list[DeployMark]:
        if scope is None:
            return []
        marks, _ = await self._parts.stores.deploys.page(
            service_id=scope.service_id,
            since=scope.since,
            until=scope.until,
            limit=MAX_MARKS,
        )
        return marks

    async def _t_ms(self, scope: Scope) -> int:
        """Apdex' T of the chosen service, or of those without one of their own."""
        default = self._parts.settings.apdex_t_ms
        if scope.service_id is None:
            return default
        service = await self._parts.stores.services.get(scope.service_id)
        return service.apdex_t_ms or default if service else default

    async def _window(self, scope: Scope, t_ms: int) -> Window:
        stores, links = self._parts.stores, LogLinks(scope)
        (totals, endpoints), satisfaction = await asyncio.gather(
            stores.metrics.overview(scope), stores.endpoints.satisfaction(scope)
        )
        return Window(
            counted=Counted(totals, links),
            endpoints=endpoints,
            known=Known(
                measured={name_of(e): e.measured for e in endpoints.each if e.method},
                satisfaction=satisfaction,
                links=links,
                t_ms=t_ms,
            ),
        )

    async def _rows(
        self, asked: Asked, now: Window, before: Window | None
    ) -> list[EndpointRow]:
        was = None if before is None else before.known
        order = Order(asked.sort, asked.is_ascending)
        each = in_order(now.endpoints.each, now.known, was, order)
        if not asked.all_endpoints:
            each = each[:MAX_ENDPOINTS]
        named = [name_of(one) for one in each if one.method]
        lines = await self._parts.stores.sparklines.of_endpoints(asked.scope, named)
        return rows_of(each, now.known, was, lines)


def _before(asked: Asked | None, view: View) -> dict[str, str | None]:
    """What charts draw beside; None where there is nothing."""
    if asked is None or asked.before is None or view.logs_before is None:
        return {"series_before": None, "heat_before": None}
    return {
        "series_before": series("timeseries", asked.before),
        "heat_before": series("heatmap", asked.before),
    }


def _around(given: Mapping[str, str], mark: DeployMark) -> str:
    """The address of the hour that begins at *mark*, beside the hour before."""
    kept = {name: given[name] for name in KEPT if name in given}
    at = mark.marked_at
    return address({**kept, **ends(at, at + AROUND), "compare": "previous"})


def _compared(
    now: Window, before: Window | None
) -> tuple[tuple[Figure, Change | None], ...]:
    shown = now.figures()
    changed: list[Change | None] = [None] * len(shown)
    if before is not None:
        *were, apdex = before.figures()
        judged = change(
            now.known.satisfaction.apdex,
            before.known.satisfaction.apdex,
            apdex.text,
            is_better_high=True,
            link=apdex.link,
        )
        changed = [*changes.of_measured(now.measured, before.measured, were), judged]
    return tuple(zip(shown, changed, strict=True))
