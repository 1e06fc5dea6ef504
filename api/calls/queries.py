"""Calls of /v1/query, what the language knows, and those that count what is found."""

from typing import Any

from aiohttp import web

from api.input import read
from api.input.errors import answer
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.logs.facets import Counted, Covered, Facet
from monitor.logs.query import (
    parse_facets_query,
    parse_timeline_query,
    parse_values_query,
)
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


class CountCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def facets(self, request: web.Request) -> web.Response:
        """Of what the logs are that are found."""
        await need(request, self._parts, Right.READ)
        filter = parse_facets_query(request.query.items(), self._parts.queries)
        found = await self._parts.stores.counts.facets(filter)
        if not all(one.covered.is_exact for one in found.each):
            self._parts.counters.partial_counts.labels("facets").inc()
        return answer(
            {
                **_shown_counts(found.counted, found.covered),
                "facets": [_shown_facet(facet) for facet in found.each],
            }
        )

    async def timeline(self, request: web.Request) -> web.Response:
        """When they were."""
        await need(request, self._parts, Right.READ)
        filter, width = parse_timeline_query(request.query.items(), self._parts.queries)
        found = await self._parts.stores.counts.timeline(filter, width)
        if not found.covered.is_exact:
            self._parts.counters.partial_counts.labels("timeline").inc()
        return answer(
            {
                **_shown_counts(found.counted, found.covered),
                "bucket_s": found.width.total_seconds(),
                "buckets": [
                    {"start": times.format(one.start), **_counts(one.counted)}
                    for one in found.buckets
                ],
            }
        )


def _shown_facet(facet: Facet) -> dict[str, Any]:
    return {
        "name": facet.name,
        **_covered(facet.covered),
        "values": [
            {"value": one.value, "query": one.query, **_counts(one.counted)}
            for one in facet.values
        ],
        "other": _counts(facet.others),
    }


def _shown_counts(counted: Counted, covered: Covered) -> dict[str, Any]:
    return {**_counts(counted), **_covered(covered)}


def _counts(counted: Counted) -> dict[str, int]:
    return {"requests": counted.requests, "errors": counted.errors}


def _covered(covered: Covered) -> dict[str, Any]:
    since, until = covered.since, covered.until
    return {
        "is_exact": covered.is_exact,
        "covered": {
            "since": since and times.format(since),
            "until": until and times.format(until),
            "logs": covered.logs,
        },
    }


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
