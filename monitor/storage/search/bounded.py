"""Statements that may take so long, and are cancelled then."""

from collections.abc import Sequence

import asyncpg


async def within(
    connection: asyncpg.Connection,
    timeout_ms: int,
    sql: str,
    arguments: Sequence[object],
) -> list[asyncpg.Record]:
    """Raises asyncpg.QueryCanceledError where it takes longer."""
    try:
        async with connection.transaction(readonly=True):
            limit = f"SET LOCAL statement_timeout = {max(timeout_ms, 1)}"
            await connection.execute(limit)
            return await connection.fetch(sql, *arguments)
    except asyncpg.QueryCanceledError:
        # It holds for the COMMIT too, which leaves a transaction where it took longer.
        if connection.is_in_transaction():
            await connection.execute("ROLLBACK")
        raise
