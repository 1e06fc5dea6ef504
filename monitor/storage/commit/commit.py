"""Commits of batches of exchanges: all of a batch, or none.

The steps of a commit, in their order; whoever commits leaves out what it has not:

1. the position in the spool is moved (LedgerTotals.move), first of all;
2. *living*: the services that are there, and stay until the end;
3. *store*: rows, and the events of their alert rules;
4. the key that must not store it again (idempotency.remember), what became of it
   (LedgerTotals.add);
5. *publish*: positions in the feed, last of all: other commits wait from here on.
"""

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
from functools import partial
from typing import TypeVar
from uuid import UUID

import asyncpg

from monitor.loop.doing import DOING
from monitor.loop.steps import stepping
from monitor.record.batch import Gathered, Storable, days_of, services_of
from monitor.record.codec import Recorded
from monitor.record.header_sets import HeaderSets
from monitor.storage.alerts import events
from monitor.storage.commit import rows
from monitor.storage.commit.behind import OneBehind
from monitor.storage.database.partitions import Partitions
from monitor.storage.endpoints.naming import EndpointNames
from monitor.storage.logs import feed

# What PostgreSQL, or its client while packing, says of a value it will never take.
REFUSALS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,
    OverflowError,
)

Stored = TypeVar("Stored", bound=Storable)
Result = TypeVar("Result")


async def commit(
    connection: asyncpg.Connection,
    partitions: Partitions,
    exchanges: Sequence[Stored],
    names: EndpointNames | None = None,
) -> list[Stored]:
    """Store *exchanges*; those that were stored: the others' services are gone."""

    async def steps() -> list[Stored]:
        stored = await store_living(connection, partitions.sets, exchanges, names)
        await publish(connection, stored)
        return stored

    return await in_transaction(connection, partitions, days_of(exchanges), steps)


async def in_transaction(
    connection: asyncpg.Connection,
    partitions: Partitions,
    days: Iterable[date],
    steps: Callable[[], Awaitable[Result]],
) -> Result:
    """Take *steps* in one transaction, with a partition for each of *days*.

    They are taken anew where one that was there is not: retention dropped it meanwhile.
    """
    wanted = set(days)
    await partitions.ensure(connection, wanted)
    try:
        async with connection.transaction():
            return await steps()
    except asyncpg.CheckViolationError:
        partitions.forget()
        await partitions.ensure(connection, wanted)
        async with connection.transaction():
            return await steps()


async def living(
    connection: asyncpg.Connection, wanted: list[UUID], names: EndpointNames | None
) -> set[UUID]:
    """Those services that are there; none can go before the transaction ends.

    *names* gets to know whether their endpoints are others by now.
    """
    found = await connection.fetch(
        "SELECT id, endpoints_version FROM services WHERE id = ANY($1) FOR KEY SHARE",
        wanted,
    )
    versions = {row["id"]: row["endpoints_version"] for row in found}
    if names is not None:
        names.note(versions)
    return set(versions)


async def store(
    connection: asyncpg.Connection,
    sets: HeaderSets,
    exchanges: Sequence[Storable],
    names: EndpointNames | None,
) -> None:
    if exchanges:
        await rows.insert(connection, sets, exchanges, names)
        await events.evaluate(connection, exchanges)


async def store_parts(
    connection: asyncpg.Connection,
    sets: HeaderSets,
    parts: AsyncIterator[list[Recorded]],
    names: EndpointNames | None,
) -> list[bytes]:
    """As *store*, of one after the other: while PostgreSQL takes one, the next is made
    ready. The keys of all."""
    keys: list[bytes] = []
    async with OneBehind() as writing:
        async for part in parts:
            gathered = await rows.gathered_of(sets, part, names)
            await writing.begin(partial(_write, connection, gathered, part))
            keys += [exchange.key for exchange in part]
        await writing.wait()
    return keys


async def _write(
    connection: asyncpg.Connection, gathered: Gathered, part: list[Recorded]
) -> None:
    await rows.write(connection, gathered, part)
    await events.evaluate(connection, part)


async def store_living(
    connection: asyncpg.Connection,
    sets: HeaderSets,
    exchanges: Sequence[Stored],
    names: EndpointNames | None,
) -> list[Stored]:
    """Store those whose services are there, and say which these are."""
    wanted = services_of(exchanges)
    there = await living(connection, wanted, names)
    stored = list(exchanges)
    if len(there) < len(wanted):
        stored = [e for e in exchanges if e.service_id in there]
    await store(connection, sets, stored, names)
    return stored


async def publish(
    connection: asyncpg.Connection, exchanges: Sequence[Storable]
) -> None:
    await feed.append(connection, [exchange.key for exchange in exchanges])


async def given_up(
    connection: asyncpg.Connection, work: Coroutine[None, None, Result]
) -> Result:
    """Who waits no longer does not wait for a server that stands still, either.

    asyncpg would: within a COPY, and for the rollback. One that has lost the connection
    rolls back by itself.
    """
    doing = stepping(DOING.now, lambda: work)
    task = asyncio.get_running_loop().create_task(doing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        connection.terminate()
        task.cancel()
        await asyncio.wait([task])
        # Where it had not begun.
        work.close()
        if not task.cancelled():
            task.exception()
        raise
