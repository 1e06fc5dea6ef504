"""What metrics measure, by statements that read all logs, or by rollups of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import asyncpg

from monitor.logs.metrics import MAX_ENDPOINTS, NOTHING, Measured, Scope
from monitor.storage.logs.columns import FROM
from monitor.storage.rollups.coverage import ALWAYS, NEVER
from monitor.storage.rollups.histogram import percentiles
from monitor.storage.rollups.sums import MAX_SUMMED_MS
from monitor.storage.rollups.window import Window
from monitor.storage.search.places import ENDPOINT
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import lowest_at

FRACTIONS = (0.5, 0.95, 0.99)
MEASURED = f"""
    count(*) AS requests,
    count(*) FILTER (WHERE l.is_error) AS errors,
    sum(CASE WHEN l.latency_ms > {MAX_SUMMED_MS} THEN {MAX_SUMMED_MS}
             ELSE l.latency_ms END) / nullif(count(l.latency_ms), 0) AS avg_ms,
    percentile_cont(ARRAY{[*FRACTIONS]}) WITHIN GROUP (ORDER BY l.latency_ms)
        AS percentiles
"""
MILLISECOND = timedelta(milliseconds=1)
PERCENTILE_ERROR = 0.01
# So many are read one by one, and measured exactly.
EXACT_LOGS = 10_000
MEASURED_SUMS = """
    requests, errors, latency_n,
    (latency_sum / nullif(latency_n, 0))::double precision AS avg_ms,
    numeric_send(histogram) AS histogram
"""
SOME = "WHERE requests <> 0"


Statement = tuple[str, Sequence[object]]


class Measures(Protocol):
    """Statements, and what their rows say."""

    percentile_error: float

    def overall(self) -> Statement:
        """At most one row."""

    def groups(self) -> Statement:
        """Requests by method and status_code."""

    def by_start(self, width: timedelta, origin: datetime) -> Statement: ...

    def by_endpoint(self) -> Statement:
        """By method and endpoint, MAX_ENDPOINTS at most, most requests first."""

    def measured(self, row: asyncpg.Record | None) -> Measured: ...


class FromLogs:
    """Exact, in a time that grows with what is measured."""

    percentile_error = 0.0

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def overall(self) -> Statement:
        made = conditions(self._scope)
        return f"SELECT {MEASURED} {FROM} WHERE {made.where}", made.arguments

    def groups(self) -> Statement:
        made = conditions(self._scope)
        return (
            f"""
            SELECT l.method, l.status_code, count(*) AS requests
              {FROM}
             WHERE {made.where}
             GROUP BY l.method, l.status_code
            """,
            made.arguments,
        )

    def by_start(self, width: timedelta, origin: datetime) -> Statement:
        made = conditions(self._scope)
        return (
            f"""
            SELECT date_bin({made.place(width)}, l.ts, {made.place(origin)}) AS start,
                   {MEASURED}
              {FROM}
             WHERE {made.where}
             GROUP BY start
            """,
            made.arguments,
        )

    def by_endpoint(self) -> Statement:
        made = conditions(self._scope)
        return (
            f"""
            SELECT l.method, {ENDPOINT} AS endpoint, {MEASURED}
              {FROM}
             WHERE {made.where}
             GROUP BY l.method, {ENDPOINT}
             ORDER BY requests DESC, endpoint, l.method
             LIMIT {MAX_ENDPOINTS}
            """,
            made.arguments,
        )

    def measured(self, row: asyncpg.Record | None) -> Measured:
        if row is None:
            return NOTHING
        return _measured(row, row["percentiles"] or [None, None, None])


class FromRollups:
    """Counts and averages are exact, percentiles within PERCENTILE_ERROR."""

    percentile_error = PERCENTILE_ERROR

    def __init__(self, scope: Scope, complete_from: datetime) -> None:
        self._scope = scope
        self._complete_from = complete_from

    def window(self, table: str) -> Window:
        return Window(self._scope, self._complete_from, table)

    def requests(self) -> Statement:
        """How many logs there are to be read, whatever their source is."""
        window = Window(
            self._scope, self._complete_from, "service_rollups", and_sources=True
        )
        return window.counted(()), window.arguments

    def first_day(self) -> Statement:
        """The day of the oldest log."""
        window = Window(self._scope, self._complete_from, "service_rollups")
        counts = window.counted(("day",), of="date_trunc('day', start) AS day")
        return (
            f"SELECT min(day) AS day FROM ({counts}) AS counts {SOME}",
            window.arguments,
        )

    def overall(self) -> Statement:
        return measured_by(Window(self._scope, self._complete_from, "service_rollups"))

    def groups(self) -> Statement:
        window = Window(self._scope, self._complete_from, "endpoint_rollups")
        counts = window.counted(("method", "status_code"))
        return f"SELECT * FROM ({counts}) AS counts {SOME}", window.arguments

    def by_start(self, width: timedelta, origin: datetime) -> Statement:
        window = Window(
            self._scope, self._complete_from, "service_rollups", every=width
        )
        start = f"date_bin({window.place(width)}, start, {window.place(origin)})"
        sums = window.summed(("start",), of=f"{start} AS start")
        return (
            f"SELECT start, {MEASURED_SUMS} FROM ({sums}) AS sums {SOME}",
            window.arguments,
        )

    def by_endpoint(self) -> Statement:
        window = Window(self._scope, self._complete_from, "endpoint_rollups")
        return (
            f"""
            SELECT method, endpoint, {MEASURED_SUMS}
              FROM ({window.summed(("method", "endpoint"))}) AS sums
             {SOME}
             ORDER BY requests DESC, endpoint, method
             LIMIT {MAX_ENDPOINTS}
            """,
            window.arguments,
        )

    @staticmethod
    def measured(row: asyncpg.Record | None) -> Measured:
        if row is None:
            return NOTHING
        return _measured(
            row, percentiles(row["histogram"], row["latency_n"], FRACTIONS)
        )


def _measured(row: asyncpg.Record, percentiles_ms: Sequence[float | None]) -> Measured:
    p50_ms, p95_ms, p99_ms = percentiles_ms
    return Measured(
        requests=row["requests"],
        errors=row["errors"],
        avg_ms=row["avg_ms"],
        p50_ms=p50_ms,
        p95_ms=p95_ms,
        p99_ms=p99_ms,
    )


def measured_by(window: Window) -> Statement:
    """All of *window* together."""
    sums = window.summed(("whole",), of="0 AS whole")
    return f"SELECT {MEASURED_SUMS} FROM ({sums}) AS sums {SOME}", window.arguments


def conditions(scope: Scope) -> Conditions:
    made = Conditions()
    made.add("l.service_id = {}", scope.service_id)
    made.add("l.ts >= {}", scope.since)
    made.add("l.ts < {}", scope.until)
    # Along the indexes by id, which carry their time.
    if scope.since is not None and scope.since > ALWAYS:
        made.add("l.id >= {}", lowest_at(scope.since))
    if scope.until is not None and ALWAYS < scope.until < NEVER:
        made.add("l.id < {}", lowest_at(scope.until + MILLISECOND))
    if scope.source is None:
        made.clauses.append("l.source <> 'replay'")
    else:
        made.add("l.source = {}", scope.source.value)
    return made
