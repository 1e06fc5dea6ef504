"""Tasks that run beside the doors for as long as the appliance does."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from appliance.data.directory import DataDirectory
from monitor.clock import Clock
from monitor.counters import Counters
from monitor.errors import Busy, MonitorError, Unusable
from monitor.files import damaged
from monitor.lifecycle import Lifecycle
from monitor.settings import Settings
from monitor.spool.damaged import kept, past_keeping
from monitor.storage.alerts.deliveries import Deliveries
from monitor.storage.alerts.windows import AlertWindows
from monitor.storage.blocks.upkeep import BlockUpkeep
from monitor.storage.clearing.clearing import Clearing
from monitor.storage.commit import idempotency
from monitor.storage.database.migrate import migrate_database
from monitor.storage.database.partitions import Partitions, days_ahead, make_partitions
from monitor.storage.database.pool import FAILED, Database, reason_of
from monitor.storage.endpoints.naming import EndpointNames
from monitor.storage.endpoints.renaming import Renaming
from monitor.storage.logs.feed import Feed
from monitor.storage.packs.packing import BodyPacking
from monitor.storage.recorder.recorder import Recorder
from monitor.storage.retention.retention import Retention
from monitor.storage.rollups.upkeep import RollupUpkeep
from monitor.trouble import Trouble

logger = logging.getLogger(__name__)

DAY_S = 86_400

ROUTES_POLL_S = 2.0
DATABASE_POLL_S = 1.0
PARTITIONS_POLL_S = 3600.0
CLEARING_POLL_S = 10.0
RETENTION_POLL_S = 300.0
ROLLUPS_POLL_S = 5.0
BLOCKS_POLL_S = 5.0
PACKING_POLL_S = 10.0
ENDPOINTS_POLL_S = 5.0
ASIDE_POLL_S = 60.0
FORGETTING_POLL_S = 60.0
WINDOWS_POLL_S = 1.0
DELIVERIES_POLL_S = 60.0


async def become_ready(
    database: Database,
    migrations: Path,
    state: Lifecycle,
    *,
    publish: Callable[[], Awaitable[None]],
) -> None:
    """Migrate as soon as PostgreSQL is there, and *publish* the routes that it holds.

    Until then the app is not ready.
    """
    while not state.is_ready:
        try:
            if applied := await migrate_database(database, migrations):
                logger.info("migrated", extra={"migrations": applied})
            await publish()
            state.is_ready, state.obstacle = True, ""
        except Unusable as error:
            if state.obstacle != error.detail:
                logger.error(
                    "PostgreSQL cannot be used", extra={"reason": error.detail}
                )
            state.obstacle = error.detail
            await asyncio.sleep(DATABASE_POLL_S)
        except MonitorError:
            await asyncio.sleep(DATABASE_POLL_S)
        except FAILED as error:
            reason = type(error).__name__
            logger.error("the services cannot be read", extra={"reason": reason})
            await asyncio.sleep(DATABASE_POLL_S)


async def keep_routes(publish: Callable[[], Awaitable[None]], state: Lifecycle) -> None:
    """Follow changes that another process made to the registry."""

    async def refresh() -> None:
        await publish()

    await _every(ROUTES_POLL_S, refresh, state)


async def keep_partitions(
    database: Database, partitions: Partitions, state: Lifecycle
) -> None:
    """Have the partitions of the next days before they are needed."""

    async def make() -> None:
        await make_partitions(
            database, partitions, days_ahead(datetime.now(UTC).date())
        )

    await _every(PARTITIONS_POLL_S, make, state)


async def clear_deleted(clearing: Clearing, state: Lifecycle) -> None:
    """Remove what deleted services left."""

    async def clear() -> None:
        while await clearing.step():
            pass

    await _every(CLEARING_POLL_S, clear, state)


async def retain(retention: Retention, state: Lifecycle, clock: Clock) -> None:
    """Remove what is past its time, by a clock that can be believed.

    One that is years ahead for a moment would have all of it removed.
    """
    stepped = Trouble(
        "retention waits for an hour: the clock has stepped",
        "retention goes on",
        logger=logger,
        settled_s=0,
    )

    async def sweep() -> None:
        if not clock.has_settled():
            stepped.met("the clock has stepped")
            return
        stepped.passed()
        await retention.sweep(datetime.now(UTC))

    await _every(RETENTION_POLL_S, sweep, state)


async def keep_rollups(rollups: RollupUpkeep, state: Lifecycle) -> None:
    """Fold what came and went, and fill in what was there before."""

    async def keep() -> None:
        while await rollups.step():
            pass

    await _every(ROLLUPS_POLL_S, keep, state)


async def keep_endpoints(
    names: EndpointNames, renaming: Renaming, state: Lifecycle
) -> None:
    """Tell what was seen of endpoints, and name anew what is stored."""

    async def keep() -> None:
        await names.take_over()
        await names.tell()
        while await renaming.step():
            pass

    await _every(ENDPOINTS_POLL_S, keep, state)


async def keep_blocks(blocks: BlockUpkeep, state: Lifecycle) -> None:
    """Index the texts of what was stored."""

    async def keep() -> None:
        while await blocks.step():
            pass

    await _every(BLOCKS_POLL_S, keep, state)


async def pack_bodies(packing: BodyPacking, state: Lifecycle) -> None:
    """Pack the bodies of logs that are some time old."""
    await _every(PACKING_POLL_S, packing.pack, state)


async def clear_aside(
    data: DataDirectory, settings: Settings, counters: Counters
) -> None:
    """Remove damaged segments that are past keeping; they hold bodies too."""
    trouble = Trouble(
        "a damaged segment stays",
        "damaged segments are removed again",
        logger=logger,
    )
    spool = data.spool
    while True:
        since = time.time() - max(1, settings.body_retention_days) * DAY_S
        try:
            for one in past_keeping(
                spool, since=since, spool_limit_bytes=settings.spool_limit_bytes
            ):
                one.path.unlink(missing_ok=True)
                counters.damaged_removed.inc()
                logger.info(
                    "a damaged segment is gone", extra={"segment": one.path.name}
                )
            counters.damaged_bytes.set(sum(one.size for one in kept(spool)))
            counters.damaged_files.set(
                damaged.count(data.path, data.tally, data.spool, data.postgres)
            )
            trouble.passed()
        except OSError as error:
            trouble.met(error.strerror or type(error).__name__)
        await asyncio.sleep(ASIDE_POLL_S)


async def forget_old(database: Database, feed: Feed, state: Lifecycle) -> None:
    """Remove what is kept for a time only: the feed's tail, old Idempotency-Keys."""

    async def forget() -> None:
        await feed.forget()
        await idempotency.forget_old(database)

    await _every(FORGETTING_POLL_S, forget, state)


async def judge_windows(
    windows: AlertWindows, recorder: Recorder, state: Lifecycle
) -> None:
    """Judge alert rules over a window, from logs that are all recorded."""

    async def judge() -> None:
        # What waits in the spool would be taken for silence.
        if not recorder.is_behind:
            await windows.judge_due(datetime.now(UTC))

    await _every(WINDOWS_POLL_S, judge, state)


async def tidy_deliveries(deliveries: Deliveries, state: Lifecycle) -> None:
    """Forget old deliveries of alerts."""

    async def tidy() -> None:
        await deliveries.tidy(datetime.now(UTC))

    await _every(DELIVERIES_POLL_S, tidy, state)


async def note_database(
    database: Database, counters: Counters, *, is_starting: Callable[[], bool]
) -> None:
    """Ask PostgreSQL now and then, so that /health can answer without waiting.

    Its going and coming are logged, with the reason; not that one of our own is on its
    way.
    """
    was_up = True
    while True:
        reason = ""
        try:
            async with database.connection(
                timeout_s=DATABASE_POLL_S, as_it_is=True
            ) as connection:
                await connection.fetchval("SELECT 1", timeout=DATABASE_POLL_S)
        except Busy:
            # Whoever holds all connections knows better whether it is there.
            pass
        except MonitorError as error:
            reason = reason_of(error)
        if reason and not is_starting():
            if was_up:
                logger.error("PostgreSQL is away", extra={"reason": reason})
            was_up = False
        elif not reason and not was_up:
            logger.info("PostgreSQL is back")
            was_up = True
        counters.database_up.set(database.is_up)
        await asyncio.sleep(DATABASE_POLL_S)


async def _every(
    pause_s: float, work: Callable[[], Awaitable[None]], state: Lifecycle
) -> None:
    """Do *work* again and again once ready; PostgreSQL's absence skips a turn.

    So does what it refuses (a deadlock, a time limit): upkeep is no reason to end what
    serves clients.
    """
    trouble = Trouble(
        "upkeep failed; it is tried again",
        "upkeep works again",
        logger=logger,
        work=work.__qualname__.partition(".")[0],
    )
    while True:
        try:
            if state.is_ready:
                await work()
                trouble.passed()
        except MonitorError as error:
            logger.debug("skipped a turn", extra={"reason": error.detail})
        except FAILED as error:
            trouble.met(type(error).__name__)
        await asyncio.sleep(pause_s if state.is_ready else DATABASE_POLL_S)
