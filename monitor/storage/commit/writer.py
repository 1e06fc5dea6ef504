"""The writer of ingested logs: many callers, one transaction."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import asyncpg

from monitor.counters import Counters
from monitor.errors import MonitorError, NotFound, Unavailable
from monitor.loop.deadlines import Deadlines
from monitor.record.batch import days_of
from monitor.record.codec import Recorded
from monitor.storage.commit import idempotency
from monitor.storage.commit.commit import (
    REFUSALS,
    commit,
    given_up,
    in_transaction,
    living,
    publish,
    store_living,
    store_parts,
)
from monitor.storage.commit.idempotency import Repeated, RepeatKey
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.database.shares import Share
from monitor.storage.endpoints.naming import EndpointNames
from monitor.storage.logs import feed
from monitor.traffic.exchange import Exchange

LATE = "PostgreSQL did not answer in time; the log may have been stored"
MAX_TOGETHER = 1_000
# Of the event loop, that a commit waits for others: as long as these come, and at most.
IDLE_TURNS, MOST_TURNS = 3, 40
# Exchanges that are too many to hold at once; asked anew where it is begun anew.
Parts = Callable[[], AsyncIterator[list[Recorded]]]


@dataclass(slots=True, eq=False)
class Waiting:
    """An exchange, and the caller that waits for its commit."""

    exchange: Exchange
    done: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class LogWriter:
    """Group commit without a timer: what arrives during a commit is the next one."""

    def __init__(
        self,
        database: Database,
        *,
        partitions: Partitions,
        names: EndpointNames,
        counters: Counters,
        committed: Callable[[], None],
        timeout_s: float,
    ) -> None:
        self._database = database
        self._partitions = partitions
        self._names = names
        self._counters = counters
        self._committed = committed
        self._timeout_s = timeout_s
        self._waiting: list[Waiting] = []
        self._news = asyncio.Event()
        self._deadlines = Deadlines()

    async def write(self, exchange: Exchange, *, until: float) -> None:
        """Return once *exchange* is committed; *until* is by the loop's clock.

        Raises Unavailable where PostgreSQL does not answer in time, NotFound where the
        service is gone. Callers hold a place of their turn: so many wait at most.
        """
        waiting = Waiting(exchange)
        self._waiting.append(waiting)
        self._news.set()
        try:
            await self._deadlines.wait(waiting.done, until)
        except TimeoutError:
            raise Unavailable(LATE, retry_after_s=1) from None

    async def write_once(self, exchange: Exchange, key: RepeatKey) -> UUID:
        """Store *exchange*, unless *key* has stored one; the id of what is stored.

        In a transaction of its own: one that waits for the same key holds nobody up.
        """
        service_id = exchange.service_id

        async with self._database.connection(
            timeout_s=self._timeout_s, held_s=self._timeout_s
        ) as connection:
            found = await idempotency.find(connection, service_id, key)
            if found is None:
                try:
                    found = await self._store_once(connection, exchange, key)
                except Repeated:
                    found = await idempotency.find(connection, service_id, key)
        if not found:
            raise NotFound("the service is gone")
        return found[0]

    async def _store_once(
        self, connection: asyncpg.Connection, exchange: Exchange, key: RepeatKey
    ) -> tuple[UUID, ...]:
        """The id of what is stored, if anything is. Raises Repeated."""

        async def steps() -> list[Exchange]:
            stored = await store_living(
                connection, self._partitions.sets, [exchange], self._names
            )
            await idempotency.remember(
                connection, exchange.service_id, key, [exchange.id]
            )
            await publish(connection, stored)
            return stored

        days = days_of([exchange])
        stored = await in_transaction(connection, self._partitions, days, steps)
        self._note(len(stored))
        return tuple(one.id for one in stored)

    async def repeated(
        self, service_id: UUID, key: RepeatKey
    ) -> tuple[UUID, ...] | None:
        """What *key* has stored already. Raises InvalidInput for another body."""
        async with self._database.reading(
            Share.WRITES, timeout_s=self._timeout_s, held_s=self._timeout_s
        ) as connection:
            return await idempotency.find(connection, service_id, key)

    async def write_many(
        self,
        service_id: UUID,
        days: Iterable[date],
        parts: Parts,
        *,
        key: Callable[[], RepeatKey | None],
        ids: Callable[[], list[UUID]],
    ) -> tuple[UUID, ...]:
        """Store what *parts* gives, all or nothing; the ids of what is stored.

        *key* and *ids*, those of all parts, are asked for once there are no more parts.
        Raises NotFound where the service is gone.
        """

        async with self._database.connection(
            Share.LONG_WRITES, timeout_s=self._timeout_s, held_s=NO_DEADLINE
        ) as connection:

            async def steps() -> list[UUID] | None:
                if not await living(connection, [service_id], self._names):
                    return None
                keys = await store_parts(
                    connection, self._partitions.sets, parts(), self._names
                )
                stored = ids()
                if (repeat := key()) is not None:
                    await idempotency.remember(connection, service_id, repeat, stored)
                await feed.append(connection, keys)
                return stored

            work = in_transaction(connection, self._partitions, days, steps)
            try:
                stored = await given_up(connection, work)
            except Repeated:
                repeat = key()
                assert repeat is not None
                found = await idempotency.find(connection, service_id, repeat)
                if found is None:
                    raise NotFound("the service is gone") from None
                return found
        if stored is None:
            raise NotFound("the service is gone")
        self._note(len(stored))
        return tuple(stored)

    def _note(self, count: int) -> None:
        self._counters.stored.labels("ingest").inc(count)
        self._committed()

    async def run(self) -> None:
        """Commit for ever what callers wait for."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._gather()
                if together := self._take():
                    await self._commit(together)

    async def _gather(self) -> None:
        """Let those come that are being read already: a commit costs one what it costs
        many."""
        idle = 0
        for _ in range(MOST_TURNS):
            count = len(self._waiting)
            await asyncio.sleep(0)
            idle = idle + 1 if len(self._waiting) == count else 0
            if idle == IDLE_TURNS:
                return

    def _take(self) -> list[Waiting]:
        """The next batch; callers that gave up waiting are left out."""
        taken = self._waiting[:MAX_TOGETHER]
        del self._waiting[:MAX_TOGETHER]
        return [waiting for waiting in taken if not waiting.done.done()]

    async def _commit(self, together: Sequence[Waiting]) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                stored = await self._write([waiting.exchange for waiting in together])
        except REFUSALS as error:
            await self._commit_halves(together, error)
        except (MonitorError, TimeoutError, asyncpg.PostgresError, OSError):
            _fail(together, Unavailable("PostgreSQL is away", retry_after_s=1))
        else:
            self._note(len(stored))
            _finish(together, {id(exchange) for exchange in stored})

    async def _commit_halves(
        self, together: Sequence[Waiting], error: Exception
    ) -> None:
        """A value that PostgreSQL refuses fails its own caller only."""
        if len(together) == 1:
            _fail(together, error)
            return
        middle = len(together) // 2
        await self._commit(together[:middle])
        await self._commit(together[middle:])

    async def _write(self, exchanges: list[Exchange]) -> list[Exchange]:
        async with self._database.connection(
            timeout_s=self._timeout_s, held_s=self._timeout_s
        ) as connection:
            return await commit(connection, self._partitions, exchanges, self._names)


def _finish(together: Sequence[Waiting], stored: set[int]) -> None:
    for waiting in together:
        if waiting.done.done():
            continue
        if id(waiting.exchange) in stored:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(NotFound("the service is gone"))


def _fail(together: Sequence[Waiting], error: Exception) -> None:
    for waiting in together:
        if not waiting.done.done():
            waiting.done.set_exception(error)
