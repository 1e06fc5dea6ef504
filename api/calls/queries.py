"""The calls of /v1/query: what the language knows, for completion and for docs."""

from typing import Any

from aiohttp import web

from api.input import read
from api.input.errors import answer
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.logs.query import parse_values_query
from monitor.search.fields import Field
from monitor.search.table import FIELDS


class QueryCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def fields(self, request: web.Request) -> web.Response:
        """The table of the parser."""
        await need(request, self._parts, Right.READ)
        read.no_query(request)
        return answer({"fields": [_shown_field(field) for field in FIELDS]})

    async def values(self, request: web.Request) -> web.Response:
        """The most frequent values of a field."""
        await need(request, self._parts, Right.READ)
        filter, asked = parse_values_query(request.query.items(), self._parts.queries)
        found = await self._parts.stores.values.most_frequent(filter, asked)
        return answer(
            {
                "field": f"{asked.called.field.name}{asked.called.name}",
                "values": [
                    {"value": one.value, "query": one.query, "count": one.count}
                    for one in found.values
                ],
                "logs": found.logs,
                "since": found.since and times.format(found.since),
                "complete": found.complete,
            }
        )


def _shown_field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "aliases": field.aliases,
        "type": field.type.value,
        "operators": field.operators,
        "examples": field.examples,
        "meaning": field.meaning,
        "choices": field.choices,
        "takes_name": field.is_family,
        "has_values": bool(field.places or field.choices),
    }
