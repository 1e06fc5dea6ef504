"""The page of saved views: forms for whoever has no scripts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from aiohttp import web

from monitor.errors import Conflict, InvalidInput, NotFound
from monitor.logs.filter import PAGE
from monitor.logs.parameter import query_error, text
from monitor.logs.query import parse_facets_query
from web import render
from web.listing.asked import Asked, asked, check
from web.listing.views import all_views
from web.parts import PageParts
from web.request.forms import own_fields_of

LONGEST_NAME = 128
NAME = text(LONGEST_NAME)


class ViewsPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts
        self._views = parts.stores.views

    async def show(self, request: web.Request) -> web.Response:
        return await self._page(request, request.query.get("from", ""))

    async def save(self, request: web.Request) -> web.StreamResponse:
        """The list of *from* under a name; then it is shown by that."""
        form = await self._form(request)
        listed = str(form.get("from", ""))
        try:
            fields = {"name": _name(form), **self._content(_asked(listed))}
            made = await self._views.create(fields)
        except (InvalidInput, Conflict) as error:
            return await self._page(request, listed, error, _given(form))
        raise web.HTTPSeeOther(f"/dashboard?{urlencode(made.parameters)}")

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Renamed; with *do* `take` of the list of *from*, with `remove` removed."""
        form, id = await self._form(request), _id(request)
        listed = str(form.get("from", ""))
        try:
            if form.get("do") == "remove":
                is_there = await self._views.delete(id)
            else:
                takes = form.get("do") == "take"
                content = self._content(_asked(listed)) if takes else {}
                changes = {"name": _name(form), **content}
                is_there = await self._views.change(id, changes) is not None
        except (InvalidInput, Conflict) as error:
            return await self._page(request, listed, error, _given(form, id))
        if not is_there:
            raise NotFound("there is no such view")
        raise web.HTTPSeeOther(f"/views?{urlencode({'from': listed})}")

    async def _page(
        self,
        request: web.Request,
        listed: str,
        problem: InvalidInput | Conflict | None = None,
        given: Mapping[UUID | None, str] = MappingProxyType({}),
    ) -> web.Response:
        """*given*: the name that was refused, of which view; None: of a new one."""
        wanted = _asked(listed)
        context = {
            "listed": listed,
            "content": [pair for pair in wanted.given if pair[0] not in PAGE],
            "views": await all_views(self._parts.stores, wanted),
            "longest": LONGEST_NAME,
            "given": given,
            "problem": problem and _said(problem),
        }
        status = problem.status if problem else 200
        return await render.page(request, "views.html", context, status=status)

    async def _form(self, request: web.Request) -> Mapping[str, Any]:
        return await own_fields_of(
            request,
            self._parts.access.sessions,
            timeout_s=self._parts.settings.body_timeout_s,
        )

    def _content(self, wanted: Asked) -> dict[str, Any]:
        """What a view of this list keeps. Raises InvalidInput where it is none."""
        check(wanted)
        filters = {n: v for n, v in wanted.filters.items() if n != "range"}
        parse_facets_query(filters.items(), self._parts.queries)
        columns = [one.name for one in wanted.columns]
        return {
            "filters": filters,
            "range": None if wanted.range == "all" else wanted.range,
            "columns": columns if "columns" in dict(wanted.given) else [],
        }


def _asked(listed: str) -> Asked:
    return asked(parse_qsl(listed), datetime.now(UTC))


def _given(form: Mapping[str, Any], id: UUID | None = None) -> dict[UUID | None, str]:
    return {id: str(form.get("name", ""))}


def _name(form: Mapping[str, Any]) -> str:
    """Raises InvalidInput."""
    try:
        name: str = NAME.parse(str(form.get("name", "")))
        if not name.strip():
            raise ValueError("must not be blank")
    except ValueError as error:
        errors = [query_error("name", str(error))]
        raise InvalidInput("the view was not saved", errors=errors) from None
    return name


def _id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["view_id"])
    except ValueError:
        raise NotFound("there is no such view") from None


def _said(problem: InvalidInput | Conflict) -> str:
    reasons = [f"{one.loc[-1]} {one.msg}" for one in problem.errors]
    return "; ".join(reasons) or problem.detail
