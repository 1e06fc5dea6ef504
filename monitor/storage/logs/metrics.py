"""Metrics: how many logs there are, how many failed, and how long they took."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import asyncpg

from monitor.errors import Unavailable
from monitor.logs.metrics import (
    MAX_ENDPOINTS,
    NOTHING,
    Endpoint,
    Measured,
    MetricsBucket,
    Scope,
    Series,
    Totals,
    width_for,
)
from monitor.storage.database.pool import Database
from monitor.storage.search.places import ENDPOINT
from monitor.storage.search.where import Conditions

FROM = "FROM logs AS l JOIN services AS s ON s.id = l.service_id"
# A sum of larger ones would overflow; the largest float is 1.8e308.
MAX_SUMMED_MS = "1e290"
MEASURED = f"""
    count(*) AS requests,
    count(*) FILTER (WHERE l.is_error) AS errors,
    sum(CASE WHEN l.latency_ms > {MAX_SUMMED_MS} THEN {MAX_SUMMED_MS}
             ELSE l.latency_ms END) / nullif(count(l.latency_ms), 0) AS avg_ms,
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY l.latency_ms)
        AS percentiles
"""


class MetricsReader:
    """Exact answers, each from one snapshot, so that its parts sum to its total."""

    def __init__(self, database: Database, *, timeout_ms: int) -> None:
        self._database = database
        self._timeout_ms = timeout_ms

    async def totals(self, scope: Scope) -> Totals:
        made = _conditions(scope)
        statements = [_overall(made), _groups(made)]
        [one], groups = await self._ask(statements, made.arguments)
        return _totals(one, groups)

    async def timeseries(self, scope: Scope) -> Series:
        """Buckets of one width over the window, empty ones too.

        A window without *since* begins with its oldest log, one without *until* ends
        now or with its newest log.
        """
        scope, first, last = await self._window(scope)
        if first is None or last is None:
            return Series(
                width=width_for(timedelta(0)),
                since=scope.since,
                until=scope.until,
                buckets=(),
            )
        width = width_for(last - first)
        made = _conditions(scope)
        wide, origin = made.place(width), made.place(_floor(first, width))
        [rows] = await self._ask(
            [
                f"""
                SELECT date_bin({wide}, l.ts, {origin}) AS start, {MEASURED}
                  {FROM}
                 WHERE {made.where}
                 GROUP BY start
                """
            ],
            made.arguments,
        )
        found = {row["start"]: _measured(row) for row in rows}
        buckets = []
        start = _floor(first, width)
        while start <= last:
            buckets.append(MetricsBucket(start, found.get(start, NOTHING)))
            start += width
        return Series(
            width=width, since=scope.since, until=scope.until, buckets=tuple(buckets)
        )

    async def endpoints(self, scope: Scope) -> list[Endpoint]:
        """By method and path template, most requests first."""
        made = _conditions(scope)
        statements = [_overall(made), _by_endpoint(made)]
        [one], rows = await self._ask(statements, made.arguments)
        return _endpoints(one, rows)

    async def overview(self, scope: Scope) -> tuple[Totals, list[Endpoint]]:
        """The totals and the endpoints, of the same snapshot."""
        made = _conditions(scope)
        statements = [_overall(made), _groups(made), _by_endpoint(made)]
        [one], groups, rows = await self._ask(statements, made.arguments)
        return _totals(one, groups), _endpoints(one, rows)

    async def _window(
        self, scope: Scope
    ) -> tuple[Scope, datetime | None, datetime | None]:
        """*scope* bounded, and the times its buckets reach from and to."""
        made = _conditions(scope)
        bounds = (
            f"SELECT min(l.ts) AS first, max(l.ts) AS last {FROM} WHERE {made.where}"
        )
        [[row]] = await self._ask([bounds], made.arguments)
        first, last = scope.since or row["first"], row["last"]
        if first is None:
            return scope, None, None
        now = datetime.now(UTC)
        end = scope.until or max(now, last or now)
        bounded = replace(scope, since=first, until=end + timedelta(milliseconds=1))
        if scope.until is not None:
            bounded = replace(bounded, until=scope.until)
        if end <= first:
            return bounded, None, None
        return bounded, first, end - timedelta(milliseconds=1)

    async def _ask(
        self, statements: Sequence[str], arguments: Sequence[object]
    ) -> list[list[asyncpg.Record]]:
        """All *statements* see the same snapshot, and have one deadline.

        Raises Unavailable.
        """
        deadline = monotonic() + self._timeout_ms / 1000
        try:
            async with (
                self._database.connection() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                answers = []
                for statement in statements:
                    left_ms = max(int((deadline - monotonic()) * 1000), 1)
                    limit = f"SET LOCAL statement_timeout = {left_ms}"
                    await connection.execute(limit)
                    answers.append(await connection.fetch(statement, *arguments))
                return answers
        except asyncpg.QueryCanceledError:
            raise Unavailable(
                "the metrics took longer than QUERY_TIMEOUT_MS; "
                "narrow them with since, until or service_id",
                retry_after_s=1,
            ) from None


def _conditions(scope: Scope) -> Conditions:
    made = Conditions()
    made.add("l.service_id = {}", scope.service_id)
    made.add("l.ts >= {}", scope.since)
    made.add("l.ts < {}", scope.until)
    if scope.source is None:
        made.clauses.append("l.source <> 'replay'")
    else:
        made.add("l.source = {}", scope.source.value)
    return made


def _overall(made: Conditions) -> str:
    return f"SELECT {MEASURED} {FROM} WHERE {made.where}"


def _groups(made: Conditions) -> str:
    return f"""
        SELECT l.method, l.status_code, count(*) AS requests
          {FROM}
         WHERE {made.where}
         GROUP BY l.method, l.status_code
        """


def _by_endpoint(made: Conditions) -> str:
    return f"""
        SELECT l.method, {ENDPOINT} AS endpoint, {MEASURED}
          {FROM}
         WHERE {made.where}
         GROUP BY l.method, {ENDPOINT}
         ORDER BY requests DESC, endpoint, l.method
         LIMIT {MAX_ENDPOINTS}
        """


def _totals(one: asyncpg.Record, groups: Sequence[asyncpg.Record]) -> Totals:
    by_method: dict[str, int] = {}
    by_status: dict[str, int] = {}
    for row in groups:
        status = "none" if row["status_code"] is None else str(row["status_code"])
        by_method[row["method"]] = by_method.get(row["method"], 0) + row["requests"]
        by_status[status] = by_status.get(status, 0) + row["requests"]
    return Totals(
        measured=_measured(one),
        by_method=dict(sorted(by_method.items())),
        by_status=dict(sorted(by_status.items())),
    )


def _endpoints(one: asyncpg.Record, rows: Sequence[asyncpg.Record]) -> list[Endpoint]:
    found = [Endpoint(row["method"], row["endpoint"], _measured(row)) for row in rows]
    rest = _measured(one).requests - sum(e.measured.requests for e in found)
    if rest > 0:
        errors = _measured(one).errors - sum(e.measured.errors for e in found)
        left = replace(NOTHING, requests=rest, errors=errors)
        found.append(Endpoint(None, None, left))
    return found


def _measured(row: asyncpg.Record) -> Measured:
    percentiles: list[Any] = row["percentiles"] or [None, None, None]
    return Measured(
        requests=row["requests"],
        errors=row["errors"],
        avg_ms=row["avg_ms"],
        p50_ms=percentiles[0],
        p95_ms=percentiles[1],
        p99_ms=percentiles[2],
    )


def _floor(moment: datetime, width: timedelta) -> datetime:
    """The last multiple of *width*, counted from 1970, that is not after *moment*."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return moment - (moment - epoch) % width
