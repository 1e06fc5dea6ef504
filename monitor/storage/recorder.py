"""How the spool gets into PostgreSQL: each record exactly once."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import asyncpg

from monitor.codec import decode
from monitor.counters import Counters
from monitor.errors import Unavailable
from monitor.exchange import Exchange
from monitor.spool import Segment, Spool, segments
from monitor.storage.batch import REFUSALS, commit
from monitor.storage.dead_letters import DeadLetters
from monitor.storage.partitions import Partitions
from monitor.storage.pool import Database

logger = logging.getLogger(__name__)

BATCH_BYTES = 4 * 1024 * 1024
# Records that end within this time share a transaction; longer shows in latency.
GATHER_S = 0.05
IDLE_S = 1.0
LONGEST_BACK_OFF_S = 5.0
CONNECT_TIMEOUT_S = 5.0


class UnreadableRecord(Exception):
    """A batch holds bytes that are no exchange."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a segment: its bytes, the exchange in it, the position behind it.

    *exchange* is None where the bytes are whole but are no exchange.
    """

    payload: bytes
    exchange: Exchange | None
    end: int


class Recorder:
    """Reads segments and writes them in batches, rows and position in one transaction.

    After any failure the position is asked of PostgreSQL again, so that a commit whose
    answer was lost is neither repeated nor taken for granted.
    """

    def __init__(
        self,
        database: Database,
        *,
        directory: Path,
        spool: Spool,
        partitions: Partitions,
        dead_letters: DeadLetters,
        counters: Counters,
        committed: Callable[[], None],
    ) -> None:
        self._database = database
        self._directory = directory
        self._spool = spool
        self._partitions = partitions
        self._dead_letters = dead_letters
        self._counters = counters
        self._committed = committed
        self._positions: dict[str, int] = {}
        self._news = asyncio.Event()
        self._is_away = False
        self._has_caught_up = False

    @property
    def is_behind(self) -> bool:
        """Whether the spool may hold more than what just came."""
        return self._is_away or not self._has_caught_up

    def wake(self) -> None:
        """There is something to record."""
        self._news.set()

    async def run(self) -> None:
        """Record for ever; PostgreSQL's absence is waited out."""
        back_off_s = 0.1
        while True:
            try:
                await self.record_all()
            except (Unavailable, asyncpg.PostgresError, OSError) as error:
                self._away(error)
                await asyncio.sleep(back_off_s)
                back_off_s = min(back_off_s * 2, LONGEST_BACK_OFF_S)
                continue
            back_off_s = 0.1
            self._back()
            await self._wait_for_news()

    async def record_all(self) -> None:
        """Record all that the spool holds now."""
        self._news.clear()
        for segment in segments(self._directory):
            await self._record_segment(segment)
        self._counters.spool_bytes.set(self._spool.held_bytes)

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(IDLE_S):
                await self._news.wait()
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_S)

    async def _record_segment(self, segment: Segment) -> None:
        # Asked before the last read: what is read after a writer has left is all.
        is_finished = segment.is_finished()
        position = await self._position(segment)
        while batch := segment.read(position, limit_bytes=BATCH_BYTES):
            await self._record(segment, [_record_of(*read) for read in batch])
            position = batch[-1][1]
            self._positions[segment.name] = position
        if is_finished:
            await self._release(segment, position)

    async def _position(self, segment: Segment) -> int:
        known = self._positions.get(segment.name)
        if known is not None:
            return known
        async with self._database.connection(timeout_s=CONNECT_TIMEOUT_S) as connection:
            position = await connection.fetchval(
                "SELECT position FROM spool_positions WHERE segment = $1", segment.name
            )
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
        exchanges = [record.exchange for record in records if record.exchange]
        if len(exchanges) < len(records):
            raise UnreadableRecord
        move = partial(_move, segment=segment, end=records[-1].end)
        async with self._database.connection(timeout_s=CONNECT_TIMEOUT_S) as connection:
            kept = await commit(connection, self._partitions, exchanges, within=move)
        self._committed()
        for exchange in kept:
            self._counters.stored.labels(exchange.source.value).inc()
        self._counters.dropped.labels("service_deleted").inc(len(records) - len(kept))

    async def _refuse(self, segment: Segment, record: Record, error: Exception) -> None:
        """Keep a record apart that PostgreSQL will never take, before moving on."""
        reason = type(error).__name__
        id = record.exchange.id if record.exchange else None
        self._dead_letters.append(id, reason, record.payload)
        async with (
            self._database.connection(timeout_s=CONNECT_TIMEOUT_S) as connection,
            connection.transaction(),
        ):
            await _move(connection, segment=segment, end=record.end)
        self._counters.dead_letters.inc()
        logger.error("a record was refused", extra={"reason": reason})

    async def _release(self, segment: Segment, position: int) -> None:
        """Remove a segment that is recorded to its end, then its position."""
        size = segment.size()
        if size > position > 0:
            logger.error(
                "the torn end of a segment was cut",
                extra={"segment": segment.name, "bytes": size - position},
            )
            self._counters.dropped.labels("torn").inc()
        segment.path.unlink(missing_ok=True)
        self._spool.released(size)
        self._positions.pop(segment.name, None)
        async with self._database.connection(timeout_s=CONNECT_TIMEOUT_S) as connection:
            await connection.execute(
                "DELETE FROM spool_positions WHERE segment = $1", segment.name
            )

    def _away(self, error: Exception) -> None:
        self._positions.clear()
        if not self._is_away:
            self._is_away = True
            logger.error("recording waits", extra={"reason": type(error).__name__})

    def _back(self) -> None:
        self._has_caught_up = True
        if self._is_away:
            self._is_away = False
            logger.info("recording goes on")


def _record_of(payload: bytes, end: int) -> Record:
    try:
        return Record(payload, decode(payload), end)
    except ValueError:
        return Record(payload, None, end)


async def _move(connection: asyncpg.Connection, *, segment: Segment, end: int) -> None:
    await connection.execute(
        """
        INSERT INTO spool_positions AS held (segment, position, updated_at)
        VALUES ($1, $2, $3)
            ON CONFLICT (segment)
            DO UPDATE SET position = excluded.position,
                          updated_at = excluded.updated_at
        """,
        segment.name,
        end,
        datetime.now(UTC),
    )
