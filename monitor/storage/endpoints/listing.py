"""Statements that list endpoints, read from logs or from rollups; and their rows."""

from collections.abc import Sequence

import asyncpg

from monitor.logs.endpoints import (
    MOST_SORTED,
    EndpointsAsked,
    Satisfied,
    ServiceEndpoint,
)
from monitor.storage.logs.columns import FROM
from monitor.storage.logs.measured import (
    MEASURED,
    MEASURED_SUMS,
    Statement,
    conditions,
)
from monitor.storage.rollups.coverage import NEVER
from monitor.storage.rollups.histogram import Histogram
from monitor.storage.rollups.sums import SUMMED
from monitor.storage.rollups.window import Window
from monitor.storage.search.places import ENDPOINT
from monitor.storage.search.where import Conditions

FAILED = "coalesce(status_code >= 500, true)"


def of_logs(asked: EndpointsAsked, default_t_ms: int) -> Statement:
    made = conditions(asked.scope)
    each = f"""
        SELECT l.service_id, l.method, {ENDPOINT} AS endpoint, {MEASURED},
               {satisfied_by(made, default_t_ms)}
          {FROM}
         WHERE {made.where}
         GROUP BY l.service_id, l.method, {ENDPOINT}
        """
    return _listed(each, made.arguments, asked)


def of_rollups(window: Window, asked: EndpointsAsked) -> Statement:
    each = f"""
        SELECT service_id, method, endpoint, {MEASURED_SUMS},
               failed, numeric_send(answered) AS answered, answered_n
          FROM ({answered_of(window)}) AS added
         WHERE requests > 0
        """
    return _listed(each, window.arguments, asked)


def satisfied_by(made: Conditions, default_t_ms: int) -> str:
    """What Apdex counts of logs, each by the T of its service."""
    t = f"coalesce(s.apdex_t_ms, {made.place(default_t_ms)}::integer)"
    return f"""
        count(*) FILTER (WHERE NOT l.is_error AND l.latency_ms <= {t}) AS satisfied,
        count(*) FILTER (WHERE NOT l.is_error AND l.latency_ms > {t}
                           AND l.latency_ms <= 4 * {t}) AS tolerating,
        count(*) FILTER (WHERE l.is_error OR l.latency_ms IS NOT NULL) AS samples
        """


def answered_of(window: Window) -> str:
    """*answered* is the histogram of what did not fail by its status."""
    by = ("service_id", "method", "endpoint", "has_failed")
    sums = window.summed(by, of=f"service_id, method, endpoint, {FAILED} AS has_failed")
    counts = ("requests", "errors", "latency_n")
    added = ", ".join(
        f"sum({column}){'::bigint' if column in counts else ''} AS {column}"
        for column in SUMMED
    )
    return f"""
        SELECT service_id, method, endpoint, {added},
               coalesce(sum(requests) FILTER (WHERE has_failed), 0) AS failed,
               coalesce(sum(histogram) FILTER (WHERE NOT has_failed), 0) AS answered,
               coalesce(sum(latency_n) FILTER (WHERE NOT has_failed), 0) AS answered_n
          FROM ({sums}) AS sums
         GROUP BY service_id, method, endpoint
        """


def _listed(each: str, arguments: Sequence[object], asked: EndpointsAsked) -> Statement:
    """With when each was seen; MOST_SORTED of them, those that are asked most."""
    narrowed, given = "", list(arguments)
    if asked.new_since is not None:
        given.append(asked.new_since)
        narrowed = f"WHERE seen.first_seen >= ${len(given)}"
    return (
        f"""
        SELECT each.*, s.apdex_t_ms, seen.first_seen, seen.last_seen,
               count(*) OVER () AS total
          FROM ({each}) AS each
          JOIN services AS s ON s.id = each.service_id
          LEFT JOIN endpoint_seen AS seen
            ON seen.service_id = each.service_id
           AND seen.method = each.method
           AND seen.endpoint = each.endpoint
         {narrowed}
         ORDER BY each.requests DESC, each.endpoint, each.method, each.service_id
         LIMIT {MOST_SORTED}
        """,
        given,
    )


def satisfied_of(row: asyncpg.Record, t_ms: int) -> Satisfied:
    if "satisfied" in row.keys():  # noqa: SIM118
        return Satisfied.of(
            satisfied=row["satisfied"],
            tolerating=row["tolerating"],
            failed=row["errors"],
            samples=row["samples"],
        )
    histogram = Histogram(row["answered"], int(row["answered_n"]))
    satisfied = histogram.up_to(t_ms)
    return Satisfied.of(
        satisfied=satisfied,
        tolerating=histogram.up_to(4 * t_ms) - satisfied,
        failed=int(row["errors"]),
        samples=int(row["answered_n"] + row["failed"]),
    )


def unseen(endpoints: Sequence[ServiceEndpoint]) -> Statement:
    """When there were logs, as far as rollups know, of what nobody told of yet."""
    return (
        """
        SELECT service_id, method, endpoint,
               min(start) AS first_seen, max(start) AS last_seen
          FROM (SELECT service_id, method, endpoint, start
                  FROM endpoint_rollups
                 WHERE width_s = 3600
                   AND service_id = ANY($1)
                 UNION ALL
                SELECT service_id, method, endpoint, start
                  FROM rollup_changes
                 WHERE start < $4
                   AND service_id = ANY($1)) AS counted
         WHERE (method, endpoint) IN (SELECT * FROM unnest($2::text[], $3::text[]))
         GROUP BY service_id, method, endpoint
        """,
        [
            list({one.service_id for one in endpoints}),
            [one.method for one in endpoints],
            [one.endpoint for one in endpoints],
            NEVER,
        ],
    )
