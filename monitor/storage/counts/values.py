"""Values of facets: statements that count them, and what these add up to."""

from collections import defaultdict
from collections.abc import Collection, Sequence

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
        self._found: dict[str, dict[str, Counted]] = defaultdict(dict)
        self._others: dict[str, Counted] = defaultdict(Counted)

    def take(self, rows: Sequence[asyncpg.Record]) -> None:
        for row in rows:
            facet, value = row["facet"], row["value"]
            counted = Counted(row["requests"] or 0, row["errors"] or 0)
            if facet is None:
                self.counted += counted
            elif value is None:
                self._others[facet] += counted
            else:
                found = self._found[facet]
                found[value] = found.get(value, Counted()) + counted

    def facet(self, name: FacetName, covered: Covered) -> Facet:
        found = sorted(
            self._found[name].items(), key=lambda item: (-item[1].requests, item[0])
        )
        others = sum((c for _, c in found[MOST_VALUES:]), self._others[name])
        return Facet(
            name=name,
            values=tuple(
                FacetValue(value, _term(name, value), counted)
                for value, counted in found[:MOST_VALUES]
            ),
            others=others,
            covered=covered,
        )


def _term(name: FacetName, value: str) -> str | None:
    if name is FacetName.STATUS and value == NONE:
        return "-has:status"
    called = field_called(name)
    return None if called is None else called.term(value)
