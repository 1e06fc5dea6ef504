"""A walk: logs of a window, newest first, in steps, as far as the time allows."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from monitor.logs.facets import Covered
from monitor.storage.search import conditions
from monitor.storage.search.asked import Asked
from monitor.storage.search.bounded import bounded, within
from monitor.storage.search.days import Days, days_of, in_order
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import timestamp_of

FIRST_STEP, MOST_STEP = 1_000, 10_000
# Of the time that is left, what an index may take.
INDEX_SHARE = 0.4
# Of the time that is left, what a step may take; and what becomes of it if it does.
STEP_SHARE = 0.5
SHRINKS_BY = 10
# Of all the time, what is not worth a step.
LEAST_SHARE = 0.05


class Deadline:
    def __init__(self, timeout_ms: int) -> None:
        self._until = time.monotonic() + timeout_ms / 1000
        self._least_ms = timeout_ms * LEAST_SHARE

    @property
    def leaves_a_step(self) -> bool:
        """One that is begun later would be over too late."""
        return self.left_ms() > self._least_ms

    def left_ms(self, share: float = 1) -> int:
        return int((self._until - time.monotonic()) * 1000 * share)


@dataclass(frozen=True, slots=True)
class Walk:
    """*counting*: the statement that counts what meets the conditions, with a limit;
    *take* has its rows, of one step after another, up to *most_logs* in all.

    What may be rare is counted along its index at once, where it is.
    """

    asked: Asked
    counting: Callable[[Conditions, str], str]
    take: Callable[[Sequence[asyncpg.Record]], None]
    most_logs: int

    async def run(self, connection: asyncpg.Connection, deadline: Deadline) -> Covered:
        try:
            async with bounded(connection, deadline.left_ms(INDEX_SHARE)):
                there = await days_of(connection)
        except asyncpg.QueryCanceledError:
            return nothing(self.asked)
        days = in_order(there, *self.asked.bounds)
        if self.asked.is_indexed:
            covered = await self._at_once(connection, days, deadline)
            if covered is not None:
                return covered
        return await self._in_steps(connection, deque(days), deadline)

    async def _in_steps(
        self, connection: asyncpg.Connection, days: deque[Days], deadline: Deadline
    ) -> Covered:
        edge: UUID | None = None
        since: datetime | None = None
        seen, size = 0, min(FIRST_STEP, self.most_logs)
        while days and size and deadline.leaves_a_step:
            left_ms = deadline.left_ms(STEP_SHARE)
            try:
                far, logs = await self._far_end(
                    connection, days[0], edge, size, left_ms
                )
                left_ms = deadline.left_ms(STEP_SHARE)
                made = self._between(self.asked.where(), days[0], edge, far)
                sql = self.counting(made, "")
                rows = await within(
                    connection, left_ms, sql, made.arguments, reads_many=True
                )
            except asyncpg.QueryCanceledError:
                # Smaller, so that a step gets on, however little.
                size = max(size // SHRINKS_BY, 1)
                continue
            self.take(rows)
            seen += logs
            if far is None:
                since = days.popleft().since
            else:
                edge, since = far, timestamp_of(far)
            size = min(size * 2, MOST_STEP, self.most_logs - seen)
        return self._so_far(since, seen) if days else exactly(self.asked, seen)

    async def _at_once(
        self, connection: asyncpg.Connection, days: Sequence[Days], deadline: Deadline
    ) -> Covered | None:
        """None where that takes longer, or there are too many."""
        until = Deadline(deadline.left_ms(INDEX_SHARE))
        taken, logs = list[Sequence[asyncpg.Record]](), 0
        for each in days:
            made = self._between(self.asked.where(), each, None, None)
            sql = self.counting(made, f"LIMIT {self.most_logs + 1 - logs}")
            try:
                rows = await within(connection, until.left_ms(), sql, made.arguments)
            except asyncpg.QueryCanceledError:
                return None
            logs += found(rows)
            if logs > self.most_logs:
                return None
            taken.append(rows)
        for counted in taken:
            self.take(counted)
        return exactly(self.asked, logs)

    async def _far_end(
        self,
        connection: asyncpg.Connection,
        days: Days,
        edge: UUID | None,
        size: int,
        timeout_ms: int,
    ) -> tuple[UUID | None, int]:
        """The last id of the next *size* logs of *days*, None where no more are left;
        how many these are.
        """
        made = self._between(self.asked.window(), days, edge, None)
        sql = f"""
            SELECT count(*) AS n, (array_agg(w.id ORDER BY w.id DESC))[{size}] AS id
              FROM (SELECT l.id
                      FROM logs AS l
                     WHERE {made.where}
                     ORDER BY l.id DESC
                     LIMIT {size + 1}) AS w
            """
        [row] = await within(connection, timeout_ms, sql, made.arguments)
        return (row["id"], size) if row["n"] > size else (None, row["n"])

    @staticmethod
    def _between(
        made: Conditions, days: Days, edge: UUID | None, far: UUID | None
    ) -> Conditions:
        """Of *days*, after *edge*, which was counted, up to and with *far*."""
        days.bound(made)
        if edge is not None:
            conditions.older_than(made, edge)
        if far is not None:
            made.reads_many()
            made.add("l.id >= {}", far)
            made.bound(">= {}", timestamp_of(far))
        return made

    def _so_far(self, since: datetime | None, seen: int) -> Covered:
        _, until = self.asked.bounds
        if since is None:
            return nothing(self.asked)
        return Covered(is_exact=False, since=since, until=until, logs=seen)


def found(rows: Sequence[asyncpg.Record]) -> int:
    """Facets have a row of all of them."""
    return sum(row["requests"] or 0 for row in rows if not row.get("facet"))


def exactly(asked: Asked, logs: int | None) -> Covered:
    since, until = asked.bounds
    return Covered(is_exact=True, since=since, until=until, logs=logs)


def nothing(asked: Asked) -> Covered:
    """The time was over before anything was counted."""
    _, until = asked.bounds
    moment = until or datetime.now(UTC)
    return Covered(is_exact=False, since=moment, until=moment, logs=0)
