"""How the appliance is put together: downward it starts, upward it stops."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from api.parts import Parts
from appliance.app.assembly import build_app
from appliance.app.runner import AppListener
from appliance.app.silent_clients import ClientBounds
from appliance.app.stopping import Calls
from appliance.background import tasks as background
from appliance.background.bookkeeping import Bookkeeping
from appliance.background.notifying import Notifier
from appliance.data.database import MIGRATIONS
from appliance.data.directory import (
    CANNOT_CREATE,
    TRY_AGAIN,
    UNAVAILABLE,
    DataDirectory,
    StartError,
)
from appliance.data.embedded import Embedded, kept
from appliance.data.files import Files
from appliance.process.listening import bind, listening
from appliance.workers.proxying import serve_proxy
from appliance.workers.supervisor import Workers
from monitor.access.access import Access
from monitor.clock import Clock
from monitor.costs.measures import CostCollector
from monitor.counters import Counters
from monitor.ledger.withheld import counting
from monitor.lifecycle import Lifecycle
from monitor.loop.watch import LoopCollector, LoopWatch
from monitor.network.dns import Lookups
from monitor.network.outbound import Outbound
from monitor.network.own_addresses import OwnAddresses
from monitor.offload.helpers import Helpers
from monitor.redaction.redaction import Redaction
from monitor.replay.sender import Sender
from monitor.settings import Settings
from monitor.spool.writer import Spool
from monitor.storage.alerts.windows import AlertWindows
from monitor.storage.commit.writer import LogWriter
from monitor.storage.database.clearing import Clearing
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.health.costs import Costs
from monitor.storage.logs.deleting import Deletions
from monitor.storage.recorder.recorder import Recorder
from monitor.storage.retention.retention import Retention
from monitor.storage.retention.terms import Policy
from monitor.storage.stores import Stores
from monitor.traffic.ids import LogIds

logger = logging.getLogger(__name__)

# An address that this machine does not have.
NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
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


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Appliance]:
    """The whole appliance, for the length of the block.

    Raises StartError where it cannot start. Leaving drains: calls and exchanges in
    flight, spool, recorder, pool, PostgreSQL; the app's health is the last to go.
    """
    async with AsyncExitStack() as stack:
        data = _take_directory(settings, stack)
        app_socket = _bind("", settings.host, settings.port, stack)
        proxy_socket = _bind("PROXY_", settings.proxy_host, settings.proxy_port, stack)
        # Whoever watches it is answered until the end.
        doors = await stack.enter_async_context(AsyncExitStack())
        closing = stack.enter_context(ExitStack())
        files = Files.opened(settings, data, closing)
        routes, spool, via = files.routes, files.spool, files.via
        access = Access(
            settings=settings, secret=files.secret, ended=files.ended_sessions
        )
        dsn, embedded = await stack.enter_async_context(kept(settings, data))
        database = await Database.open(
            dsn, size=settings.pool_size, answer_s=settings.answer_s
        )
        database.awaits_migration = True
        stack.push_async_callback(database.close)

        watch = LoopWatch()
        watch.start()
        stack.callback(watch.stop)
        counters, partitions, state = Counters(), Partitions(), Lifecycle()
        counters.registry.register(LoopCollector(watch))
        helpers = Helpers(settings, counters)
        stack.push_async_callback(helpers.close)

        async def publish() -> None:
            await routes.refresh(stores.services.routes)

        stores = Stores.of(database, settings, publish=publish)
        redaction = Redaction(
            headers=settings.sensitive_headers,
            parameters=settings.sensitive_parameters,
            fields=settings.sensitive_fields,
            limit=settings.masking_nodes,
            count=counting(files.tally),
        )
        books = Bookkeeping.of(settings, data, database, files)
        recorder = Recorder(
            database,
            directory=data.spool,
            spool=spool,
            partitions=partitions,
            dead_letters=books.dead_letters,
            ledger=books.ledger,
            tallies=books.tallies,
            counters=counters,
            committed=stores.feed.wake,
        )
        spool.on_append = recorder.wake
        stack.push_async_callback(_empty, spool, recorder, settings.drain_timeout_s)
        standing = books.watched(recorder, lambda: embedded.trouble if embedded else "")
        counters.registry.register(books.collector(standing, routes.table))
        writer = LogWriter(
            database,
            partitions=partitions,
            counters=counters,
            committed=stores.feed.wake,
            timeout_s=settings.ingest_timeout_s,
        )
        policy = Policy(
            days=settings.retention_days,
            body_days=settings.body_retention_days,
            limit_bytes=settings.retention_bytes,
        )
        retention = Retention(
            database, policy=policy, partitions=partitions, counters=counters
        )
        costs = Costs(
            database,
            directory=data.path,
            policy=policy,
            is_embedded=embedded is not None,
            most_files=settings.data_files_limit,
        )
        counters.registry.register(CostCollector(lambda: costs.cost))
        outbound = await stack.enter_async_context(
            Outbound(
                lookups=Lookups(
                    per_name=settings.lookups_per_name,
                    at_once=settings.lookups_at_once,
                )
            )
        )
        windows = AlertWindows(database, listening_since=datetime.now(UTC))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        begun = [
            tasks.create_task(work)
            for work in (
                background.note_database(
                    database,
                    counters,
                    is_starting=lambda: embedded is not None and embedded.is_starting,
                ),
                background.become_ready(database, MIGRATIONS, state, publish=publish),
                background.keep_routes(routes, stores.services, state),
                background.keep_partitions(database, partitions, state),
                background.clear_deleted(Clearing(database), state),
                background.retain(retention, state, Clock()),
                background.clear_aside(data, settings, counters),
                background.forget_old(database, stores.feed, state),
                background.judge_windows(windows, recorder, state),
                background.tidy_deliveries(stores.deliveries, state),
                standing.run(),
                costs.run(),
                Notifier(stores.deliveries, outbound).run(state),
                recorder.run(),
                writer.run(),
                *([embedded.run()] if embedded else []),
            )
        ]
        stack.callback(_cancel, begun)

        workers = await serve_proxy(
            settings,
            data,
            stack,
            bound=proxy_socket,
            routes=routes,
            spool=spool,
            tally=files.tally,
            via=via,
            is_open=access.is_open,
            tasks=tasks,
            appended=recorder.wake,
            long_turn=watch.note_worker,
        )
        state.is_routed = lambda: (
            routes.table().is_known and (workers is None or workers.are_routed)
        )
        proxy_url = _url(settings.proxy_host, proxy_socket)
        sender = Sender(
            proxy_url,
            tickets=files.tickets,
            timeout_s=settings.replay_timeout_s,
            limit=settings.replay_limit,
        )
        stack.push_async_callback(sender.close)
        own = OwnAddresses(
            [app_socket.getsockname()[:2], proxy_socket.getsockname()[:2]],
            names=settings.allowed_hosts,
        )
        parts = Parts(
            settings=settings,
            access=access,
            database=database,
            stores=stores,
            deletions=Deletions(
                database, reader=stores.logs, ledger=books.ledger, counters=counters
            ),
            sender=sender,
            outbound=outbound,
            writer=writer,
            redaction=redaction,
            ids=LogIds(),
            counters=counters,
            helpers=helpers,
            standing=standing,
            routes=routes.table,
            own=own,
            state=state,
        )
        calls = Calls()
        app = build_app(
            parts,
            calls=calls,
            watch=watch,
            cost=lambda: costs.cost,
            proxy_port=proxy_socket.getsockname()[1],
            workers=lambda: workers.pids if workers else [os.getpid()],
            via=via,
        )
        runner = AppListener(
            app,
            bounds=ClientBounds.of(settings),
            count=lambda why: counters.app_connections_ended.labels(why).inc(),
            shutdown_timeout=settings.drain_timeout_s,
        )
        await doors.enter_async_context(listening(runner, [app_socket]))
        stack.push_async_callback(calls.finish, timeout_s=settings.drain_timeout_s)
        stack.callback(_begin_draining, state)
        await _ready(state, embedded)
        yield Appliance(
            app_url=_url(settings.host, app_socket),
            proxy_url=proxy_url,
            state=state,
            workers=workers,
        )


def _take_directory(settings: Settings, stack: AsyncExitStack) -> DataDirectory:
    data = DataDirectory(settings.data_dir)
    data.make()
    data.take()
    stack.callback(data.release)
    return data


def _bind(prefix: str, host: str, port: int, stack: AsyncExitStack) -> socket.socket:
    try:
        bound = bind(host, port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken" if taken else f"cannot be bound: {error.strerror}"
        is_host = isinstance(error, socket.gaierror) or error.errno in NOT_HERE
        setting = f"{prefix}HOST" if is_host else f"{prefix}PORT"
        raise StartError(
            f"port {port} on {host} {reason}; set {setting} to another one",
            exit_code=TRY_AGAIN if taken else CANNOT_CREATE,
        ) from None
    stack.callback(bound.close)
    return bound


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
            f"PostgreSQL cannot be used: {state.obstacle}", exit_code=UNAVAILABLE
        )


def _begin_draining(state: Lifecycle) -> None:
    state.is_draining = True


def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


async def _empty(spool: Spool, recorder: Recorder, timeout_s: float) -> None:
    """Record what is left; what cannot be recorded now stays for the next start."""
    spool.close()
    if not await recorder.drain(timeout_s=timeout_s):
        logger.warning("the spool keeps records for the next start")


def _url(host: str, bound: socket.socket) -> str:
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "localhost") else host
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{bound.getsockname()[1]}"
