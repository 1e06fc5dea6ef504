"""The page of the endpoints: what each is like, since when it is, and names by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from monitor import times
from monitor.errors import InvalidInput, Unavailable
from monitor.logs.endpoints import (
    LOWEST_FIRST,
    EndpointsAsked,
    Order,
    ServiceEndpoint,
    Sort,
    TemplateChange,
    parse_endpoints_query,
)
from monitor.logs.parameter import Parameter, read, refuse
from monitor.search.table import field_called
from web import render
from web.parts import PageParts
from web.views import windows
from web.views.choices import choosable

ADDRESS = "/metrics-ui/endpoints"
NEW_SINCE = {
    "the last hour": timedelta(hours=1),
    "the last day": timedelta(days=1),
    "the last week": timedelta(days=7),
}
NEW = timedelta(days=1)
MAX_CHANGES = 50
OWN = {"tz": Parameter(windows.zone)}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is asked for and found, or why there is nothing."""

    asked: EndpointsAsked | None = None
    items: tuple[ServiceEndpoint, ...] = ()
    total: int = 0
    changes: tuple[TemplateChange, ...] = ()
    is_renaming: bool = False
    problem: str | None = None
    field_errors: Mapping[str, str] | None = None


class EndpointsPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        pairs = [(name, value) for name, value in request.query.items() if value]
        given, now = dict(pairs), datetime.now(UTC)
        view, status = await self._view(pairs)
        services = await choosable(self._parts.stores.services)
        asked = view.asked or EndpointsAsked(scope=parse_endpoints_query(()).scope)
        context = {
            "view": view,
            "given": given,
            "services": services,
            "service_names": {service.id: service.name for service in services},
            "chosen": asked.scope.service_id,
            "sorts": {sort.value: _sorted(given, asked, sort) for sort in Sort},
            "new_since": {
                label: _address({**given, "new_since": times.format(now - length)})
                for label, length in NEW_SINCE.items()
            },
            "all_since": _address({**given, "new_since": ""}),
            "pages": _pages(given, asked, view.total),
            "logs_of": partial(_logs_of, asked),
            "rule_of": _rule_of,
            "new_from": now - NEW,
        }
        return await render.page(request, "endpoints.html", context, status=status)

    async def _view(self, pairs: list[tuple[str, str]]) -> tuple[View, int]:
        try:
            asked = _asked(pairs)
        except InvalidInput as error:
            reasons = {str(found.loc[-1]): found.msg for found in error.errors}
            problem = "Some of what the address asks for is not valid."
            return View(problem=problem, field_errors=reasons), 422
        try:
            page = await self._parts.stores.endpoints.page(asked)
            changes, is_renaming = await self._changes(asked.scope.service_id)
        except Unavailable as error:
            problem = f"{error.detail[:1].upper()}{error.detail[1:]}."
            return View(asked=asked, problem=problem), 503
        view = View(
            asked=asked,
            items=page.items,
            total=page.total,
            changes=changes,
            is_renaming=is_renaming,
        )
        return view, 200

    async def _changes(
        self, service_id: UUID | None
    ) -> tuple[tuple[TemplateChange, ...], bool]:
        if service_id is None:
            return (), False
        found = await self._parts.stores.templates.history(
            service_id, limit=MAX_CHANGES, offset=0
        )
        if found is None:
            return (), False
        changes, _, is_renaming = found
        return tuple(changes), is_renaming


def _asked(pairs: list[tuple[str, str]]) -> EndpointsAsked:
    """The page's own is whose clock it shows. Raises InvalidInput."""
    _, errors = read([pair for pair in pairs if pair[0] in OWN], OWN)
    refuse(errors)
    return parse_endpoints_query([pair for pair in pairs if pair[0] not in OWN])


def _sorted(given: Mapping[str, str], asked: EndpointsAsked, sort: Sort) -> str:
    """By *sort*; where that is so already, the other way round."""
    order = Order.ASC if sort in LOWEST_FIRST else Order.DESC
    if asked.sort is sort:
        order = Order.ASC if asked.order is Order.DESC else Order.DESC
    return _address({**given, "sort": sort.value, "order": order.value, "offset": ""})


def _pages(
    given: Mapping[str, str], asked: EndpointsAsked, total: int
) -> dict[str, str]:
    found = {}
    if asked.offset:
        before = str(max(asked.offset - asked.limit, 0))
        found["Before"] = _address({**given, "offset": before})
    if asked.offset + asked.limit < total:
        after = str(asked.offset + asked.limit)
        found["Next"] = _address({**given, "offset": after})
    return found


def _address(query: Mapping[str, str]) -> str:
    some = {name: value for name, value in query.items() if value}
    return f"{ADDRESS}?{urlencode(some)}" if some else ADDRESS


def _logs_of(
    asked: EndpointsAsked,
    one: ServiceEndpoint,
    *,
    are_errors: bool = False,
    slower_than: float | None = None,
) -> str:
    """The list of an endpoint's logs, of its errors or slow ones, by a query."""
    scope = asked.scope
    terms = [_term("method", one.method), _term("endpoint", one.endpoint)]
    source = ("source", scope.source) if scope.source else ("is_replay", "false")
    pairs = (
        ("service_id", one.service_id),
        source,
        ("since", scope.since and times.format(scope.since)),
        ("until", scope.until and times.format(scope.until)),
        ("is_error", "true" if are_errors else None),
        ("min_latency_ms", slower_than),
        ("query", " ".join(terms)),
    )
    query = {name: str(value) for name, value in pairs if value is not None}
    return f"/dashboard?{urlencode(query)}"


def _rule_of(one: ServiceEndpoint) -> str:
    """The form of a rule that looks at an endpoint."""
    terms = [_term("method", one.method), _term("endpoint", one.endpoint)]
    begun = {
        "new": "rule",
        "service_id": str(one.service_id),
        "aggregate": "error_rate",
        "query": " ".join(terms),
    }
    return f"/alerts-ui?{urlencode(begun)}"


def _term(name: str, value: str) -> str:
    called = field_called(name)
    assert called is not None
    return called.term(value)
