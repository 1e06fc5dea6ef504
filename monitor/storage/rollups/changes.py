"""Changes: what came, appended in the transaction in which it did."""

from collections.abc import AsyncIterator

import asyncpg

from monitor.record.batch import copied
from monitor.record.cells import CHANGE_COLUMNS, changes_of


async def added(connection: asyncpg.Connection, rows: list[bytes]) -> None:
    """Logs come: *rows* are as they are packed for COPY."""
    await append(connection, changes_of(rows))


async def append(connection: asyncpg.Connection, changes: list[bytes]) -> None:
    """*changes* are rows themselves."""
    await connection.copy_to_table(
        "rollup_changes",
        schema_name="apimonitor",
        columns=CHANGE_COLUMNS,
        source=_parts(changes),
        format="binary",
    )


async def _parts(rows: list[bytes]) -> AsyncIterator[bytes]:
    for part in copied(rows):
        yield part
