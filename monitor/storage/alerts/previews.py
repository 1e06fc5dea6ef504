"""Previews of rules, from what is stored: a week where that can be told in time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

import asyncpg

from monitor.alerts.asked import parts_of
from monitor.alerts.preview import Point, Preview, firings
from monitor.alerts.rule import Alert
from monitor.alerts.window import Aggregate
from monitor.errors import TooSlow
from monitor.logs.metrics import Scope, floor
from monitor.record.cells import STEP_S
from monitor.storage.alerts.windows import COUNTED, add_condition
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.logs.columns import FROM
from monitor.storage.logs.measured import EXACT_LOGS, MEASURED, Measures, Statement
from monitor.storage.logs.metrics import Snapshot, measures_of, snapshot_of
from monitor.storage.search.clauses import clause
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import lowest_at

DAY, WEEK = timedelta(days=1), timedelta(days=7)
STEP = timedelta(seconds=STEP_S)
# How wide a point is of a rule of each log.
OF_EACH = timedelta(minutes=15)


class AlertPreviews:
    def __init__(self, database: Database, *, timeout_ms: int) -> None:
        """*timeout_ms*: of a day, and of a week, each."""
        self.database = database
        self._timeout_ms = timeout_ms

    async def of(self, alert: Alert, now: datetime) -> Preview:
        """A window of the rule after the other, up to *now* but for five minutes.

        Raises TooSlow where not even a day is told in time.
        """
        width = _width(alert)
        day = await self._points(alert, width, DAY, now)
        try:
            week = await self._points(alert, width, WEEK, now)
        except TooSlow:
            return Preview(width=width, points=day, day=_fired(alert, day), week=None)
        since = day[0].start if day else now
        return Preview(
            width=width,
            points=day,
            day=_fired(alert, week, since),
            week=_fired(alert, week),
        )

    async def _points(
        self, alert: Alert, width: timedelta, length: timedelta, now: datetime
    ) -> tuple[Point, ...]:
        until = floor(now, STEP)
        count = max(length // width, 1)
        since = until - count * width
        scope = Scope(service_id=alert.service_id, since=since, until=until)
        async with snapshot_of(
            self.database, self._timeout_ms, share=Share.SEARCHES
        ) as snapshot:
            values = await _values(snapshot, alert, scope, width, now)
        starts = [since + n * width for n in range(count)]
        nothing = 0.0 if _counts(alert) else None
        points = [Point(start, values.get(start, nothing)) for start in starts]
        if alert.window is None or not alert.window.asks_for_traffic():
            return tuple(points)
        # Silence before the first request says nothing.
        first = next((n for n, point in enumerate(points) if point.value), count)
        return tuple(points[first:])


def _width(alert: Alert) -> timedelta:
    """The rule's window, in whole steps of the rollups."""
    if alert.window is None:
        return OF_EACH
    return max(ceil(alert.window.seconds / STEP_S), 1) * STEP


def _counts(alert: Alert) -> bool:
    """Whether no log is 0, and not nothing to measure."""
    counted = (Aggregate.COUNT, Aggregate.REQUEST_COUNT)
    return alert.window is None or alert.window.aggregate in counted


def _fired(alert: Alert, points: Sequence[Point], since: datetime | None = None) -> int:
    """Of each log, how many there were; over a window, how often it began to."""
    if alert.window is None:
        return sum(
            int(point.value or 0)
            for point in points
            if since is None or point.start >= since
        )
    found = firings(alert.window, points, _width(alert))
    return sum(since is None or moment > since for moment in found)


async def _values(
    snapshot: Snapshot, alert: Alert, scope: Scope, width: timedelta, now: datetime
) -> dict[datetime, float | None]:
    assert scope.since is not None
    if alert.query is None and alert.condition is None:
        measures = await measures_of(snapshot, scope, EXACT_LOGS, width)
        rows = await snapshot.rows(measures.by_start(width, scope.since))
        return {row["start"]: _measured(alert, measures, row) for row in rows}
    rows = await snapshot.rows(_found(alert, scope, width, now))
    return {row["start"]: _value(alert, row) for row in rows}


def _measured(alert: Alert, measures: Measures, row: asyncpg.Record) -> float | None:
    found = measures.measured(row)
    assert alert.window is not None
    match alert.window.aggregate:
        case Aggregate.ERROR_RATE:
            return found.error_rate
        case Aggregate.P95_LATENCY_MS:
            return found.p95_ms
        case _:
            return float(found.requests)


def _found(alert: Alert, scope: Scope, width: timedelta, now: datetime) -> Statement:
    """What the rule's query and condition find, by the logs themselves."""
    assert scope.since is not None and scope.until is not None
    made = Conditions()
    made.add("l.service_id = {}", scope.service_id)
    made.bound(">= {}", scope.since)
    made.bound("< {}", scope.until)
    made.reads_many()
    made.add("l.id >= {}", lowest_at(scope.since))
    made.clauses.append("l.source <> 'replay'")
    if alert.condition is not None:
        add_condition(made, alert.condition)
    made.clauses += [clause(part, made) for part in parts_of(alert.query, now)]
    is_p95 = alert.window and alert.window.aggregate is Aggregate.P95_LATENCY_MS
    start = f"date_bin({made.place(width)}, l.ts, {made.place(scope.since)})"
    return (
        f"""
        SELECT {start} AS start, {MEASURED if is_p95 else COUNTED}
          {FROM} {made.joins}
         WHERE {made.where}
         GROUP BY start
        """,
        made.arguments,
    )


def _value(alert: Alert, row: asyncpg.Record) -> float | None:
    aggregate = alert.window and alert.window.aggregate
    if aggregate is Aggregate.ERROR_RATE:
        return float(row["errors"]) / float(row["requests"])
    if aggregate is Aggregate.P95_LATENCY_MS:
        percentiles: list[float | None] | None = row["percentiles"]
        return percentiles[1] if percentiles else None
    return float(row["requests"])
