"""Background of the appliance: what goes on for as long as it runs, whoever asks."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from appliance.background import tasks
from appliance.background.notifying import Notifier
from appliance.data.database import MIGRATIONS
from appliance.start.foundation import Foundation
from appliance.start.storage import ApplianceStorage
from monitor.clock import Clock
from monitor.loop.doing import INGEST, RECORDER
from monitor.loop.metrics import LoopCollector
from monitor.loop.steps import stepping
from monitor.loop.watch import LoopWatch
from monitor.network.dns import Lookups
from monitor.network.outbound import Outbound
from monitor.settings import Settings
from monitor.storage.alerts.windows import AlertWindows
from monitor.storage.blocks.upkeep import BlockUpkeep
from monitor.storage.clearing.clearing import Clearing
from monitor.storage.database.pool import Database
from monitor.storage.endpoints.renaming import Renaming
from monitor.storage.packs.packing import BodyPacking, Pace
from monitor.storage.rollups.upkeep import RollupUpkeep

BackgroundWork = Coroutine[None, None, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """*tasks* is for what other parts begin; one that fails ends the appliance."""

    tasks: asyncio.TaskGroup
    watch: LoopWatch
    outbound: Outbound


@asynccontextmanager
async def background(
    base: Foundation, stored: ApplianceStorage
) -> AsyncIterator[Background]:
    watch = LoopWatch()
    watch.start()
    base.counters.registry.register(LoopCollector(watch))
    try:
        async with (
            Outbound(
                lookups=_lookups(base.settings),
                mail_server=base.settings.mail_server,
            ) as outbound,
            asyncio.TaskGroup() as group,
        ):
            works = [
                *_recording(base, stored),
                *_upkeep(base, stored),
                *_alerting(base, stored, outbound),
            ]
            begun = [group.create_task(work) for work in works]
            try:
                yield Background(tasks=group, watch=watch, outbound=outbound)
            finally:
                for task in begun:
                    task.cancel()
    finally:
        watch.stop()


def _recording(base: Foundation, stored: ApplianceStorage) -> list[BackgroundWork]:
    embedded = stored.embedded
    return [
        tasks.note_database(
            stored.database,
            base.counters,
            is_starting=lambda: embedded is not None and embedded.is_starting,
        ),
        stored.health.run(),
        stored.costs.run(),
        stepping(RECORDER, stored.recorder.run),
        stepping(INGEST, stored.writer.run),
        *([embedded.run()] if embedded else []),
    ]


def _upkeep(base: Foundation, stored: ApplianceStorage) -> list[BackgroundWork]:
    database, state, publish = stored.database, base.state, stored.publish
    return [
        tasks.become_ready(database, MIGRATIONS, state, publish=publish),
        tasks.keep_routes(publish, state),
        tasks.keep_partitions(database, stored.partitions, state),
        tasks.clear_deleted(Clearing(database), state),
        tasks.retain(stored.retention, state, Clock()),
        tasks.keep_rollups(RollupUpkeep(database, counters=base.counters), state),
        tasks.keep_blocks(BlockUpkeep(database, counters=base.counters), state),
        tasks.pack_bodies(_packing(base, database), state),
        tasks.keep_endpoints(
            stored.names,
            Renaming(database, names=stored.names, counters=base.counters),
            state,
        ),
        tasks.clear_aside(base.data, base.settings, base.counters),
        tasks.forget_old(database, stored.stores.feed, state),
    ]


def _packing(base: Foundation, database: Database) -> BodyPacking:
    settings = base.settings
    pace = Pace(
        after=timedelta(minutes=settings.body_packing_minutes),
        per_second=settings.body_packing_rate,
    )
    return BodyPacking(database, counters=base.counters, pace=pace)


def _alerting(
    base: Foundation, stored: ApplianceStorage, outbound: Outbound
) -> list[BackgroundWork]:
    deliveries = stored.stores.deliveries
    windows = AlertWindows(stored.database, listening_since=datetime.now(UTC))
    return [
        tasks.judge_windows(windows, stored.recorder, base.state),
        tasks.tidy_deliveries(deliveries, base.state),
        Notifier(deliveries, outbound).run(base.state),
    ]


def _lookups(settings: Settings) -> Lookups:
    return Lookups(per_name=settings.lookups_per_name, at_once=settings.lookups_at_once)
