"""Packing: bodies that are some time old become packs, in steps that hold nobody up.

A step is one transaction: a body is loose or in a pack, and never both.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from monitor.counters import Counters
from monitor.record.columns import PACKED_COLUMNS
from monitor.storage.database.partitions import days_of
from monitor.storage.database.pool import Database
from monitor.storage.database.steps import alone, step
from monitor.storage.packs.shrinking import shrink
from monitor.storage.packs.taking_out import ARRAYS, COLUMNS, ENDS, LOCK_ALONE, ROWS
from monitor.traffic.ids import lowest_at

LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('apimonitor.packing'))"
DAY: Final = timedelta(days=1)
FIRST: Final = UUID(int=0)
# A pack is read as a whole: more would compress little better.
PACK_LOGS: Final = 128
PACK_BYTES: Final = 256 * 1024
# What is longer has pages of its own.
MOST_BYTES: Final = 8 * 1024
LEAST_PAGES: Final = 32
# At each of these times, what came late is looked for behind what was packed.
WHOLE_EVERY: Final = timedelta(days=1)
# In one statement; and in a turn, after which others may have the connection.
PACKS_TOGETHER: Final = 8
STEPS_AT_ONCE: Final = 4
# Of a day just filled there are no statistics: the planner would sort all that is left
# of it, each time, and compare each row of it with each id.
ALONG_THE_INDEX: Final = "SET LOCAL enable_bitmapscan = off"
SIZE: Final = " + ".join(
    f"coalesce(octet_length(p.{side}_{part}), 0)"
    for side in ("request", "response")
    for part in ("body", "text")
)
PACKABLE: Final = f"p.part IS NULL AND {SIZE} <= {MOST_BYTES}"


@dataclass(frozen=True, slots=True)
class Pace:
    """Bodies are packed that are *after* old, so many a second at most; 0: none. Of a
    day, *least_pages* go back to the disk.
    """

    after: timedelta
    per_second: int
    pack_logs: int = PACK_LOGS
    least_pages: int = LEAST_PAGES


@dataclass(frozen=True, slots=True)
class Loose:
    """What is packed next, of *ids* in their order; *into*: with what is in that pack
    already. *begins*: before which of all these a further pack begins.
    """

    ids: Sequence[UUID]
    into: UUID | None
    begins: Sequence[int]


class BodyPacking:
    """Remembers how far each day is packed, to go on from there."""

    def __init__(self, database: Database, *, counters: Counters, pace: Pace) -> None:
        self._database = database
        self._counters = counters
        self._pace = pace
        self._reached: dict[date, UUID] = {}
        self._whole_at = datetime.min.replace(tzinfo=UTC)
        self._shrunk: set[date] = set()

    async def pack(self) -> None:
        """All that is to be packed now, where no other process is at it."""
        while await self.step(datetime.now(UTC)):
            pass

    async def step(self, now: datetime) -> bool:
        """Whether there may be more to do now; False where another process is at it."""
        if not self._pace.per_second:
            return False
        # A clock that stepped back has not been where it was yet.
        if not timedelta() <= now - self._whole_at < WHOLE_EVERY:
            self._reached.clear()
            self._whole_at = now
        async with alone(self._database, LOCK) as connection:
            if connection is None:
                return False
            count = await self._pack_some(connection, now - self._pace.after)
        await asyncio.sleep(count / self._pace.per_second)
        return count > 0

    async def _pack_some(self, connection: asyncpg.Connection, until: datetime) -> int:
        """Of the oldest day that has any; how many."""
        for day in await days_of(connection, "log_bodies"):
            if _begin(day) > until:
                break
            if count := await self._pack_day(connection, day, until):
                return count
        return 0

    async def _pack_day(
        self, connection: asyncpg.Connection, day: date, until: datetime
    ) -> int:
        """Some of *day*; how many, and 0 once all are and its room is given back."""
        packed = 0
        end = min(_begin(day) + DAY, until)
        for _ in range(STEPS_AT_ONCE):
            if self._reached.get(day, FIRST) >= lowest_at(end):
                break
            count = await self._pack(connection, day, until)
            if not count:
                break
            packed += count
            self._counters.bodies_packed.inc(count)
        if packed:
            self._shrunk.discard(day)
        elif _begin(day) + DAY <= until and day not in self._shrunk:
            bytes = await shrink(connection, day, self._pace.least_pages)
            self._counters.packing_bytes.inc(bytes)
            self._shrunk.add(day)
        return packed

    async def _pack(
        self, connection: asyncpg.Connection, day: date, until: datetime
    ) -> int:
        """How many were packed."""
        async with step(connection, is_awaited=False):
            if not await connection.fetchval(LOCK_ALONE):
                # Bodies are being removed.
                return 0
            await connection.execute(ALONG_THE_INDEX)
            after = self._reached.get(day, lowest_at(_begin(day)))
            rows = await connection.fetch(
                f"""
                SELECT p.id, {SIZE} AS size
                  FROM log_bodies_{day:%Y%m%d} AS p
                 WHERE p.id >= $1
                   AND p.id < $2
                   AND {PACKABLE}
                 ORDER BY p.id
                 LIMIT $3
                """,
                after,
                lowest_at(until),
                self._pace.pack_logs * PACKS_TOGETHER,
            )
            # What is long is not gone over again.
            self._reached[day] = rows[0]["id"] if rows else lowest_at(until)
            loose = await self._next(connection, day, rows, until)
            if loose is None:
                return 0
            await _store(connection, day, loose)
        self._reached[day] = loose.ids[-1]
        return len(loose.ids)

    async def _next(
        self,
        connection: asyncpg.Connection,
        day: date,
        rows: Sequence[asyncpg.Record],
        until: datetime,
    ) -> Loose | None:
        """Of *rows*, those that become packs, or are within the next one."""
        if not rows:
            return None
        pack = await connection.fetchrow(
            f"""
            SELECT h.first_id, h.last_id, cardinality(h.ids) AS logs
              FROM body_packs_{day:%Y%m%d} AS h
             WHERE h.last_id > $1
             ORDER BY h.last_id
             LIMIT 1
            """,
            rows[0]["id"],
        )
        if pack is None:
            return self._packs(rows, is_all=_begin(day) + DAY <= until)
        before = [row for row in rows if row["id"] < pack["first_id"]]
        if len(before) * 2 > self._pace.pack_logs:
            return self._packs(before, is_all=True)
        within = [row["id"] for row in rows if row["id"] < pack["last_id"]]
        ids = within[: self._pace.pack_logs]
        count = len(ids) + pack["logs"]
        packs = max(round(count / self._pace.pack_logs), 1)
        begins = [-(-count * n // packs) for n in range(1, packs)]
        return Loose(ids, pack["first_id"], begins)

    def _packs(self, rows: Sequence[asyncpg.Record], *, is_all: bool) -> Loose | None:
        """Packs of their own; the last one only if it is whole, or that is all."""
        begins, room = [0], PACK_BYTES
        for at, row in enumerate(rows):
            if at - begins[-1] == self._pace.pack_logs or (room < row["size"] and at):
                begins.append(at)
                room = PACK_BYTES
            room -= row["size"]
        if not is_all and len(rows) - begins[-1] < self._pace.pack_logs:
            rows = rows[: begins.pop()]
        return Loose([row["id"] for row in rows], None, begins[1:]) if rows else None


async def _store(connection: asyncpg.Connection, day: date, loose: Loose) -> None:
    listed = ", ".join(("id", *PACKED_COLUMNS))
    await connection.execute(
        f"""
        WITH taken AS (
            DELETE FROM log_bodies_{day:%Y%m%d} AS p
             WHERE p.id >= $1
               AND p.id <= $4
               AND {PACKABLE}
            RETURNING {", ".join(f"p.{name}" for name in ("id", *PACKED_COLUMNS))}),
             opened AS (
            DELETE FROM body_packs_{day:%Y%m%d} AS h
             WHERE h.first_id = $2
            RETURNING h.*),
             together AS (
            SELECT {listed} FROM taken
             UNION ALL
            SELECT u.* FROM opened AS h CROSS JOIN LATERAL {ROWS}),
             u AS (
            SELECT {listed},
                   width_bucket(row_number() OVER (ORDER BY id) - 1, $3::bigint[])
                       AS pack
              FROM together)
        INSERT INTO body_packs_{day:%Y%m%d} (ts, {COLUMNS})
        SELECT $5, {ENDS}, {ARRAYS}
          FROM u
         GROUP BY u.pack
        """,
        loose.ids[0],
        loose.into,
        loose.begins,
        loose.ids[-1],
        _begin(day),
    )


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
