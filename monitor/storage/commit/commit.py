"""How a batch of exchanges is committed: all of it, or none."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Sequence,
)
from datetime import date
from typing import TypeVar
from uuid import UUID

import asyncpg

from monitor.record.batch import Storable, days_of, services_of
from monitor.storage.alerts import events
from monitor.storage.commit import rows
from monitor.storage.database.partitions import Partitions
from monitor.storage.logs import feed
from monitor.traffic.exchange import Exchange
from monitor.traffic.ids import bytes_of

# What PostgreSQL, or its client while packing, says of a value it will never take.
REFUSALS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,
    OverflowError,
)

Stored = TypeVar("Stored")
Kept = TypeVar("Kept", bound=Storable)
Within = Callable[[asyncpg.Connection], Awaitable[None]]
With = Callable[[asyncpg.Connection, Sequence[Storable]], Awaitable[None]]
Steps = Callable[[], AsyncIterator[list[Exchange]]]


async def nothing(connection: asyncpg.Connection) -> None:
    """Nothing else belongs into the transaction."""


async def nothing_with(
    connection: asyncpg.Connection, kept: Sequence[Storable]
) -> None:
    """Nothing is to be done with what was stored."""


async def commit(
    connection: asyncpg.Connection,
    partitions: Partitions,
    exchanges: Sequence[Kept],
    *,
    first: Within = nothing,
    within: Within = nothing,
    count: With = nothing_with,
) -> list[Kept]:
    """Call *first*, store *exchanges* with the events of their alert rules, call
    *within*, and *count* with those that were stored, commit.

    Returns those that were stored: the others' services are gone.
    """

    async def store() -> list[Kept]:
        async with connection.transaction():
            await first(connection)
            wanted = services_of(exchanges)
            living = await _living(connection, wanted)
            kept = list(exchanges)
            if len(living) < len(wanted):
                kept = [e for e in exchanges if e.service_id in living]
            await _store(connection, kept)
            await within(connection)
            await count(connection, kept)
            await feed.append(connection, [e.key for e in kept])
        return kept

    days = days_of(exchanges)
    return await _with_partitions(connection, partitions, days, store)


async def commit_in_steps(
    connection: asyncpg.Connection,
    partitions: Partitions,
    service_id: UUID,
    days: Iterable[date],
    steps: Steps,
    *,
    within: Within = nothing,
) -> list[UUID] | None:
    """The same for exchanges of one service that are too many to hold at once.

    Returns their ids; None where the service is gone.
    """

    async def store() -> list[UUID] | None:
        ids: list[UUID] = []
        keys: list[bytes] = []
        async with connection.transaction():
            if not await _living(connection, [service_id]):
                return None
            async for step in steps():
                await _store(connection, step)
                ids += [exchange.id for exchange in step]
                keys += [bytes_of(exchange.id) for exchange in step]
            await within(connection)
            await feed.append(connection, keys)
        return ids

    work = _with_partitions(connection, partitions, days, store)
    return await _given_up(connection, work)


async def _given_up(
    connection: asyncpg.Connection, work: Coroutine[None, None, Stored]
) -> Stored:
    """Who waits no longer does not wait for a server that stands still, either.

    asyncpg would: within a COPY, and for the rollback. One that has lost the connection
    rolls back by itself.
    """
    task = asyncio.get_running_loop().create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        connection.terminate()
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
        raise


async def _with_partitions(
    connection: asyncpg.Connection,
    partitions: Partitions,
    days: Iterable[date],
    store: Callable[[], Awaitable[Stored]],
) -> Stored:
    wanted = set(days)
    await partitions.ensure(connection, wanted)
    try:
        return await store()
    except asyncpg.CheckViolationError:
        # A partition that was there is not: retention dropped it meanwhile.
        partitions.forget()
        await partitions.ensure(connection, wanted)
        return await store()


async def _store(connection: asyncpg.Connection, exchanges: Sequence[Storable]) -> None:
    if exchanges:
        await rows.insert(connection, exchanges)
        await events.evaluate(connection, exchanges)


async def _living(connection: asyncpg.Connection, wanted: list[UUID]) -> set[UUID]:
    """Those services that are there; none can go before the transaction ends."""
    found = await connection.fetch(
        "SELECT id FROM services WHERE id = ANY($1) FOR KEY SHARE", wanted
    )
    return {row["id"] for row in found}
