"""Rows of exchanges, by COPY of bytes that the proxy has packed already."""

from collections.abc import AsyncIterator, Iterable, Sequence

import asyncpg

from monitor.loop.giving_way import give_way
from monitor.record.batch import Gathered, Storable, copied
from monitor.record.columns import PART_COLUMNS, WHOLE_COLUMNS
from monitor.record.header_sets import HeaderSets
from monitor.record.parts.filling import filled
from monitor.storage.commit.header_sets import stored
from monitor.storage.endpoints.naming import EndpointNames
from monitor.storage.logs import messages
from monitor.storage.retention import arrivals
from monitor.storage.rollups import changes

# Between so many the event loop turns to those who wait.
AT_ONCE = 16


async def insert(
    connection: asyncpg.Connection,
    sets: HeaderSets,
    storables: Sequence[Storable],
    names: EndpointNames | None = None,
) -> None:
    """Add *storables* by COPY, inside the caller's transaction.

    Their partitions exist, or asyncpg.CheckViolationError is raised. Raises ValueError
    for what no column holds.
    """
    await write(connection, await gathered_of(sets, storables, names), storables)


async def gathered_of(
    sets: HeaderSets, storables: Sequence[Storable], names: EndpointNames | None
) -> Gathered:
    """The rows of *storables*; what *insert* does first, without its connection.

    Without *names*, their endpoints stay as their looks say. Raises ValueError.
    """
    gathered, unnamed = Gathered(sets), list[int]()
    for start in range(0, len(storables), AT_ONCE):
        gathered.add(storables[start : start + AT_ONCE])
        if names is not None:
            unnamed += names.begin(gathered.logs, start)
        await give_way()
    if names is not None:
        await names.finish(gathered.logs, unnamed)
    return gathered


async def write(
    connection: asyncpg.Connection, gathered: Gathered, storables: Sequence[Storable]
) -> None:
    """*gathered* are the rows of *storables*."""
    whole = gathered.whole(await stored(connection, list(gathered.used)))
    await copy_rows(connection, whole, gathered.bodies)
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


async def copy_rows(
    connection: asyncpg.Connection, logs: Iterable[bytes], bodies: list[bytes]
) -> None:
    """*logs* are whole; *bodies* are cut, and stored in an order that fills pages."""
    await _copy(connection, "logs", WHOLE_COLUMNS, logs)
    if bodies:
        await _copy(connection, "log_bodies", PART_COLUMNS, filled(bodies))


async def _copy(
    connection: asyncpg.Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[bytes],
) -> None:
    await connection.copy_to_table(
        table,
        schema_name="apimonitor",
        columns=columns,
        source=_parts(rows),
        format="binary",
    )


async def _parts(rows: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in copied(rows):
        yield part
