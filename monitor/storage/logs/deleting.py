"""Deleting of logs that someone wants gone, with all that was kept of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from monitor.counters import Counters
from monitor.errors import Unavailable
from monitor.ledger.account import DELETED
from monitor.logs.filter import LogFilter, Page
from monitor.storage.clearing import unused_sets
from monitor.storage.clearing.clearing import Keys, remove_logs
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.database.steps import STEP_TIMEOUT_MS, step
from monitor.storage.ledger.totals import LedgerTotals
from monitor.storage.logs.reader import LogReader
from monitor.storage.logs.search import TOP
from monitor.traffic.exchange import Source
from monitor.traffic.ids import bucket_of, is_log_id, timestamp_of

# Logs of a step, whose bodies may take a few hundred megabytes at most.
STEP_LOGS = 500
NOTHING_YET = UUID(int=0)
# A replay comes after its log, which may have been dated ahead of its time.
DATED_AHEAD = timedelta(days=2)
# A step, and the pause after it, which is as long.
HELD_S = 3 * STEP_TIMEOUT_MS / 1000
# What a step may meet, that may do better when it is asked for again.
REFUSED = (
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """*logs*: of those that a filter finds; *replays*: other logs, replays of these.

    *left_after*: after which log there may be more; None where there are none.
    """

    logs: int
    replays: int
    left_after: UUID | None


class Deletions:
    """Removes logs in small transactions, those of a filter for one caller at a time.

    A log goes with its details, bodies and messages, and with its replays: what was
    found out about each, and its log. So it may be pinned.
    """

    def __init__(
        self,
        database: Database,
        *,
        reader: LogReader,
        ledger: LedgerTotals,
        counters: Counters,
    ) -> None:
        self._database = database
        self._reader = reader
        self._ledger = ledger
        self._counters = counters
        self._turn = asyncio.Lock()

    async def one(self, id: UUID) -> bool:
        """False where there is no such log. Raises Unavailable."""
        if not is_log_id(id) or not await self._is_there(id):
            return False
        gone, _ = await self._take([id], {id}, dry_run=False)
        await self._sweep()
        return bool(gone)

    async def many(
        self, filter: LogFilter, *, after: UUID | None, limit: int, dry_run: bool
    ) -> Deleted:
        """Remove what *filter* finds *after* a log, newest first, *limit* at most.

        *dry_run* counts only. Raises Unavailable; what is gone by then is gone.
        """
        found: set[UUID] = set()
        logs = replays = 0
        await self._reader.check(filter)
        async with self._turn, self._swept(is_due=not dry_run):
            while len(found) < limit:
                page = Page(limit=min(STEP_LOGS, limit - len(found)), cursor=after)
                ids, reached, is_all = await self._reader.ids(filter, page)
                found.update(ids)
                gone, others = await self._take(ids, found, dry_run=dry_run)
                logs, replays = logs + gone, replays + others
                if is_all:
                    return Deleted(logs=logs, replays=replays, left_after=None)
                after = reached
                if len(ids) < page.limit:
                    # The time for a search is used up.
                    break
        return Deleted(logs=logs, replays=replays, left_after=after or TOP)

    async def _take(
        self, ids: Sequence[UUID], found: Collection[UUID], *, dry_run: bool
    ) -> tuple[int, int]:
        """How many of *ids* went, and how many replays that were not *found*."""
        gone = 0
        counts = [0]
        async for family in self._families(ids, found):
            gone = len(family) if dry_run else await self._remove(family)
            counts.append(gone)
        return gone, sum(counts[:-1])

    async def _families(
        self, ids: Sequence[UUID], found: Collection[UUID]
    ) -> AsyncIterator[Sequence[UUID]]:
        """Replays come before what they are of, and so *ids* last."""
        stack = [(ids, NOTHING_YET)] if ids else []
        while stack:
            parents, after = stack[-1]
            replays = await self._replays_of(parents, after)
            if replays:
                stack[-1] = (parents, replays[-1])
                stack.append(([id for id in replays if id not in found], NOTHING_YET))
                continue
            stack.pop()
            if parents:
                yield parents

    async def _replays_of(self, ids: Sequence[UUID], after: UUID) -> list[UUID]:
        if not ids:
            return []
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                """
                SELECT id
                  FROM logs
                 WHERE replay_of = ANY($1::uuid[])
                   AND id > $2
                   AND ts >= $4
                 ORDER BY id
                 LIMIT $3
                """,
                ids,
                after,
                STEP_LOGS,
                min(map(timestamp_of, ids)) - DATED_AHEAD,
            )
        return [row["id"] for row in rows]

    async def _remove(self, ids: Sequence[UUID]) -> int:
        """How many of *ids* were there."""
        try:
            async with (
                self._database.connection(held_s=HELD_S) as connection,
                step(connection),
            ):
                rows = await _rows_of(connection, ids)
                keys = await remove_logs(connection, rows, pinned=True)
                await _forget_replays(connection, rows)
                gone = [row for row in rows if row["id"] in {key["id"] for key in keys}]
                await self._ledger.add(connection, _recorded(gone))
        except REFUSED:
            raise Unavailable(
                "removing logs takes too long; what is gone is gone", retry_after_s=1
            ) from None
        for source, n in Counter(row["source"] for row in gone).items():
            self._counters.logs_deleted.labels(source).inc(n)
        return len(gone)

    @asynccontextmanager
    async def _swept(self, *, is_due: bool) -> AsyncIterator[None]:
        """What many had of headers goes when the last of them are gone."""
        try:
            yield
        finally:
            if is_due:
                await self._sweep()

    async def _sweep(self) -> None:
        """What is left of headers goes now where it can, else in the background."""
        with suppress(*REFUSED, Unavailable):
            async with self._database.connection(held_s=HELD_S) as connection:
                await unused_sets.sweep_all(connection)

    async def _is_there(self, id: UUID) -> bool:
        async with self._database.reading(Share.LOOKUPS) as connection:
            found: bool = await connection.fetchval(
                """
                SELECT EXISTS (SELECT 1
                                 FROM logs AS l
                                 JOIN services AS s ON s.id = l.service_id
                                WHERE l.bucket = $1
                                  AND l.ts = $2
                                  AND l.id = $3)
                """,
                bucket_of(id),
                timestamp_of(id),
                id,
            )
        return found


async def _rows_of(connection: asyncpg.Connection, ids: Sequence[UUID]) -> Keys:
    """In an order of their own, so that two who remove the same wait in turn."""
    return await connection.fetch(
        """
        SELECT bucket, ts, id, service_id, source, replay_of
          FROM logs
         WHERE bucket = ANY($1::int[])
           AND ts = ANY($2::timestamptz[])
           AND id = ANY($3::uuid[])
         ORDER BY id
        """,
        list({bucket_of(id) for id in ids}),
        list({timestamp_of(id) for id in ids}),
        ids,
    )


async def _forget_replays(connection: asyncpg.Connection, rows: Keys) -> None:
    """What was found out by replays of these logs, and by those that these are of."""
    ids = [row["id"] for row in rows]
    await connection.execute("DELETE FROM replays WHERE log_id = ANY($1::uuid[])", ids)
    await connection.execute(
        """
        DELETE FROM replays
         WHERE log_id = ANY($1::uuid[])
           AND replay_log_id = ANY($2::uuid[])
        """,
        list({row["replay_of"] for row in rows} - {None}),
        ids,
    )


def _recorded(rows: Keys) -> Counter[tuple[UUID, str]]:
    """Those that the ledger accounts for: what was pushed was no exchange of ours."""
    return Counter(
        (row["service_id"], DELETED)
        for row in rows
        if row["source"] != Source.INGEST.value
    )
