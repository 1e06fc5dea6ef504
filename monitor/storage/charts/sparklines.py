"""Sparklines: how many requests each endpoint, or each service, had over time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from monitor.logs.metrics import WIDTHS, Scope, ServiceMeasured, floor, starts_of
from monitor.storage.logs.columns import FROM
from monitor.storage.logs.measured import (
    MEASURED_SUMS,
    FromLogs,
    FromRollups,
    Statement,
    conditions,
)
from monitor.storage.logs.metrics import MetricsReader, Snapshot, bounded
from monitor.storage.rollups.coverage import complete_from
from monitor.storage.rollups.fold import HOUR_S
from monitor.storage.rollups.window import Window
from monitor.storage.search.places import ENDPOINT

MOST_POINTS = 32
MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(seconds=HOUR_S)
Named = tuple[str, str]
Lines = dict[Named, tuple[int, ...]]


class SparklineReader:
    def __init__(self, metrics: MetricsReader) -> None:
        self._metrics = metrics

    async def of_endpoints(self, scope: Scope, named: Sequence[Named]) -> Lines:
        """Of methods and endpoints; none where the logs are too many for so short a
        window. Raises Unavailable.
        """
        async with self._metrics.snapshot(scope) as snapshot:
            scope, first, last = await bounded(snapshot, scope)
            if first is None or last is None or not named:
                return {}
            width = _width(last - first)
            measures = await self._metrics.measures(snapshot, scope, HOUR)
            if isinstance(measures, FromLogs):
                statement = _from_logs(scope, named, width, floor(first, width))
            elif last - first < 2 * HOUR:
                return {}
            else:
                width = max(width, HOUR)
                statement = await _from_rollups(
                    snapshot, scope, named, width, floor(first, width)
                )
            rows = await snapshot.rows(statement)
        starts = starts_of(first, last, width)
        found = {
            (row["method"], row["endpoint"], row["start"]): row["requests"]
            for row in rows
        }
        return {one: tuple(found.get((*one, at), 0) for at in starts) for one in named}

    async def of_services(
        self, since: datetime, until: datetime
    ) -> dict[UUID, ServiceMeasured]:
        """Each that had requests, all by one statement. Raises Unavailable."""
        scope = Scope(since=since, until=until)
        async with self._metrics.snapshot(scope) as snapshot:
            width = max(_width(until - since), HOUR)
            window = Window(
                scope,
                await complete_from(snapshot.connection),
                "service_rollups",
                every=width,
            )
            rows = await snapshot.rows(_by_service(window, width, floor(since, width)))
        starts = starts_of(since, until - MILLISECOND, width)
        return _services(rows, starts)


def _width(window: timedelta) -> timedelta:
    """The finest that cuts *window* into MOST_POINTS at most."""
    fitting = (width for width in WIDTHS if window / width <= MOST_POINTS - 1)
    return next(fitting, WIDTHS[-1])


def _from_logs(
    scope: Scope, named: Sequence[Named], width: timedelta, origin: datetime
) -> Statement:
    made = conditions(scope)
    start = f"date_bin({made.place(width)}, l.ts, {made.place(origin)})"
    methods, endpoints = (list(each) for each in zip(*named, strict=True))
    among = f"{made.place(methods)}::text[], {made.place(endpoints)}::text[]"
    return (
        f"""
        SELECT l.method, {ENDPOINT} AS endpoint, {start} AS start,
               count(*) AS requests
          {FROM}
         WHERE {made.where}
           AND (l.method, {ENDPOINT}) IN (SELECT * FROM unnest({among}))
         GROUP BY l.method, {ENDPOINT}, start
        """,
        made.arguments,
    )


async def _from_rollups(
    snapshot: Snapshot,
    scope: Scope,
    named: Sequence[Named],
    width: timedelta,
    origin: datetime,
) -> Statement:
    covered = await complete_from(snapshot.connection)
    window = Window(scope, covered, "endpoint_rollups", every=width)
    methods, endpoints = (list(each) for each in zip(*named, strict=True))
    among = f"{window.place(methods)}::text[], {window.place(endpoints)}::text[]"
    window.narrow(
        f"(l.method, coalesce(l.endpoint, l.path)) IN (SELECT * FROM unnest({among}))"
    )
    start = f"date_bin({window.place(width)}, start, {window.place(origin)})"
    counts = window.counted(
        ("method", "endpoint", "start"), of=f"method, endpoint, {start} AS start"
    )
    return counts, window.arguments


def _by_service(window: Window, width: timedelta, origin: datetime) -> Statement:
    """Each part of the window, and, without *start*, the whole of it."""
    start = f"date_bin({window.place(width)}, start, {window.place(origin)})"
    by = ("service_id", "start")
    sums = window.summed(by, of=f"service_id, {start} AS start")
    return (
        f"""
        SELECT service_id, start, {MEASURED_SUMS}
          FROM (SELECT service_id, start,
                       sum(requests)::bigint AS requests,
                       sum(errors)::bigint AS errors,
                       sum(latency_n)::bigint AS latency_n,
                       sum(latency_sum) AS latency_sum,
                       sum(histogram) AS histogram
                  FROM ({sums}) AS parts
                 GROUP BY GROUPING SETS ((service_id), (service_id, start))) AS sums
         WHERE requests <> 0
        """,
        window.arguments,
    )


def _services(
    rows: Sequence[asyncpg.Record], starts: Sequence[datetime]
) -> dict[UUID, ServiceMeasured]:
    parts = {(row["service_id"], row["start"]): row for row in rows}
    return {
        id: ServiceMeasured(
            service_id=id,
            measured=FromRollups.measured(row),
            requests=tuple(
                parts[id, at]["requests"] if (id, at) in parts else 0 for at in starts
            ),
        )
        for (id, start), row in parts.items()
        if start is None
    }
