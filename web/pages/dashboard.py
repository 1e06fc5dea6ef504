"""The page of the log table."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from monitor.errors import InvalidInput, Unavailable
from monitor.logs.cursor import encode_cursor
from monitor.logs.filter import FILTERS, PAGE
from monitor.logs.log import LogPage
from monitor.logs.query import parse_log_query
from monitor.registry.resources import ServiceResource
from web import render
from web.listing import columns, rows
from web.listing.asked import ENDS, FURTHER, Asked, Pairs, asked, check
from web.listing.counting import counts_of, first_counts_of
from web.listing.rows import Row
from web.listing.views import tabs_of, views_of
from web.parts import PageParts
from web.views import windows
from web.views.choices import choosable
from web.views.formats import METHODS
from web.views.queries import Mark, ShownPart, mark, shown_parts
from web.views.reaching import Way, ways_to

# What its form shows before more filters are asked for; the picker has the times.
FIRST = frozenset({"query", *ENDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the table shows, or why it shows nothing."""

    logs: LogPage | None
    older: str | None
    newer: str | None
    newest: str | None
    search_on: str | None
    problem: str | None
    field_errors: dict[str, str]
    mark: Mark | None = None
    rows: list[Row] = field(default_factory=list)
    parts: list[ShownPart] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A service without a log, and how it gets one."""

    service: ServiceResource
    ways: list[Way]


class Dashboard:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        """The page, or with X-Fragment only a part of it, for the live filters."""
        wanted = asked(list(request.query.items()), datetime.now(UTC))
        match request.headers.get("X-Fragment"):
            case "1":
                context, status = await self._list(request, wanted)
                return await render.page(request, "_logs.html", context, status=status)
            case "counts":
                counted = await counts_of(self._parts, wanted)
                return await render.page(request, "_counts.html", counted)
        (context, status), counted, services, views = await asyncio.gather(
            self._list(request, wanted),
            first_counts_of(self._parts, wanted),
            choosable(self._parts.stores.services),
            views_of(self._parts.stores, wanted),
        )
        context |= counted
        context |= {
            "services": services,
            "views": views,
            "tabs": tabs_of(views),
            "methods": METHODS,
            "has_more": bool(wanted.filters.keys() & FILTERS.keys() - FIRST),
            "ranges": _ranges(wanted),
            "all_columns": columns.ALL,
        }
        return await render.page(request, "dashboard.html", context, status=status)

    async def _list(
        self, request: web.Request, wanted: Asked
    ) -> tuple[dict[str, Any], int]:
        view, status = await self._view(wanted)
        return {
            "view": view,
            "asked": wanted,
            "given": dict(wanted.given),
            "filters": wanted.filters,
            "called": wanted.called_filters,
            "unfiltered": _link(wanted.zone),
            "query": urlencode(wanted.pairs),
            "listed": urlencode(wanted.given),
            "is_live": wanted.is_live,
            "awaited": await self._awaited(request, view, wanted.filters),
        }, status

    async def _awaited(
        self, request: web.Request, view: View, filters: dict[str, str]
    ) -> Awaited | None:
        """The service whose first log is waited for, if that is what is shown."""
        has_none = view.logs is not None and view.logs.total == 0
        if not has_none or filters.keys() != {"service_id"}:
            return None
        try:
            service = await self._parts.stores.services.get(UUID(filters["service_id"]))
        except Unavailable:
            return None
        if service is None:
            return None
        return Awaited(service, ways_to(service, self._parts, request))

    async def _view(self, wanted: Asked) -> tuple[View, int]:
        try:
            check(wanted)
            filter, page = parse_log_query(wanted.called, self._parts.queries)
            logs = await self._parts.stores.logs.page(filter, page)
        except InvalidInput as error:
            return _refused(error, dict(wanted.given)), 422
        except Unavailable as error:
            return _no_logs(f"{error.detail}. What passes the proxy is kept.", {}), 503
        made = await rows.rows_of(self._parts.stores, logs.items)
        return _with_links(logs, wanted.given, made), 200


def _ranges(wanted: Asked) -> list[tuple[str, str, bool]]:
    """Each preset, its address, and whether it is the one."""
    return [
        (
            name,
            _link(wanted.link(("range", "" if name == "all" else name), without=ENDS)),
            name == (wanted.range or "all") and not wanted.has_ends,
        )
        for name in windows.PRESETS
    ]


def _with_links(logs: LogPage, given: Pairs, made: list[Row]) -> View:
    filters = [(n, v) for n, v in given if n not in PAGE or n == "limit"]
    is_further = any(name in FURTHER for name, _ in given)
    newer = None
    if is_further and logs.items:
        first = encode_cursor(logs.items[0].id)
        newer = _link([*filters, ("cursor", first), ("newer", "true")])
    older = None
    if logs.next_cursor is not None:
        older = _link([*filters, ("cursor", logs.next_cursor)])
    return View(
        logs=logs,
        rows=made,
        older=older,
        newer=newer,
        newest=_link(filters) if is_further else None,
        search_on=None if logs.complete else _search_on(logs, filters, given),
        problem=None,
        field_errors={},
        parts=shown_parts(logs.parts, filters),
    )


def _search_on(
    logs: LogPage, filters: list[tuple[str, str]], given: list[tuple[str, str]]
) -> str | None:
    """Where a search goes on that reached its time limit, the way it went."""
    if logs.next_cursor is None:
        return None
    newer = [pair for pair in given if pair[0] == "newer"]
    return _link([*filters, ("cursor", logs.next_cursor), *newer])


def _refused(error: InvalidInput, given: dict[str, str]) -> View:
    reasons = {str(found.loc[-1]): found.msg for found in error.errors}
    at = [found.at for found in error.errors if found.at is not None]
    is_query_alone = bool(at) and len(reasons) == 1
    return _no_logs(
        "The query is not understood."
        if is_query_alone
        else "Some filters are not valid.",
        reasons,
        mark(given["query"], at[0]) if at else None,
    )


def _no_logs(
    problem: str, field_errors: dict[str, str], mark: Mark | None = None
) -> View:
    return View(
        logs=None,
        older=None,
        newer=None,
        newest=None,
        search_on=None,
        problem=problem,
        field_errors=field_errors,
        mark=mark,
    )


def _link(pairs: list[tuple[str, str]]) -> str:
    return f"/dashboard?{urlencode(pairs)}" if pairs else "/dashboard"
