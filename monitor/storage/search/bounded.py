"""Statements that may take so long, and are cancelled then."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Literal

import asyncpg

LEVELS: Final = {
    "read_committed": "READ COMMITTED",
    "repeatable_read": "REPEATABLE READ",
}
HASHED: Final = "; SET LOCAL enable_nestloop = off"


async def within(
    connection: asyncpg.Connection,
    timeout_ms: int,
    sql: str,
    arguments: Sequence[object],
    *,
    reads_many: bool = False,
) -> list[asyncpg.Record]:
    """Raises asyncpg.QueryCanceledError where it takes longer.

    *reads_many*: as the conditions have it.
    """
    async with bounded(connection, timeout_ms, reads_many=reads_many):
        return await connection.fetch(sql, *arguments)


@asynccontextmanager
async def bounded(
    connection: asyncpg.Connection,
    timeout_ms: int,
    *,
    isolation: Literal["read_committed", "repeatable_read"] = "read_committed",
    reads_many: bool = False,
) -> AsyncIterator[None]:
    """A transaction that reads, each statement of which may take so long.

    *reads_many*: the planner takes the logs of a range for fewer than they are, and
    would look for the body of each among all that it has read.

    Raises asyncpg.QueryCanceledError where one takes longer.
    """
    # In one round trip; asyncpg's own would be two.
    await connection.execute(
        f"BEGIN ISOLATION LEVEL {LEVELS[isolation]} READ ONLY;"
        f" SET LOCAL statement_timeout = {max(timeout_ms, 1)}"
        f"{HASHED if reads_many else ''}"
    )
    try:
        yield
        await connection.execute("COMMIT")
    except BaseException:
        # It holds for the COMMIT too, which leaves a transaction where it took longer.
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
