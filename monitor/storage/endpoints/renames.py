"""Renames that are planned: which names stored logs have that may not be right now."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from monitor.storage.rollups.coverage import NEVER

# Who began to store logs before a change goes on with the names of before it, so long
# at most: once more is looked then.
LATEST = timedelta(minutes=3)


async def plan(
    connection: asyncpg.Connection, service_id: UUID, names: Sequence[str]
) -> None:
    """Have logs that are stored under *names* named anew, in the background."""
    now: datetime = await connection.fetchval("SELECT now()")
    await connection.executemany(
        """
        INSERT INTO endpoint_renames (id, service_id, names, before, due, is_last)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        [
            (uuid4(), service_id, list(names), NEVER, now, False),
            (uuid4(), service_id, list(names), NEVER, now + LATEST, True),
        ],
    )
