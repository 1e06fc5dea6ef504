"""Values of facets: statements that count them, and what these add up to."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from heapq import nsmallest

import asyncpg

from monitor.logs.facets import (
    MOST_VALUES,
    Counted,
    Covered,
    Facet,
    FacetName,
    FacetValue,
)
from monitor.search.table import field_called
from monitor.storage.logs.columns import FROM
from monitor.storage.rollups.window import COUNTS, Window
from monitor.storage.search.places import ENDPOINT
from monitor.storage.search.where import Conditions

NONE = "none"
ROLLED_UP = {
    FacetName.SERVICE: "service_id::text",
    FacetName.METHOD: "method",
    FacetName.STATUS: f"coalesce(status_code / 100 || 'xx', '{NONE}')",
    FacetName.ENDPOINT: "endpoint",
    FacetName.SOURCE: "source",
}
# Rows to be added up have these.
COLUMNS = ("service_id", "method", "status_code", "endpoint", "source")


def of_logs(facets: Collection[FacetName], made: Conditions, limit: str) -> str:
    return f"""
        WITH seen AS MATERIALIZED (
            SELECT l.service_id, l.method, l.status_code, {ENDPOINT} AS endpoint,
                   l.source, l.tags, 1 AS requests, l.is_error::int AS errors
              {FROM} {made.joins}
             WHERE {made.where}
             {limit})
        {_by_value(facets)}
        """


def of_rollups(window: Window) -> str:
    """The most frequent values of each, and all others together, of none."""
    return f"""
        WITH seen AS MATERIALIZED ({window.rows(COLUMNS)}),
             ranked AS (
            SELECT *, row_number() OVER (PARTITION BY facet
                                         ORDER BY requests DESC, value) AS place
              FROM ({_by_value(ROLLED_UP)}) AS counts
             WHERE requests > 0)
        SELECT facet, CASE WHEN place <= {MOST_VALUES} THEN value END AS value,
               {", ".join(COUNTS)}
          FROM ranked
         GROUP BY 1, 2
        """


def _by_value(facets: Collection[FacetName]) -> str:
    counts = ", ".join(COUNTS)
    each = [f"SELECT NULL AS facet, '' AS value, {counts} FROM seen"]
    for facet in facets:
        value = ROLLED_UP.get(facet, "t.value")
        # Each tag of a log once.
        tags = ", LATERAL (SELECT DISTINCT unnest(seen.tags)) AS t (value)"
        beside = "" if facet in ROLLED_UP else tags
        each.append(
            f"SELECT '{facet}', {value}, {counts} FROM seen{beside} GROUP BY {value}"
        )
    return " UNION ALL ".join(each)


class Tally:
    """What rows of the statements add up to."""

    def __init__(self) -> None:
        self.counted = Counted()
        # Requests and errors, in place: there may be a value for each log.
        self._found: dict[str, dict[str | None, list[int]]] = defaultdict(dict)

    def take(self, rows: Sequence[asyncpg.Record]) -> None:
        for facet, value, requests, errors in rows:
            if facet is None:
                self.counted += Counted(requests or 0, errors or 0)
                continue
            sums = self._found[facet].setdefault(value, [0, 0])
            sums[0] += requests
            sums[1] += errors

    def facet(self, name: FacetName, covered: Covered) -> Facet:
        found = self._found[name]
        named = ((value, sums) for value, sums in found.items() if value is not None)
        most = nsmallest(MOST_VALUES, named, key=lambda item: (-item[1][0], item[0]))
        requests, errors = (
            sum(sums[n] for sums in found.values()) - sum(sums[n] for _, sums in most)
            for n in (0, 1)
        )
        return Facet(
            name=name,
            values=tuple(
                FacetValue(value, _term(name, value), Counted(*sums))
                for value, sums in most
            ),
            others=Counted(requests, errors),
            covered=covered,
        )


def _term(name: FacetName, value: str) -> str | None:
    if name is FacetName.STATUS and value == NONE:
        return "-has:status"
    called = field_called(name)
    return None if called is None else called.term(value)
