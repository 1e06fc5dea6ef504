"""Upkeep of blocks: what is new gets into chunks, what came late is added to these."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from monitor.counters import Counters
from monitor.storage.blocks import chunks, reading
from monitor.storage.blocks.grams import BLOCK_LOGS, BLOCKS
from monitor.storage.blocks.making import a_step, add_late, made_of
from monitor.storage.blocks.places import FIRST
from monitor.storage.database.pool import Database
from monitor.storage.database.steps import alone
from monitor.traffic.ids import lowest_at

LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('apimonitor.blocks'))"
# Most exchanges are over and stored by then; the others are late.
LAG: Final = timedelta(seconds=60)
# So many late logs are read one by one by whoever searches.
FEW_LATE: Final = 1_000
# To one chunk in one step; with more of them it is made anew.
MOST_ADDED: Final = 2_000
STEP_LATE: Final = 5_000
# For transactions that were under way; they are waited for again at the next turn.
WAIT_S, POLL_S = 10.0, 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    lag: timedelta = LAG
    block_logs: int = BLOCK_LOGS
    few_late: int = FEW_LATE


class BlockUpkeep:
    """Steps are of one process at a time; one that is not finished leaves no trace."""

    def __init__(
        self, database: Database, *, counters: Counters, limits: Limits = Limits()
    ) -> None:
        self._database = database
        self._counters = counters
        self._limits = limits

    async def step(self) -> bool:
        """Whether there may be more to do now; False where another process is at it."""
        async with alone(self._database, LOCK) as connection:
            if connection is None:
                return False
            async with a_step(connection):
                await chunks.clear(connection)
            is_more = await self._add_late(connection)
            if await self._make(connection):
                return True
            return await self._renew(connection) or is_more

    async def _make(self, connection: asyncpg.Connection) -> bool:
        """Make the next chunk, where there are logs enough, or where one was undone."""
        until = lowest_at(datetime.now(UTC) - self._limits.lag)
        for gap in await chunks.gaps(connection, until):
            async with a_step(connection):
                bounds = await chunks.bounds_of(
                    connection, gap, self._limits.block_logs
                )
            if len(bounds) == BLOCKS or (bounds and gap.is_closed):
                return await self._make_of(connection, gap.after, bounds)
        return False

    async def _make_of(
        self, connection: asyncpg.Connection, after: UUID, bounds: list[UUID]
    ) -> bool:
        if not await _sealed(connection, bounds[-1]):
            return False
        gone = await chunks.bodies_before(connection)
        chunk = await made_of(connection, reading.blocks(after, bounds))
        async with a_step(connection):
            await chunks.insert(connection, after, bounds, gone, chunk)
        self._counters.search_blocks.inc(len(bounds))
        return True

    async def _renew(self, connection: asyncpg.Connection) -> bool:
        """Make the oldest chunk anew that knows bodies which are gone."""
        gone = await chunks.bodies_before(connection)
        there = await chunks.chunks(connection)
        stale = next((one for one in there if one.is_stale(gone)), None)
        if stale is None:
            return False
        bounds = await chunks.last_ids(connection, stale.id)
        chunk = await made_of(connection, reading.blocks(stale.after, bounds))
        async with a_step(connection):
            await chunks.renew(connection, stale.id, gone, chunk)
        self._counters.search_blocks.inc(len(bounds))
        return True

    async def _add_late(self, connection: asyncpg.Connection) -> bool:
        """Add the oldest late logs to their chunks, where there are more than a few."""
        rows = await connection.fetch(
            "SELECT ctid, id FROM search_late ORDER BY id LIMIT $1", STEP_LATE
        )
        self._counters.search_late.set(len(rows))
        if len(rows) <= self._limits.few_late:
            return False
        there = await chunks.chunks(connection)
        done = 0
        for each in there:
            own = [row for row in rows if each.after < row["id"] <= each.upto]
            if len(own) > MOST_ADDED:
                # Its blocks would be too full to tell.
                async with a_step(connection):
                    await chunks.undo(connection, each.id)
                    await _forget(connection, own)
            elif own:
                await self._add_to(connection, each, own)
            done += len(own)
        # Beyond is what is about to be in a chunk; what none has is found all the same.
        made_to = there[-1].upto if there else FIRST
        outside = [
            row
            for row in rows
            if row["id"] <= made_to
            and not any(each.after < row["id"] <= each.upto for each in there)
        ]
        await _forget(connection, outside)
        return done + len(outside) > 0

    async def _add_to(
        self,
        connection: asyncpg.Connection,
        each: chunks.Made,
        noted: Sequence[asyncpg.Record],
    ) -> None:
        ids = [row["id"] for row in noted]
        bounds = await chunks.last_ids(connection, each.id)
        own = [
            block
            for block in reading.blocks(each.after, bounds)
            if any(block.after < id <= block.upto for id in ids)
        ]
        async with a_step(connection):
            chunk = await chunks.taken(connection, each.id)
            await add_late(connection, chunk, own, ids)
            await chunks.store(connection, each.id, chunk)
            await _forget(connection, noted)


async def _sealed(connection: asyncpg.Connection, upto: UUID) -> bool:
    """Whether all that is stored up to *upto* can be seen, but for what notes itself.

    Who was under way as that was said may not have heard of it.
    """
    async with connection.transaction():
        await connection.execute(
            "UPDATE search_state SET sealed_to = $1 WHERE sealed_to < $1", upto
        )
        said_by = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
    for _ in range(int(WAIT_S / POLL_S)):
        oldest = await connection.fetchval(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        )
        if oldest > said_by:
            return True
        await asyncio.sleep(POLL_S)
    return False


async def _forget(
    connection: asyncpg.Connection, noted: Sequence[asyncpg.Record]
) -> None:
    """These notes only: a log that was changed meanwhile has another."""
    await connection.execute(
        "DELETE FROM search_late WHERE ctid = ANY($1::tid[])",
        [row["ctid"] for row in noted],
    )
