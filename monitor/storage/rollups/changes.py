"""Changes: what came, appended in the transaction in which it did."""

from collections.abc import AsyncIterator
from typing import Final

import asyncpg

from monitor.record.batch import copied
from monitor.record.cells import CHANGE_COLUMNS, changes_of

# All that are there, along their index: what was folded leaves its room behind, at
# times a hundred megabytes, and reading through that takes longer than all of them.
ALL_CHANGES: Final = "rollup_changes WHERE start >= '-infinity'"


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
