"""Steps of upkeep: bounded transactions, with pauses while anybody is served, of one
process at a time.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from monitor.loop.giving_way import done_for_others
from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.database.shares import Share

STEP_TIMEOUT_MS = 10_000


@asynccontextmanager
async def step(
    connection: asyncpg.Connection,
    *,
    timeout_ms: int = STEP_TIMEOUT_MS,
    is_one_snapshot: bool = False,
    is_awaited: bool = True,
) -> AsyncIterator[None]:
    """One bounded transaction, then a pause as long as it took, if others were served.

    *timeout_ms*: of each statement. *is_one_snapshot*: all of them see the same. Not
    *is_awaited*: it may be lost if PostgreSQL crashes, as what is missing is done anew.
    """
    began, done = time.monotonic(), done_for_others()
    async with connection.transaction(
        isolation="repeatable_read" if is_one_snapshot else None
    ):
        waits = "" if is_awaited else "; SET LOCAL synchronous_commit = off"
        await connection.execute(f"SET LOCAL statement_timeout = {timeout_ms}{waits}")
        yield
    if done_for_others() != done:
        await asyncio.sleep(time.monotonic() - began)


@asynccontextmanager
async def alone(
    database: Database, lock: str
) -> AsyncIterator[asyncpg.Connection | None]:
    """A connection for the block; None where another process is in such a block.

    *lock*: the statement that takes it for the session.
    """
    async with database.connection(
        Share.LONG_WRITES, timeout_s=5, held_s=NO_DEADLINE
    ) as connection:
        if not await connection.fetchval(lock):
            yield None
            return
        try:
            yield connection
        finally:
            if not connection.is_closed():
                await connection.execute("SELECT pg_advisory_unlock_all()")
