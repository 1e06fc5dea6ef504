"""Steps of upkeep: bounded transactions with pauses, of one process at a time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.database.shares import Share

STEP_TIMEOUT_MS = 10_000


@asynccontextmanager
async def step(
    connection: asyncpg.Connection,
    *,
    timeout_ms: int = STEP_TIMEOUT_MS,
    is_one_snapshot: bool = False,
) -> AsyncIterator[None]:
    """One bounded transaction, then a pause as long as it took.

    *timeout_ms*: of each statement. *is_one_snapshot*: all of them see the same.
    """
    began = time.monotonic()
    async with connection.transaction(
        isolation="repeatable_read" if is_one_snapshot else None
    ):
        await connection.execute(f"SET LOCAL statement_timeout = {timeout_ms}")
        yield
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
