"""Metrics: how many logs there are, how many failed, and how long they took."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic

import asyncpg

from monitor.errors import TooSlow
from monitor.logs.metrics import (
    NOTHING,
    Endpoint,
    Endpoints,
    Measured,
    MetricsBucket,
    Scope,
    Series,
    Totals,
    floor,
    starts_of,
    width_for,
)
from monitor.record.cells import STEP_S
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.logs.columns import FROM
from monitor.storage.logs.measured import (
    EXACT_LOGS,
    FromLogs,
    FromRollups,
    Measures,
    Statement,
    conditions,
    measured_by,
)
from monitor.storage.rollups.coverage import complete_from
from monitor.storage.search.days import days_of, in_order
from monitor.storage.search.places import ENDPOINT

STEP, MILLISECOND = timedelta(seconds=STEP_S), timedelta(milliseconds=1)


class Snapshot:
    """Statements that see the same, and have one deadline."""

    def __init__(self, connection: asyncpg.Connection, timeout_ms: int) -> None:
        self.connection = connection
        self._deadline = monotonic() + timeout_ms / 1000

    async def rows(self, statement: Statement) -> Sequence[asyncpg.Record]:
        left_ms = max(int((self._deadline - monotonic()) * 1000), 1)
        await self.connection.execute(f"SET LOCAL statement_timeout = {left_ms}")
        return await self.connection.fetch(statement[0], *statement[1])

    async def row(self, statement: Statement) -> asyncpg.Record | None:
        rows = await self.rows(statement)
        return rows[0] if rows else None


class MetricsReader:
    """Answers from one snapshot each, so that its parts sum to its total.

    Up to *exact_logs* are read for it; of more, the rollups are.
    """

    def __init__(
        self, database: Database, *, timeout_ms: int, exact_logs: int = EXACT_LOGS
    ) -> None:
        self._database = database
        self._timeout_ms = timeout_ms
        self._exact_logs = exact_logs

    async def totals(self, scope: Scope) -> Totals:
        async with self.snapshot(scope) as snapshot:
            measures = await self.measures(snapshot, scope)
            return await _totals(snapshot, measures)

    async def timeseries(self, scope: Scope) -> Series:
        """Buckets of one width over the window, empty ones too.

        A window without *since* begins with its oldest log, one without *until* ends
        now or with its newest log.
        """
        async with self.snapshot(scope) as snapshot:
            scope, first, last = await bounded(snapshot, scope)
            if first is None or last is None:
                return Series(
                    width=width_for(timedelta(0)),
                    since=scope.since,
                    until=scope.until,
                    buckets=(),
                )
            width = width_for(last - first)
            measures = await self.measures(snapshot, scope, width)
            rows = await snapshot.rows(measures.by_start(width, floor(first, width)))
        found = {row["start"]: measures.measured(row) for row in rows}
        buckets = [
            MetricsBucket(start, found.get(start, NOTHING))
            for start in starts_of(first, last, width)
        ]
        return Series(
            width=width,
            since=scope.since,
            until=scope.until,
            buckets=tuple(buckets),
            percentile_error=measures.percentile_error,
        )

    async def endpoints(self, scope: Scope) -> Endpoints:
        """By method and path template, most requests first."""
        async with self.snapshot(scope) as snapshot:
            measures = await self.measures(snapshot, scope)
            whole = measures.measured(await snapshot.row(measures.overall()))
            return await _endpoints(snapshot, measures, whole)

    async def overview(self, scope: Scope) -> tuple[Totals, Endpoints]:
        """The totals and the endpoints, of the same snapshot."""
        async with self.snapshot(scope) as snapshot:
            measures = await self.measures(snapshot, scope)
            totals = await _totals(snapshot, measures)
            return totals, await _endpoints(snapshot, measures, totals.measured)

    def snapshot(self, scope: Scope) -> AbstractAsyncContextManager[Snapshot]:
        share = Share.SEARCHES if scope.exact else Share.LISTS
        return snapshot_of(self._database, self._timeout_ms, share=share)

    async def usual(self, scope: Scope, method: str, endpoint: str) -> Measured:
        """What one endpoint is like, by its rollups."""
        async with self.snapshot(scope) as snapshot:
            complete = await complete_from(snapshot.connection)
            window = FromRollups(scope, complete).window("endpoint_rollups")
            window.narrow(f"l.method = {window.place(method)}")
            window.narrow(f"{ENDPOINT} = {window.place(endpoint)}")
            row = await snapshot.row(measured_by(window))
        return FromRollups.measured(row)

    async def measures(
        self, snapshot: Snapshot, scope: Scope, width: timedelta = STEP
    ) -> Measures:
        return await measures_of(snapshot, scope, self._exact_logs, width)


async def measures_of(
    snapshot: Snapshot, scope: Scope, exact_logs: int, width: timedelta = STEP
) -> Measures:
    """Of logs one by one: what no rollup holds, what is to be exact, and few."""
    if scope.exact or width % STEP:
        return FromLogs(scope)
    rollups = FromRollups(scope, await complete_from(snapshot.connection))
    count = await snapshot.row(rollups.requests())
    if count is None or (count["requests"] or 0) <= exact_logs:
        return FromLogs(scope)
    return rollups


@asynccontextmanager
async def snapshot_of(
    database: Database, timeout_ms: int, *, share: Share = Share.LISTS
) -> AsyncIterator[Snapshot]:
    """Raises Unavailable."""
    try:
        async with (
            database.reading(share) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield Snapshot(connection, timeout_ms)
    except (asyncpg.QueryCanceledError, TooSlow):
        raise TooSlow(
            "the metrics took longer than QUERY_TIMEOUT_MS; "
            "narrow them with since, until or service_id",
            retry_after_s=1,
        ) from None


async def _totals(snapshot: Snapshot, measures: Measures) -> Totals:
    one = await snapshot.row(measures.overall())
    by_method: dict[str, int] = {}
    by_status: dict[str, int] = {}
    for row in await snapshot.rows(measures.groups()):
        status = "none" if row["status_code"] is None else str(row["status_code"])
        by_method[row["method"]] = by_method.get(row["method"], 0) + row["requests"]
        by_status[status] = by_status.get(status, 0) + row["requests"]
    return Totals(
        measured=measures.measured(one),
        by_method=dict(sorted(by_method.items())),
        by_status=dict(sorted(by_status.items())),
        percentile_error=measures.percentile_error,
    )


async def _endpoints(
    snapshot: Snapshot, measures: Measures, whole: Measured
) -> Endpoints:
    found = [
        Endpoint(row["method"], row["endpoint"], measures.measured(row))
        for row in await snapshot.rows(measures.by_endpoint())
    ]
    rest = whole.requests - sum(e.measured.requests for e in found)
    if rest > 0:
        errors = whole.errors - sum(e.measured.errors for e in found)
        left = replace(NOTHING, requests=rest, errors=errors)
        found.append(Endpoint(None, None, left))
    return Endpoints(tuple(found), measures.percentile_error)


async def bounded(
    snapshot: Snapshot, scope: Scope
) -> tuple[Scope, datetime | None, datetime | None]:
    """*scope* bounded, and the times its buckets reach from and to."""
    first = scope.since or await _oldest(snapshot, scope)
    if first is None:
        return scope, None, None
    now = datetime.now(UTC)
    if scope.until is None:
        end = await _newest_since(snapshot, scope, now) or now
        bounded = replace(scope, since=first, until=end + MILLISECOND)
    else:
        end = scope.until
        bounded = replace(scope, since=first)
    if end <= first:
        return bounded, None, None
    return bounded, first, end - MILLISECOND


async def _newest_since(
    snapshot: Snapshot, scope: Scope, now: datetime
) -> datetime | None:
    """When the newest log is dated that is dated ahead, if one is."""
    made = conditions(replace(scope, since=max(scope.since or now, now)))
    newest = await snapshot.row(
        (
            f"SELECT l.ts {FROM} WHERE {made.where} ORDER BY l.id DESC LIMIT 1",
            made.arguments,
        )
    )
    return newest["ts"] if newest else None


async def _oldest(snapshot: Snapshot, scope: Scope) -> datetime | None:
    if scope.source is not None:
        # There may be few of it, which no index leads to.
        scope = await _to_first_day(snapshot, scope)
    there = await days_of(snapshot.connection)
    for days in in_order(there, scope.since, scope.until, ascends=True):
        made = conditions(scope)
        days.bound(made)
        sql = f"SELECT l.ts {FROM} WHERE {made.where} ORDER BY l.id LIMIT 1"
        oldest = await snapshot.row((sql, made.arguments))
        if oldest is not None:
            first: datetime = oldest["ts"]
            return first
    return None


async def _to_first_day(snapshot: Snapshot, scope: Scope) -> Scope:
    """*scope* with an end behind its oldest log."""
    rollups = FromRollups(scope, await complete_from(snapshot.connection))
    row = await snapshot.row(rollups.first_day())
    if row is None or row["day"] is None:
        return scope
    behind = row["day"] + timedelta(days=1)
    return replace(scope, until=min(behind, scope.until or behind))
