"""The page of the metrics."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from monitor import times
from monitor.errors import InvalidInput, Unavailable
from monitor.logs.metrics import Scope
from monitor.logs.parameter import Parameter, read
from monitor.logs.query import parse_scope
from web import render
from web.parts import PageParts
from web.views import figures, windows
from web.views.choices import choosable
from web.views.figures import EndpointRow, Figure, LogLinks, Part
from web.views.windows import Window

MAX_ENDPOINTS = 100
ENDS = ("since", "until")
KEPT = ("service_id", "source", "exact")


def _all(text: str) -> bool:
    if text != "all":
        raise ValueError("must be all")
    return True


OWN = {"range": Parameter(windows.preset), "endpoints": Parameter(_all)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is measured, of which time, and whether no endpoint is left out."""

    scope: Scope
    window: Window
    all_endpoints: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The figures, or why there are none."""

    asked: Asked | None = None
    totals: tuple[Figure, ...] = ()
    by_method: list[Part] | None = None
    by_status: list[Part] | None = None
    endpoints: list[EndpointRow] | None = None
    more_endpoints: int = 0
    logs: str | None = None
    is_exact: bool = True
    problem: str | None = None
    field_errors: dict[str, str] | None = None


class MetricsPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        pairs = [(name, value) for name, value in request.query.items() if value]
        given, now = dict(pairs), datetime.now(UTC)
        view, status = await self._view(pairs, now)
        context = {
            "view": view,
            "given": given,
            "services": await choosable(self._parts.stores.services),
            "series": view.asked and _series(view.asked.scope),
            **_addresses(given, view.asked, now),
        }
        return await render.page(request, "metrics.html", context, status=status)

    async def _view(
        self, pairs: list[tuple[str, str]], now: datetime
    ) -> tuple[View, int]:
        try:
            asked = _asked(pairs, now)
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
        totals, endpoints = await self._parts.stores.metrics.overview(asked.scope)
        links = LogLinks(asked.scope)
        each = endpoints.each
        shown = each if asked.all_endpoints else each[:MAX_ENDPOINTS]
        return View(
            asked=asked,
            totals=figures.of_measured(totals.measured, links, {}),
            by_method=figures.by_method(totals, links),
            by_status=figures.by_status(totals, links),
            endpoints=figures.by_endpoint(shown, links),
            more_endpoints=len(each) - len(shown),
            logs=links.to({}),
            is_exact=not totals.percentile_error,
        )


def _asked(pairs: list[tuple[str, str]], now: datetime) -> Asked:
    """Ends of one's own go before a range. Raises InvalidInput."""
    values, errors = read([pair for pair in pairs if pair[0] in OWN], OWN)
    try:
        scope = parse_scope([pair for pair in pairs if pair[0] not in OWN])
    except InvalidInput as error:
        raise InvalidInput(error.detail, errors=[*errors, *error.errors]) from None
    if errors:
        raise InvalidInput("the query is not valid", errors=errors)
    if scope.since or scope.until:
        window = Window(None, scope.since, scope.until)
    else:
        window = windows.ending(now, values.get("range", windows.DEFAULT))
        scope = replace(scope, since=window.since, until=window.until)
    return Asked(
        scope=scope, window=window, all_endpoints=values.get("endpoints", False)
    )


def _addresses(
    given: dict[str, str], asked: Asked | None, now: datetime
) -> dict[str, Any]:
    """Of this page with another time, or with all endpoints."""
    kept = {name: value for name, value in given.items() if name in KEPT}
    presets = {name: _address({**kept, "range": name}) for name in windows.PRESETS}
    beside = windows.beside(asked.window, now) if asked else {}
    return {
        "page_address": _address(kept),
        "presets": presets,
        "further": windows.further(asked.window.preset if asked else None),
        "beside": {
            name: _address({**kept, **_ends(window.since, window.until)})
            for name, window in beside.items()
        },
        "all_endpoints": _address({**given, "endpoints": "all"}),
        "exactly": _address({**given, "exact": "true"}),
    }


def _series(scope: Scope) -> str:
    """The call that the charts are drawn from."""
    asked = {"service_id": scope.service_id, "source": scope.source}
    query = {name: str(value) for name, value in asked.items() if value is not None}
    if scope.exact:
        query["exact"] = "true"
    query |= _ends(scope.since, scope.until)
    return f"/v1/metrics/timeseries?{urlencode(query)}"


def _ends(since: datetime | None, until: datetime | None) -> dict[str, str]:
    ends = zip(ENDS, (since, until), strict=True)
    return {name: times.format(end) for name, end in ends if end is not None}


def _address(query: dict[str, str]) -> str:
    return f"/metrics-ui?{urlencode(query)}" if query else "/metrics-ui"
