"""Rows of exchanges, by COPY of bytes that the proxy has packed already."""

from collections.abc import AsyncIterator, Sequence

import asyncpg

from monitor.loop.giving_way import give_way
from monitor.record.batch import Gathered, Storable, copied
from monitor.record.columns import BODY_COLUMNS, DETAIL_COLUMNS, LOG_COLUMNS
from monitor.storage.endpoints.naming import EndpointNames
from monitor.storage.logs import messages
from monitor.storage.retention import arrivals
from monitor.storage.rollups import changes

# Between so many the event loop turns to those who wait.
AT_ONCE = 16


async def insert(
    connection: asyncpg.Connection,
    storables: Sequence[Storable],
    names: EndpointNames | None = None,
) -> None:
    """Add *storables* by COPY, inside the caller's transaction.

    Without *names*, their endpoints stay as their looks say.

    Their partitions exist, or asyncpg.CheckViolationError is raised. Raises ValueError
    for what no column holds.
    """
    gathered, unnamed = Gathered(), list[int]()
    for start in range(0, len(storables), AT_ONCE):
        gathered.add(storables[start : start + AT_ONCE])
        if names is not None:
            unnamed += names.begin(gathered.logs, start)
        await give_way()
    if names is not None:
        await names.finish(gathered.logs, unnamed)
    await _copy(connection, "logs", LOG_COLUMNS, gathered.logs)
    await _copy(connection, "log_details", DETAIL_COLUMNS, gathered.details)
    if gathered.bodies:
        await _copy(connection, "log_bodies", BODY_COLUMNS, gathered.bodies)
    told = messages.rows_of(gathered.told)
    if told:
        await connection.copy_records_to_table(
            "log_messages",
            schema_name="apimonitor",
            columns=messages.COLUMNS,
            records=told,
        )
    await arrivals.insert(connection, storables)
    await changes.added(connection, gathered.logs)


async def _copy(
    connection: asyncpg.Connection,
    table: str,
    columns: Sequence[str],
    rows: list[bytes],
) -> None:
    await connection.copy_to_table(
        table,
        schema_name="apimonitor",
        columns=columns,
        source=_parts(rows),
        format="binary",
    )


async def _parts(rows: list[bytes]) -> AsyncIterator[bytes]:
    for part in copied(rows):
        yield part
