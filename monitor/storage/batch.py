"""How a batch of exchanges is committed: all of it, or none."""

from collections.abc import Awaitable, Callable, Sequence

import asyncpg

from monitor.exchange import Exchange
from monitor.storage import alerts, rows
from monitor.storage.partitions import Partitions, day_of

# What PostgreSQL, or its client while packing, says of a value it will never take.
REFUSALS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    UnicodeEncodeError,
    OverflowError,
)

Within = Callable[[asyncpg.Connection], Awaitable[None]]


async def nothing(connection: asyncpg.Connection) -> None:
    """Nothing else belongs into the transaction."""


async def commit(
    connection: asyncpg.Connection,
    partitions: Partitions,
    exchanges: Sequence[Exchange],
    *,
    within: Within = nothing,
) -> list[Exchange]:
    """Store *exchanges* with the events of their alert rules, call *within*, commit.

    Returns those that were stored: the others' services are gone.
    """
    try:
        return await _commit(connection, partitions, exchanges, within)
    except asyncpg.CheckViolationError:
        # A partition that was there is not: retention dropped it meanwhile.
        partitions.forget()
        return await _commit(connection, partitions, exchanges, within)


async def _commit(
    connection: asyncpg.Connection,
    partitions: Partitions,
    exchanges: Sequence[Exchange],
    within: Within,
) -> list[Exchange]:
    await partitions.ensure(connection, {day_of(e.started_at) for e in exchanges})
    async with connection.transaction():
        kept = await _of_living_services(connection, exchanges)
        if kept:
            await rows.insert(connection, kept)
            await alerts.evaluate(connection, kept)
        await within(connection)
    return kept


async def _of_living_services(
    connection: asyncpg.Connection, exchanges: Sequence[Exchange]
) -> list[Exchange]:
    """Those whose service is there; it cannot go before the transaction ends."""
    wanted = {exchange.service_id for exchange in exchanges}
    found = await connection.fetch(
        "SELECT id FROM services WHERE id = ANY($1) FOR KEY SHARE", list(wanted)
    )
    living = {row["id"] for row in found}
    return [exchange for exchange in exchanges if exchange.service_id in living]
