"""Appliance that runs: downward it starts, upward it stops."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from appliance.data.directory import StartError
from appliance.data.embedded import Embedded
from appliance.exit_codes import ExitCode
from appliance.start.app import app
from appliance.start.background import Background, background
from appliance.start.foundation import Foundation, foundation
from appliance.start.storage import ApplianceStorage, storage
from appliance.workers.proxying import ServedProxy, serving_proxy
from appliance.workers.supervisor import Workers
from monitor.lifecycle import Lifecycle
from monitor.settings import Settings
from monitor.storage.stores import Stores

logger = logging.getLogger(__name__)

# How long a start waits for the migrations: of the embedded server, and of another.
OWN_S, OTHER_S = 30.0, 5.0


@dataclass(frozen=True, slots=True)
class Appliance:
    """A running appliance: where it is reached, and whether it is ready.

    *workers* serve the proxy, where it is not this process that does.
    """

    app_url: str
    proxy_url: str
    state: Lifecycle
    workers: Workers | None
    stores: Stores


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Appliance]:
    """The whole appliance, for the length of the block.

    Raises StartError where it cannot start. Leaving drains: calls and exchanges in
    flight, spool, recorder, pool, PostgreSQL; the app's health is the last to go.
    """
    with foundation(settings) as base:
        async with (
            AsyncExitStack() as last,
            storage(base) as stored,
            background(base, stored) as beside,
            _proxy(base, stored, beside) as proxy,
            app(base, stored, beside, proxy, last=last),
        ):
            await _ready(base.state, stored.embedded)
            yield Appliance(
                app_url=base.app_url,
                proxy_url=base.proxy_url,
                state=base.state,
                workers=proxy.workers,
                stores=stored.stores,
            )


@asynccontextmanager
async def _proxy(
    base: Foundation, stored: ApplianceStorage, beside: Background
) -> AsyncIterator[ServedProxy]:
    async with serving_proxy(
        base.settings,
        base.data,
        base.files,
        bound=base.proxy_socket,
        is_open=base.access.is_open,
        tasks=beside.tasks,
        appended=stored.recorder.wake,
        long_turn=beside.watch.note_worker,
    ) as proxy:
        table, workers = base.files.routes.table, proxy.workers
        base.state.is_routed = lambda: (
            table().is_known and (workers is None or workers.are_routed)
        )
        yield proxy


async def _ready(state: Lifecycle, embedded: Embedded | None) -> None:
    """Wait a moment for migrations and routes; without them, serve all the same."""
    limit_s = OTHER_S if embedded is None else OWN_S
    try:
        async with asyncio.timeout(limit_s):
            while not (state.is_ready and state.is_routed()) and not state.obstacle:
                if embedded is not None and embedded.trouble:
                    raise TimeoutError
                await asyncio.sleep(0.01)
    except TimeoutError:
        logger.error("PostgreSQL is away: serving the proxy, recording to the spool")
    if state.obstacle:
        raise StartError(
            f"PostgreSQL cannot be used: {state.obstacle}",
            exit_code=ExitCode.UNAVAILABLE,
        )
