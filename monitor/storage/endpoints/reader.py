"""Endpoints as they are listed: counts and latencies of each, first and last seen."""

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import asyncpg

from monitor.logs.endpoints import (
    EndpointPage,
    EndpointsAsked,
    Order,
    Satisfaction,
    ServiceEndpoint,
    Sort,
)
from monitor.logs.metrics import Scope
from monitor.storage.database.pool import Database
from monitor.storage.endpoints import listing
from monitor.storage.endpoints.satisfaction import by_logs, by_rollups, satisfaction
from monitor.storage.logs.measured import EXACT_LOGS, FromRollups, Measures
from monitor.storage.logs.metrics import Snapshot, measures_of, snapshot_of


class EndpointReader:
    """One snapshot an answer; up to *exact_logs* are read for it, of more the rollups.

    *t_ms* is Apdex' T of services that have none of their own.
    """

    def __init__(
        self,
        database: Database,
        *,
        timeout_ms: int,
        t_ms: int,
        exact_logs: int = EXACT_LOGS,
    ) -> None:
        self._database = database
        self._timeout_ms = timeout_ms
        self._t_ms = t_ms
        self._exact_logs = exact_logs

    async def page(self, asked: EndpointsAsked) -> EndpointPage:
        async with snapshot_of(self._database, self._timeout_ms) as snapshot:
            measures = await measures_of(snapshot, asked.scope, self._exact_logs)
            if isinstance(measures, FromRollups):
                window = measures.window("endpoint_rollups")
                statement = listing.of_rollups(window, asked)
            else:
                statement = listing.of_logs(asked, self._t_ms)
            rows = await snapshot.rows(statement)
            page = self._sorted(rows, asked, measures)
            shown = page[asked.offset : asked.offset + asked.limit]
            made = [self._endpoint(row, measures) for row in shown]
            found = await _with_times(snapshot, made)
        return EndpointPage(
            items=tuple(found),
            total=rows[0]["total"] if rows else 0,
            percentile_error=measures.percentile_error,
        )

    async def satisfaction(self, scope: Scope) -> Satisfaction:
        async with snapshot_of(self._database, self._timeout_ms) as snapshot:
            measures = await measures_of(snapshot, scope, self._exact_logs)
            if isinstance(measures, FromRollups):
                statement = by_rollups(measures.window("endpoint_rollups"))
            else:
                statement = by_logs(scope, self._t_ms)
            return satisfaction(await snapshot.rows(statement), self._t_ms)

    def _sorted(
        self, rows: Sequence[asyncpg.Record], asked: EndpointsAsked, measures: Measures
    ) -> list[asyncpg.Record]:
        """What has no such figure comes last."""
        figures = [(self._figure(row, asked.sort, measures), row) for row in rows]
        some = [pair for pair in figures if pair[0] is not None]
        some.sort(key=itemgetter(0), reverse=asked.order is Order.DESC)
        none = [row for figure, row in figures if figure is None]
        return [*(row for _, row in some), *none]

    def _figure(self, row: asyncpg.Record, sort: Sort, measures: Measures) -> Any:
        match sort:
            case Sort.REQUESTS:
                return row["requests"]
            case Sort.ERRORS:
                return row["errors"]
            case Sort.ERROR_RATE:
                return row["errors"] / row["requests"]
            case Sort.AVG:
                return row["avg_ms"]
            case Sort.ENDPOINT | Sort.FIRST_SEEN | Sort.LAST_SEEN:
                return row[sort.value]
            case Sort.APDEX:
                return listing.satisfied_of(row, self._t(row)).apdex
            case Sort.P50 | Sort.P95 | Sort.P99:
                return getattr(measures.measured(row), f"{sort.value}_ms")

    def _endpoint(self, row: asyncpg.Record, measures: Measures) -> ServiceEndpoint:
        t_ms = self._t(row)
        return ServiceEndpoint(
            service_id=row["service_id"],
            method=row["method"],
            endpoint=row["endpoint"],
            measured=measures.measured(row),
            apdex=listing.satisfied_of(row, t_ms).apdex,
            apdex_t_ms=t_ms,
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
        )

    def _t(self, row: asyncpg.Record) -> int:
        own: int | None = row["apdex_t_ms"]
        return self._t_ms if own is None else own


async def _with_times(
    snapshot: Snapshot, made: list[ServiceEndpoint]
) -> list[ServiceEndpoint]:
    """With times from rollups of what nobody told of yet."""
    missing = [one for one in made if one.first_seen is None]
    if not missing:
        return made
    times = {
        (row["service_id"], row["method"], row["endpoint"]): row
        for row in await snapshot.rows(listing.unseen(missing))
    }
    return [_with_time(one, times) if one.first_seen is None else one for one in made]


def _with_time(
    one: ServiceEndpoint, times: dict[tuple[Any, str, str], asyncpg.Record]
) -> ServiceEndpoint:
    row = times.get((one.service_id, one.method, one.endpoint))
    if row is None:
        return one
    return replace(one, first_seen=row["first_seen"], last_seen=row["last_seen"])
