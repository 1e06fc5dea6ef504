"""Recorder: the spool gets into PostgreSQL, each record exactly once."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import asyncpg

from monitor.counters import Counters
from monitor.errors import NotMigrated, Unavailable
from monitor.ledger.account import TORN
from monitor.record.batch import days_of
from monitor.record.codec import Recorded
from monitor.spool.segments import MAGIC, NOBODY, Segment, segments
from monitor.spool.tallies import Tallies
from monitor.spool.writer import Spool
from monitor.storage.commit.commit import (
    REFUSALS,
    in_transaction,
    publish,
    store_living,
)
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import NO_DEADLINE, Database, reason_of
from monitor.storage.endpoints.naming import EndpointNames
from monitor.storage.ledger.dead_letters import DeadLetters
from monitor.storage.ledger.outcomes import Record, damaged, outcomes
from monitor.storage.ledger.totals import Key, LedgerTotals, Moved
from monitor.storage.recorder.batch import BATCH_BYTES, next_batch
from monitor.storage.recorder.damage import keep_damaged
from monitor.storage.recorder.refusals import Refusals

logger = logging.getLogger(__name__)

# Records that end within this time share a transaction; longer shows in latency.
GATHER_S = 0.05
# The same where the last ones were many: a transaction costs both sides a millisecond.
GATHER_MANY_S = 0.2
MANY = 20
IDLE_S = 1.0
SHORTEST_BACK_OFF_S = 0.1
MAX_BACK_OFF_S = 5.0
CONNECT_TIMEOUT_S = 5.0


class UnreadableRecord(Exception):
    """A batch holds bytes that are no exchange."""


class Recorder:
    """Reads segments and writes them in batches, rows and position in one transaction.

    After any failure the position is asked of PostgreSQL again, and each transaction
    begins by moving it from where it was thought to be: so a commit whose answer was
    lost is neither repeated nor taken for granted, even while it is still under way.
    """

    def __init__(
        self,
        database: Database,
        *,
        directory: Path,
        spool: Spool,
        partitions: Partitions,
        names: EndpointNames,
        dead_letters: DeadLetters,
        ledger: LedgerTotals,
        tallies: Tallies,
        counters: Counters,
        committed: Callable[[], None],
    ) -> None:
        self._database = database
        self._directory = directory
        self._spool = spool
        self._partitions = partitions
        self._names = names
        self._refusals = Refusals(dead_letters)
        self._ledger = ledger
        self._tallies = tallies
        self._counters = counters
        self._committed = committed
        self._positions: dict[str, int] = {}
        self._news = asyncio.Event()
        self._count = 0
        self._has_caught_up = False
        self._is_tidy = False
        self.waits_for: str | None = None

    @property
    def is_behind(self) -> bool:
        """Whether the spool may hold more than what just came."""
        return self.waits_for is not None or not self._has_caught_up

    def wake(self) -> None:
        """There is something to record."""
        if not self._news.is_set():
            self._news.set()

    async def run(self) -> None:
        """Record for ever; PostgreSQL's absence is waited out."""
        back_off_s = SHORTEST_BACK_OFF_S
        while True:
            try:
                await self.record_all()
            except Moved:
                self._positions.clear()
                await asyncio.sleep(SHORTEST_BACK_OFF_S)
                continue
            except NotMigrated:
                # A step of every start; where it takes long, others say why.
                await asyncio.sleep(SHORTEST_BACK_OFF_S)
                continue
            except (Unavailable, asyncpg.PostgresError, OSError) as error:
                self._away(error)
                await asyncio.sleep(back_off_s)
                back_off_s = min(back_off_s * 2, MAX_BACK_OFF_S)
                continue
            back_off_s = SHORTEST_BACK_OFF_S
            self._back()
            await self._wait_for_news()

    async def drain(self, *, timeout_s: float) -> bool:
        """Record what is left, once *run* is over; whether that was all of it."""
        # What *run* was cancelled in may have been committed all the same.
        self._positions.clear()
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    try:
                        await self.record_all()
                    except Moved:
                        self._positions.clear()
                        await asyncio.sleep(SHORTEST_BACK_OFF_S)
                    else:
                        return True
        except (Unavailable, asyncpg.PostgresError, OSError):
            # A TimeoutError is an OSError.
            return False

    async def record_all(self) -> None:
        """Record all that the spool holds now: a batch of each writer in turn.

        What comes meanwhile is gathered for the next time.
        """
        self._news.clear()
        self._count = 0
        await self._tidy()
        is_more = True
        while is_more:
            is_more = False
            busy: set[str] = set()
            for segment in segments(self._directory):
                if segment.writer in busy:
                    continue
                if await self._record_some(segment):
                    busy.add(segment.writer)
                    is_more = True

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(IDLE_S):
                await self._news.wait()
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_S if self._count < MANY else GATHER_MANY_S)

    async def _tidy(self) -> None:
        """Forget positions of segments that were removed just before a crash."""
        if self._is_tidy:
            return
        names = [segment.name for segment in segments(self._directory)]
        async with self._connection() as connection:
            await self._ledger.forget_all_but(connection, names)
        self._is_tidy = True

    async def _record_some(self, segment: Segment) -> bool:
        """Whether there may be more; a segment without is removed, if it is over."""
        # Asked before the last read: what is read after a writer has left is all.
        is_finished = segment.is_finished()
        position = await self._position(segment)
        records = await next_batch(segment, position, over_damage=is_finished)
        if records:
            await self._record(segment, records)
            end = self._positions[segment.name] = records[-1].frame.end
            self._count += len(records)
            return is_finished or end - position >= BATCH_BYTES
        if is_finished:
            await self._release(segment, position)
        return False

    async def _position(self, segment: Segment) -> int:
        known = self._positions.get(segment.name)
        if known is not None:
            return known
        async with self._connection() as connection:
            position = await self._ledger.position(connection, segment)
        self._positions[segment.name] = position or 0
        return self._positions[segment.name]

    async def _record(self, segment: Segment, records: Sequence[Record]) -> None:
        """One transaction, or, where PostgreSQL refuses a value, one for each half."""
        try:
            await self._write(segment, records)
        except (*REFUSALS, UnreadableRecord) as error:
            if len(records) > 1:
                middle = len(records) // 2
                await self._record(segment, records[:middle])
                await self._record(segment, records[middle:])
                return
            await self._refuse(segment, records[0], error)

    async def _write(self, segment: Segment, records: Sequence[Record]) -> None:
        for record in records:
            keep_damaged(segment, record.frame.damage)
        exchanges = [record.exchange for record in records if record.exchange]
        if len(exchanges) < len(records):
            raise UnreadableRecord

        start, end = records[0].start, records[-1].frame.end
        async with self._connection() as connection:

            async def steps() -> list[Recorded]:
                await self._ledger.move(connection, segment, start, end)
                stored = await store_living(
                    connection, self._partitions.sets, exchanges, self._names
                )
                await self._ledger.add(connection, outcomes(records, stored))
                await publish(connection, stored)
                return stored

            stored = await in_transaction(
                connection, self._partitions, days_of(exchanges), steps
            )
        self._committed()
        self._refusals.passed()
        for source, n in Counter([exchange.source for exchange in stored]).items():
            self._counters.stored.labels(source.value).inc(n)

    async def _refuse(self, segment: Segment, record: Record, error: Exception) -> None:
        """Keep a record apart that PostgreSQL will never take, before moving on."""
        counts = self._refusals.keep(record, error)
        await self._move(segment, record.start, record.frame.end, counts)

    async def _release(self, segment: Segment, position: int) -> None:
        """Remove a segment that is recorded to its end, then its position."""
        if segment.size() > max(position, len(MAGIC)):
            await self._cut(segment, position)
        await asyncio.to_thread(self._remove, segment)
        self._spool.released()
        self._positions.pop(segment.name, None)
        async with self._connection() as connection:
            await self._ledger.forget(connection, segment)

    def _remove(self, segment: Segment) -> None:
        """Giving a large file's pages back takes milliseconds: not in the loop."""
        # Its writer's last exchange may have to be looked up in it.
        self._tallies.settle()
        segment.path.unlink(missing_ok=True)

    async def _cut(self, segment: Segment, position: int) -> None:
        """Count what is behind the last whole record: torn by a crash, or damaged."""
        size, end = segment.size(), max(position, len(MAGIC))
        damage = segment.damage_at(end)
        keep_damaged(segment, damage)
        logger.error(
            "the torn end of a segment was cut",
            extra={"segment": segment.name, "bytes": size - end},
        )
        await self._move(
            segment, position, size, {**damaged(damage), (NOBODY, TORN): 1}
        )

    async def _move(
        self, segment: Segment, start: int, end: int, counts: Mapping[Key, int]
    ) -> None:
        async with self._connection() as connection, connection.transaction():
            await self._ledger.move(connection, segment, start, end)
            await self._ledger.add(connection, counts)

    def _connection(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        return self._database.connection(
            timeout_s=CONNECT_TIMEOUT_S, held_s=NO_DEADLINE
        )

    def _away(self, error: Exception) -> None:
        self._positions.clear()
        reason = reason_of(error)
        if self.waits_for is None:
            logger.error("recording waits", extra={"reason": reason})
        self.waits_for = reason

    def _back(self) -> None:
        self._has_caught_up = True
        if self.waits_for is not None:
            self.waits_for = None
            logger.info("recording goes on")
