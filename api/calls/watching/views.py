"""The calls of /v1/views: saved views of the list of logs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from api.input import json_input, read
from api.input.errors import answer, nothing
from api.input.watching.view_schemas import NewView, ViewChanges
from api.output import lists
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.errors import FieldError, InvalidInput, NotFound
from monitor.logs.query import parse_facets_query
from monitor.registry.view import SavedView


class ViewCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def create(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        new, _ = await read.body(request, NewView)
        self._check(new.filters, new.range)
        view = await self._parts.stores.views.create(new.model_dump())
        return answer(shown(view), status=201)

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        limit, offset = read.page(request)
        found, total = await self._parts.stores.views.page(limit=limit, offset=offset)
        items = [shown(view) for view in found]
        return answer(lists.envelope(items, total, limit, offset))

    async def get(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        read.no_query(request)
        id = read.id_in_path(request, "view_id")
        return answer(shown(_found(await self._parts.stores.views.get(id))))

    async def change(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "view_id")
        new, _ = await read.body(request, ViewChanges)
        changes = new.model_dump(exclude_unset=True)
        if changes.get("name", "") is None:
            raise json_input.invalid(("name",), "must not be null", "value_error")
        if changes.keys() & {"filters", "range"}:
            was = _found(await self._parts.stores.views.get(id))
            whole = {"filters": was.filters, "range": was.range} | changes
            self._check(whole["filters"] or {}, whole["range"])
        changed = await self._parts.stores.views.change(id, changes)
        return answer(shown(_found(changed)))

    async def delete(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "view_id")
        if not await self._parts.stores.views.delete(id):
            raise NotFound("there is no such view")
        return nothing()

    def _check(self, filters: Mapping[str, str], range: str | None) -> None:
        """Raises InvalidInput where the list would not take them."""
        try:
            parse_facets_query(filters.items(), self._parts.queries)
        except InvalidInput as error:
            errors = [_in_filters(one) for one in error.errors]
            raise InvalidInput("the body is not valid", errors=errors) from None
        if range is not None and filters.keys() & {"since", "until"}:
            reason = "goes without since and until in filters"
            wrong = FieldError(("body", "range"), reason, "value_error")
            raise InvalidInput("the body is not valid", errors=[wrong])


def _in_filters(error: FieldError) -> FieldError:
    return replace(error, loc=("body", "filters", *error.loc[1:]))


def _found(view: SavedView | None) -> SavedView:
    if view is None:
        raise NotFound("there is no such view")
    return view


def shown(view: SavedView) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.name,
        "filters": dict(view.filters),
        "range": view.range,
        "columns": list(view.columns) or None,
        "created_at": times.format(view.created_at),
        "updated_at": times.format(view.updated_at),
    }
