"""Storage of the appliance: PostgreSQL, what asks it, and what records into it."""

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from appliance.background.bookkeeping import Bookkeeping
from appliance.data.embedded import Embedded, kept
from appliance.start.foundation import Foundation
from monitor.costs.measures import CostCollector
from monitor.settings import Settings
from monitor.spool.writer import Spool
from monitor.storage.commit.writer import LogWriter
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Shares
from monitor.storage.endpoints.naming import EndpointNames, limits_of
from monitor.storage.health.costs import Costs
from monitor.storage.health.degradation import Health
from monitor.storage.health.shares import ShareCollector
from monitor.storage.ledger.totals import LedgerTotals
from monitor.storage.recorder.recorder import Recorder
from monitor.storage.retention.retention import Retention
from monitor.storage.retention.terms import Policy
from monitor.storage.stores import Stores

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceStorage:
    """*embedded* is the server, where it is ours; *publish* has the proxies route by
    the services that it holds."""

    embedded: Embedded | None
    database: Database
    partitions: Partitions
    names: EndpointNames
    stores: Stores
    publish: Callable[[], Awaitable[None]]
    ledger: LedgerTotals
    recorder: Recorder
    writer: LogWriter
    health: Health
    retention: Retention
    costs: Costs


@asynccontextmanager
async def storage(base: Foundation) -> AsyncIterator[ApplianceStorage]:
    """Leaving records what is left in the spool, as far as there is time for it."""
    settings, spool = base.settings, base.files.spool
    async with AsyncExitStack() as stack:
        dsn, embedded = await stack.enter_async_context(kept(settings, base.data))
        database = await Database.open(
            dsn,
            size=settings.pool_size,
            shares=_shares(settings),
            answer_s=settings.answer_s,
            read_ms=settings.statement_ms,
        )
        base.counters.registry.register(ShareCollector(database.shares))
        database.awaits_migration = True
        stack.push_async_callback(database.close)
        made = _storage(base, database, embedded)
        spool.on_append = made.recorder.wake
        stack.push_async_callback(
            _empty, spool, made.recorder, settings.drain_timeout_s
        )
        yield made


def _shares(settings: Settings) -> Shares:
    spare = (os.cpu_count() or 1) - 1
    return Shares(
        settings.pool_size,
        reads=settings.read_connections,
        searches=settings.searches_at_once or max(spare, 1),
    )


def _storage(
    base: Foundation, database: Database, embedded: Embedded | None
) -> ApplianceStorage:
    settings, counters = base.settings, base.counters
    routes = base.files.routes

    async def publish() -> None:
        await routes.refresh(stores.services.routes)

    stores = Stores.of(database, settings, publish=publish)
    partitions = Partitions(compression=settings.body_compression)
    names = EndpointNames(database, counters=counters, limits=limits_of(settings))
    policy = _policy(settings)
    books = Bookkeeping.of(settings, base.data, database, base.files)
    recorder = Recorder(
        database,
        directory=base.data.spool,
        spool=base.files.spool,
        partitions=partitions,
        names=names,
        dead_letters=books.dead_letters,
        ledger=books.ledger,
        tallies=books.tallies,
        counters=counters,
        committed=stores.feed.wake,
    )
    health = books.watched(recorder, lambda: embedded.trouble if embedded else "")
    counters.registry.register(books.collector(health, routes.table))
    return ApplianceStorage(
        embedded=embedded,
        database=database,
        partitions=partitions,
        names=names,
        stores=stores,
        publish=publish,
        ledger=books.ledger,
        recorder=recorder,
        writer=_writer(base, database, partitions, names, stores.feed.wake),
        health=health,
        retention=Retention(
            database, policy=policy, partitions=partitions, counters=counters
        ),
        costs=_costs(base, database, policy, is_embedded=embedded is not None),
    )


def _writer(
    base: Foundation,
    database: Database,
    partitions: Partitions,
    names: EndpointNames,
    committed: Callable[[], None],
) -> LogWriter:
    return LogWriter(
        database,
        partitions=partitions,
        names=names,
        counters=base.counters,
        committed=committed,
        timeout_s=base.settings.ingest_timeout_s,
    )


def _costs(
    base: Foundation, database: Database, policy: Policy, *, is_embedded: bool
) -> Costs:
    costs = Costs(
        database,
        directory=base.data.path,
        policy=policy,
        is_embedded=is_embedded,
        most_files=base.settings.data_files_limit,
    )
    base.counters.registry.register(CostCollector(lambda: costs.cost))
    return costs


def _policy(settings: Settings) -> Policy:
    return Policy(
        days=settings.retention_days,
        body_days=settings.body_retention_days,
        limit_bytes=settings.retention_bytes,
    )


async def _empty(spool: Spool, recorder: Recorder, timeout_s: float) -> None:
    """Record what is left; what cannot be recorded now stays for the next start."""
    spool.close()
    if not await recorder.drain(timeout_s=timeout_s):
        logger.warning("the spool keeps records for the next start")
