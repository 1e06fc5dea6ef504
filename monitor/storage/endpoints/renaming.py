"""Renaming: stored logs get the endpoints that they would get now, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from monitor.counters import Counters
from monitor.record.binary import NULL, SMALLINT, text_field
from monitor.record.naming import Seen
from monitor.storage.clearing.taken_off import COUNTED, added_back, taken_off
from monitor.storage.database.pool import Database
from monitor.storage.database.steps import alone, step
from monitor.storage.endpoints.known import REQUESTS
from monitor.storage.endpoints.naming import EPOCH, EndpointNames, add_seen
from monitor.storage.rollups.coverage import (
    ALWAYS,
    NEVER,
    dropped_before,
    filled_from,
)
from monitor.traffic.ids import lowest_at

LOCK = "SELECT pg_try_advisory_lock(hashtext('apimonitor.endpoints'))"
# So many are looked at in one transaction.
STEP_LOGS = 2_000
HOUR = timedelta(hours=1)
LAST = datetime(2999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """Logs of *names* from before *before* are still to be looked at."""

    id: UUID
    service_id: UUID
    names: list[str]
    before: datetime
    is_last: bool


class Renaming:
    """One process at a time, newest logs first; rollups change with the logs.

    Killed within it, it begins anew with the hour that it was at.
    """

    def __init__(
        self, database: Database, *, names: EndpointNames, counters: Counters
    ) -> None:
        self._database = database
        self._names = names
        self._counters = counters

    async def step(self) -> bool:
        """Whether there may be more to do now."""
        async with alone(self._database, LOCK) as connection:
            if connection is None or await filled_from(connection) != ALWAYS:
                return False
            job = await _due(connection)
            if job is None:
                return False
            dropped = await dropped_before(connection)
            hour = await _newest_hour(connection, job, dropped)
            if hour is None:
                # Pinned logs of days that were dropped, which no rollup counts.
                await self._rename(connection, job, ALWAYS, dropped)
                await _finish(connection, job)
                return True
            await self._rename(connection, job, hour, hour + HOUR)
            await connection.execute(
                "UPDATE endpoint_renames SET before = $2 WHERE id = $1", job.id, hour
            )
        return True

    async def _rename(
        self,
        connection: asyncpg.Connection,
        job: Job,
        since: datetime,
        until: datetime,
    ) -> None:
        after, end = UUID(int=0), lowest_at(min(until, LAST))
        if since > ALWAYS:
            after = UUID(int=lowest_at(since).int - 1)
        while True:
            async with step(connection):
                rows = await _logs(connection, job, after, end, since, until)
                which = [row for row in rows if row["is_named"]]
                new = await self._names.names_of(
                    job.service_id,
                    [
                        (text_field(row["path"]), _status_field(row["status_code"]))
                        for row in which
                    ],
                )
                others = {
                    row["id"]: name
                    for row, name in zip(which, new, strict=True)
                    if row["endpoint"] != name
                }
                if others:
                    await self._move(connection, job.service_id, which, others)
            if len(rows) < STEP_LOGS:
                return
            after = rows[-1]["id"]

    async def _move(
        self,
        connection: asyncpg.Connection,
        service_id: UUID,
        rows: list[asyncpg.Record],
        others: Mapping[UUID, str],
    ) -> None:
        moved = [row for row in rows if row["id"] in others]
        changed = await connection.fetch(
            f"""
            UPDATE logs AS t
               SET endpoint = new.endpoint
              FROM unnest($1::int[], $2::timestamptz[], $3::uuid[], $4::text[])
                   AS new (bucket, ts, id, endpoint)
             WHERE t.bucket = new.bucket
               AND t.ts = new.ts
               AND t.id = new.id
            RETURNING t.ts, t.id, {COUNTED}
            """,
            *[[row[column] for row in moved] for column in ("bucket", "ts", "id")],
            [others[row["id"]] for row in moved],
        )
        former = {row["id"]: row["endpoint"] for row in moved}
        seen: dict[bytes, Seen] = {}
        come = [dict(row) for row in changed]
        await taken_off(connection, [{**r, "endpoint": former[r["id"]]} for r in come])
        await added_back(connection, come)
        for row in come:
            _see(seen, row)
        await add_seen(connection, service_id, seen)
        self._counters.endpoints_renamed.inc(len(come))


def _see(seen: dict[bytes, Seen], row: Mapping[str, Any]) -> None:
    at = (row["ts"] - EPOCH) // timedelta(microseconds=1)
    key = text_field(row["method"]) + text_field(row["endpoint"])
    one = seen.setdefault(key, Seen(at))
    one.first, one.last = min(one.first, at), max(one.last, at)


def _status_field(status_code: int | None) -> bytes:
    return NULL if status_code is None else SMALLINT.pack(2, status_code)


async def _due(connection: asyncpg.Connection) -> Job | None:
    row = await connection.fetchrow(
        """
        SELECT id, service_id, names, before, is_last
          FROM endpoint_renames
         WHERE due <= now()
         ORDER BY due, id
         LIMIT 1
        """
    )
    return None if row is None else Job(**dict(row))


async def _newest_hour(
    connection: asyncpg.Connection, job: Job, since: datetime
) -> datetime | None:
    """In which there are logs of these names, as rollups say."""
    moment: datetime | None = await connection.fetchval(
        """
        SELECT max(hour)
          FROM (SELECT date_bin('1 hour', start, '2000-01-01 00:00+00') AS hour
                  FROM (SELECT start, endpoint, method, requests
                          FROM endpoint_rollups
                         WHERE service_id = $1
                           AND width_s = 3600
                           AND start >= $3
                           AND start < $4
                           AND endpoint = ANY($2)
                         UNION ALL
                        SELECT start, endpoint, method, requests
                          FROM rollup_changes
                         WHERE service_id = $1
                           AND start >= $3
                           AND start < $4
                           AND endpoint = ANY($2)) AS counted
                 GROUP BY hour, endpoint, method
                HAVING sum(requests) > 0) AS hours
        """,
        job.service_id,
        job.names,
        since,
        job.before,
    )
    return moment


async def _logs(
    connection: asyncpg.Connection,
    job: Job,
    after: UUID,
    end: UUID,
    since: datetime,
    until: datetime,
) -> list[asyncpg.Record]:
    """The next logs of the service, and which of them have one of the names."""
    return await connection.fetch(
        """
        SELECT bucket, ts, id, method, path, status_code,
               coalesce(endpoint, path) AS endpoint,
               coalesce(endpoint, path) = ANY($2) AS is_named
          FROM logs
         WHERE service_id = $1
           AND id > $3
           AND id < $4
           AND ts >= $5
           AND ts < $6
         ORDER BY id
         LIMIT $7
        """,
        job.service_id,
        job.names,
        after,
        end,
        since,
        min(until, NEVER),
        STEP_LOGS,
    )


async def _finish(connection: asyncpg.Connection, job: Job) -> None:
    """The job is done; nobody sees what has no logs any more."""
    async with connection.transaction():
        await connection.execute("DELETE FROM endpoint_renames WHERE id = $1", job.id)
        if job.is_last:
            await connection.execute(
                f"""
                DELETE FROM endpoint_seen AS seen
                 WHERE service_id = $1
                   AND endpoint = ANY($2)
                   AND endpoint NOT IN (
                       SELECT endpoint
                         FROM ({REQUESTS}) AS counted
                        GROUP BY endpoint
                       HAVING sum(requests) > 0)
                """,
                job.service_id,
                job.names,
            )
