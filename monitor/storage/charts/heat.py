"""Heat maps of latencies, from logs or from the histograms of rollups."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from monitor.logs.heat import EDGES_MS, HeatBucket, HeatMap
from monitor.logs.metrics import Scope, floor, starts_of, width_for
from monitor.storage.logs.columns import FROM
from monitor.storage.logs.measured import FromLogs, Statement, conditions
from monitor.storage.logs.metrics import MetricsReader, Snapshot, bounded
from monitor.storage.rollups.histogram import bins_of
from monitor.storage.rollups.sums import BIN

# Of a bin's number, the exponent and one bit of the mantissa say the row.
BINS_A_ROW = 5
ONE_MS = 1023 << 1
ROWS = len(EDGES_MS)
Counts = dict[datetime, list[int]]


class HeatReader:
    def __init__(self, metrics: MetricsReader) -> None:
        self._metrics = metrics

    async def heat_map(self, scope: Scope) -> HeatMap:
        """Of the moments that a series of *scope* has. Raises Unavailable."""
        async with self._metrics.snapshot(scope) as snapshot:
            scope, first, last = await bounded(snapshot, scope)
            if first is None or last is None:
                return HeatMap(
                    width=width_for(timedelta(0)),
                    since=scope.since,
                    until=scope.until,
                    edges_ms=(),
                    buckets=(),
                )
            width = width_for(last - first)
            counts = await _counts(
                self._metrics, snapshot, scope, width, floor(first, width)
            )
        lowest, highest = _occupied(counts)
        empty = [0] * ROWS
        return HeatMap(
            width=width,
            since=scope.since,
            until=scope.until,
            edges_ms=(*EDGES_MS, None)[lowest : highest + 1] if highest else (),
            buckets=tuple(
                HeatBucket(start, tuple(counts.get(start, empty)[lowest:highest]))
                for start in starts_of(first, last, width)
            ),
        )


async def _counts(
    metrics: MetricsReader,
    snapshot: Snapshot,
    scope: Scope,
    width: timedelta,
    origin: datetime,
) -> Counts:
    measures = await metrics.measures(snapshot, scope, width)
    if isinstance(measures, FromLogs):
        return _of_cells(await snapshot.rows(_cells(scope, width, origin)))
    rows = await snapshot.rows(measures.by_start(width, origin))
    return {row["start"]: _of_histogram(row) for row in rows}


def _cells(scope: Scope, width: timedelta, origin: datetime) -> Statement:
    made = conditions(scope)
    return (
        f"""
        SELECT start, ({BIN}) >> {BINS_A_ROW} AS half_octave, count(*) AS n
          FROM (SELECT date_bin({made.place(width)}, l.ts, {made.place(origin)})
                           AS start,
                       l.latency_ms AS ms
                  {FROM}
                 WHERE {made.where} AND l.latency_ms IS NOT NULL) AS l
         GROUP BY start, half_octave
        """,
        made.arguments,
    )


def _of_cells(rows: Sequence[asyncpg.Record]) -> Counts:
    counts: Counts = {}
    for row in rows:
        cells = counts.setdefault(row["start"], [0] * ROWS)
        cells[_row(row["half_octave"])] += row["n"]
    return counts


def _of_histogram(row: asyncpg.Record) -> list[int]:
    cells = [0] * ROWS
    first, counts = bins_of(row["histogram"])
    for bin, count in enumerate(counts, start=first):
        cells[_row(bin >> BINS_A_ROW)] += count
    # What is too short for a bin.
    cells[0] += row["latency_n"] - sum(counts)
    return cells


def _row(half_octave: int) -> int:
    return min(max(half_octave - ONE_MS + 1, 0), ROWS - 1)


def _occupied(counts: Counts) -> tuple[int, int]:
    """The first row that has any, and the one behind the last."""
    found = [at for cells in counts.values() for at, n in enumerate(cells) if n]
    return (min(found), max(found) + 1) if found else (0, 0)
