"""Apdex of a window: of each endpoint whatever its service, and of all together."""

from collections.abc import Sequence

import asyncpg

from monitor.logs.endpoints import MOST_SORTED, Satisfaction, Satisfied
from monitor.logs.metrics import Scope
from monitor.storage.endpoints.listing import (
    answered_of,
    satisfied_by,
    satisfied_of,
)
from monitor.storage.logs.columns import FROM
from monitor.storage.logs.measured import Statement, conditions
from monitor.storage.rollups.window import Window
from monitor.storage.search.places import ENDPOINT


def by_logs(scope: Scope, default_t_ms: int) -> Statement:
    made = conditions(scope)
    return (
        f"""
        SELECT l.method, {ENDPOINT} AS endpoint, NULL::integer AS apdex_t_ms,
               count(*) FILTER (WHERE l.is_error) AS errors,
               {satisfied_by(made, default_t_ms)}
          {FROM}
         WHERE {made.where}
         GROUP BY l.method, {ENDPOINT}
         ORDER BY count(*) DESC
         LIMIT {MOST_SORTED}
        """,
        made.arguments,
    )


def by_rollups(window: Window) -> Statement:
    return (
        f"""
        SELECT added.method, added.endpoint, s.apdex_t_ms, added.errors, added.failed,
               numeric_send(added.answered) AS answered, added.answered_n
          FROM ({answered_of(window)}) AS added
          JOIN services AS s ON s.id = added.service_id
         WHERE added.requests > 0
         ORDER BY added.requests DESC
         LIMIT {MOST_SORTED}
        """,
        window.arguments,
    )


def satisfaction(rows: Sequence[asyncpg.Record], default_t_ms: int) -> Satisfaction:
    each: dict[tuple[str, str], Satisfied] = {}
    for row in rows:
        own: int | None = row["apdex_t_ms"]
        found = satisfied_of(row, default_t_ms if own is None else own)
        named = row["method"], row["endpoint"]
        each[named] = found + each[named] if named in each else found
    return Satisfaction(each=each, is_whole=len(rows) < MOST_SORTED)
