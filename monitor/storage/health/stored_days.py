"""Stored days: how much of a day's tables is whose.

The bytes of a day are PostgreSQL's own figure; how they fall to services is told by a
sample of its pages, drawn when the day has grown, and its logs are counted by the
rollups. So a look costs as much at ten million logs as at ten thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg

from monitor.costs.stored_day import StoredDay
from monitor.storage.database.facts import Day
from monitor.storage.packs.taking_out import ROWS
from monitor.storage.rollups.changes import ALL_CHANGES
from monitor.storage.rollups.coverage import complete_from

# Of a table, so many pages are read.
SAMPLED_PAGES = 128
PAGE_BYTES = 8192
# What a day may grow or shrink by until it is sampled again; so many days a look.
GROWTH = 0.2
DAYS_AT_ONCE = 8
# A pack of bodies is 128 times what a row of them is.
SAMPLED_PACKS = 32
# What a row of bodies takes beside them.
ROW_BYTES = 90
ID_BYTES = 16
OF_BODIES = " + ".join(
    f"coalesce(pg_column_size(b.{side}_{part}), 0)"
    for side in ("request", "response")
    for part in ("body", "text")
)
Weights = dict[UUID, float]
Counts = dict[tuple[date, UUID], int]


@dataclass(frozen=True, slots=True)
class Sample:
    """Of a day, at that size: each service's share of rows, and of bodies."""

    size: int
    rows: Weights
    bodies: Weights

    def is_of(self, day: Day) -> bool:
        return abs(day.total - self.size) <= GROWTH * self.size


class StoredDays:
    """Remembers the samples of the days that are there."""

    def __init__(self) -> None:
        self._samples: dict[str, Sample] = {}

    async def of(
        self, connection: asyncpg.Connection, days: Sequence[Day]
    ) -> tuple[StoredDay, ...]:
        """The newest day first; a day that was not sampled yet is left out."""
        days = [day for day in days if day.name.isdigit()]
        names = {day.name for day in days}
        self._samples = {n: s for n, s in self._samples.items() if n in names}
        due = [day for day in days if not self._is_known(day)]
        for day in due[:DAYS_AT_ONCE]:
            self._samples[day.name] = await _sample(connection, day)
        known_from = await complete_from(connection)
        counts = await _counts(connection)
        found: list[StoredDay] = []
        for day in days:
            if sample := self._samples.get(day.name):
                of_day = datetime.strptime(day.name, "%Y%m%d").replace(tzinfo=UTC)
                known = counts if of_day >= known_from else None
                found += _shared(day, of_day.date(), sample, known)
        return tuple(found)

    def _is_known(self, day: Day) -> bool:
        sample = self._samples.get(day.name)
        return sample is not None and sample.is_of(day)


def _shared(
    day: Day, date: date, sample: Sample, counts: Counts | None
) -> list[StoredDay]:
    """Of each service that has any, the largest first."""
    made = [
        StoredDay(
            date,
            service_id,
            None if counts is None else counts.get((date, service_id), 0),
            round((day.logs + day.details) * share),
            round(
                (day.bodies + day.packed + day.messages)
                * (sample.bodies or sample.rows).get(service_id, 0.0)
            ),
        )
        for service_id, share in sample.rows.items()
    ]
    return sorted(made, key=lambda each: -each.bytes)


async def _sample(connection: asyncpg.Connection, day: Day) -> Sample:
    rows = await connection.fetch(
        f"""
        SELECT l.service_id, sum(pg_column_size(l.*))::float8 AS weight
          FROM {await _sampled(connection, f"logs_{day.name}", "l")}
         GROUP BY 1
        """
    )
    bodies: Sequence[asyncpg.Record] = ()
    if day.bodies:
        bodies = await connection.fetch(
            f"""
            SELECT l.service_id, sum({OF_BODIES} + {ROW_BYTES})::float8 AS weight
              FROM {await _sampled(connection, f"log_bodies_{day.name}", "b")}
              JOIN logs_{day.name} AS l ON l.id = b.id
             GROUP BY 1
            """
        )
    packed: Sequence[asyncpg.Record] = ()
    if day.packed:
        packed = await connection.fetch(
            f"""
            SELECT l.service_id, sum({OF_BODIES} + {ID_BYTES})::float8 AS weight
              FROM (SELECT *
                      FROM {await _sampled(connection, f"body_packs_{day.name}", "h")}
                     LIMIT {SAMPLED_PACKS}) AS h
              CROSS JOIN LATERAL {ROWS.replace("AS u", "AS b")}
              JOIN logs_{day.name} AS l ON l.id = b.id
             GROUP BY 1
            """
        )
    weights = _both(_weights(bodies), day.bodies, _weights(packed), day.packed)
    return Sample(day.total, _weights(rows), weights)


def _both(one: Weights, size: int, other: Weights, other_size: int) -> Weights:
    """Of two tables of these sizes; of a table without rows the room is nobody's."""
    total = (size if one else 0) + (other_size if other else 0)
    return {
        id: (one.get(id, 0.0) * size + other.get(id, 0.0) * other_size) / total
        for id in {**one, **other}
    }


async def _sampled(connection: asyncpg.Connection, table: str, name: str) -> str:
    """*table* AS *name*, or some of its pages: of few, a sample might be none."""
    size: int = await connection.fetchval(
        "SELECT pg_relation_size($1::text::regclass)", table
    )
    percent = 100 * SAMPLED_PAGES * PAGE_BYTES / max(size, 1)
    if percent >= 100:
        return f"{table} AS {name}"
    return f"{table} AS {name} TABLESAMPLE SYSTEM ({percent})"


def _weights(rows: Sequence[asyncpg.Record]) -> Weights:
    total = sum(row["weight"] for row in rows)
    return {row["service_id"]: row["weight"] / total for row in rows}


async def _counts(connection: asyncpg.Connection) -> Counts:
    """Of the days that rollups know."""
    rows = await connection.fetch(
        f"""
        SELECT day, service_id, sum(requests)::bigint AS logs
          FROM (SELECT start AS day, service_id, requests
                  FROM service_rollups
                 WHERE width_s = 86400
                 UNION ALL
                SELECT date_bin('1 day', start, '2000-01-01 00:00+00'), service_id,
                       requests
                  FROM {ALL_CHANGES}) AS counted
         GROUP BY day, service_id
        """
    )
    return {(row["day"].date(), row["service_id"]): row["logs"] for row in rows}
