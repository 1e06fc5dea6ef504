"""Finished batches: rows that are packed as they are stored, such as made-up ones."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from monitor.record.codec import Recorded
from monitor.record.header_sets import HeaderSet
from monitor.storage.alerts import events
from monitor.storage.commit.commit import in_transaction, living, store_living
from monitor.storage.commit.header_sets import stored
from monitor.storage.commit.rows import copy_rows
from monitor.storage.database.partitions import Partitions
from monitor.storage.logs import feed
from monitor.storage.rollups import changes


@dataclass(frozen=True, slots=True)
class Finished:
    """A batch of one day, without messages.

    *keys*: the ids; *sets*: those of the logs, which are finished once these have ids;
    *changes*: what is counted of them; *records*: the same, for who looks at each log.
    """

    day: date
    services: list[UUID]
    keys: Sequence[bytes]
    sets: Sequence[HeaderSet]
    logs: Callable[[dict[HeaderSet, bytes]], Iterable[bytes]]
    bodies: list[bytes]
    changes: list[bytes]
    records: Callable[[], list[Recorded]]


async def commit_finished(
    connection: asyncpg.Connection,
    partitions: Partitions,
    batch: Finished,
    *,
    is_awaited: bool,
) -> int:
    """Store *batch*, all or nothing; how many are stored: not those of services that
    are gone.

    Not *is_awaited*: PostgreSQL may lose it if it crashes before the next one that is.
    """

    async def steps() -> int:
        if not is_awaited:
            await connection.execute("SET LOCAL synchronous_commit = off")
        there = await living(connection, batch.services, None)
        is_plain = len(there) == len(batch.services)
        if is_plain and not await events.are_asked_for(connection, batch.services):
            await _copy(connection, batch)
            keys = batch.keys
        else:
            records = batch.records()
            kept = await store_living(connection, partitions.sets, records, None)
            keys = [each.key for each in kept]
        await feed.append(connection, keys)
        return len(keys)

    return await in_transaction(connection, partitions, [batch.day], steps)


async def _copy(connection: asyncpg.Connection, batch: Finished) -> None:
    ids = await stored(connection, batch.sets)
    await copy_rows(connection, batch.logs(ids), batch.bodies)
    await changes.append(connection, batch.changes)
