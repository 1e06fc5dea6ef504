"""What the address of the metrics' page asks for, and how it asks for more."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from monitor import times
from monitor.errors import InvalidInput
from monitor.logs.metrics import Scope
from monitor.logs.parameter import Parameter, one_of, read, refuse
from monitor.logs.query import parse_scope
from web.views import windows
from web.views.windows import Window

WEEK = timedelta(days=7)
COMPARED = {
    "previous": "the time before",
    "week": "the same a week ago",
    "none": "nothing",
}
SORTS = (
    *("endpoint", "requests", "errors", "error_rate", "average"),
    *("p50", "p95", "before", "p99", "apdex"),
)

# What one looks for first is the lowest of them.
LOWEST_FIRST = ("endpoint", "apdex")


def _all(text: str) -> bool:
    if text != "all":
        raise ValueError("must be all")
    return True


OWN = {
    "range": Parameter(windows.preset),
    "endpoints": Parameter(_all),
    "compare": one_of(*COMPARED),
    "sort": one_of(*SORTS),
    "order": one_of("asc", "desc"),
    "tz": Parameter(windows.zone),
}
KEPT = ("service_id", "source", "exact", "compare", "sort", "order", "tz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is measured, of which time, beside which, and how endpoints are shown."""

    scope: Scope
    window: Window
    compare: str
    before: Scope | None
    all_endpoints: bool
    sort: str
    is_ascending: bool


def asked_by(pairs: list[tuple[str, str]], now: datetime) -> Asked:
    """Ends of one's own go before a range. Raises InvalidInput."""
    values, errors = read([pair for pair in pairs if pair[0] in OWN], OWN)
    try:
        scope = parse_scope([pair for pair in pairs if pair[0] not in OWN])
    except InvalidInput as error:
        raise InvalidInput(error.detail, errors=[*errors, *error.errors]) from None
    refuse(errors)
    if scope.since or scope.until:
        window = Window(None, scope.since, scope.until)
    else:
        window = windows.ending(now, values.get("range", windows.DEFAULT))
        scope = replace(scope, since=window.since, until=window.until)
    sort, compare = values.get("sort", "requests"), values.get("compare", "previous")
    order = values.get("order", "asc" if sort in LOWEST_FIRST else "desc")
    return Asked(
        scope=scope,
        window=window,
        compare=compare,
        before=_before(scope, compare),
        all_endpoints=values.get("endpoints", False),
        sort=sort,
        is_ascending=order == "asc",
    )


def _before(scope: Scope, compare: str) -> Scope | None:
    """None: nothing is to be compared, or the window has no beginning or end."""
    if compare == "none" or scope.since is None or scope.until is None:
        return None
    ago = WEEK if compare == "week" else scope.until - scope.since
    try:
        before = Window(None, scope.since - ago, scope.until - ago)
    except OverflowError:
        return None
    if ago <= timedelta(0) or not windows.is_allowed(before):
        return None
    return replace(scope, since=before.since, until=before.until)


def addresses(
    given: Mapping[str, str], asked: Asked | None, now: datetime
) -> dict[str, Any]:
    """Of this page with another time, another order, or with all endpoints."""
    kept = {name: value for name, value in given.items() if name in KEPT}
    beside = windows.beside(asked.window, now) if asked else {}
    return {
        "page_address": address(kept),
        "presets": {name: address({**kept, "range": name}) for name in windows.PRESETS},
        "further": windows.further(asked.window.preset if asked else None),
        "beside": {
            name: address({**kept, **ends(window.since, window.until)})
            for name, window in beside.items()
        },
        "all_endpoints": address({**given, "endpoints": "all"}),
        "exactly": address({**given, "exact": "true"}),
        "sorted_by": {name: _sorted(given, asked, name) for name in SORTS},
    }


def _sorted(given: Mapping[str, str], asked: Asked | None, name: str) -> str:
    """By *name*; where that is so already, the other way round."""
    upward = name in LOWEST_FIRST
    if asked is not None and asked.sort == name:
        upward = not asked.is_ascending
    order = "asc" if upward else "desc"
    return f"{address({**given, 'sort': name, 'order': order})}#endpoints-title"


def series(call: str, scope: Scope) -> str:
    """The call of /v1/metrics that a chart is drawn from."""
    asked = {"service_id": scope.service_id, "source": scope.source}
    query = {name: str(value) for name, value in asked.items() if value is not None}
    if scope.exact:
        query["exact"] = "true"
    query |= ends(scope.since, scope.until)
    return f"/v1/metrics/{call}?{urlencode(query)}"


def ends(since: datetime | None, until: datetime | None) -> dict[str, str]:
    pairs = (("since", since), ("until", until))
    return {name: times.format(end) for name, end in pairs if end is not None}


def address(query: Mapping[str, str]) -> str:
    return f"/metrics-ui?{urlencode(query)}" if query else "/metrics-ui"
