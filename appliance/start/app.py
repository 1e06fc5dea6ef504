"""The app of the appliance: /v1 and the pages, which answer until the very end."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from api.parts import Parts
from appliance.app.assembly import build_app
from appliance.app.runner import AppListener
from appliance.app.silent_clients import ClientBounds
from appliance.app.stopping import AppCalls
from appliance.data.masking import redaction
from appliance.process.listening import listening
from appliance.start.background import Background
from appliance.start.foundation import Foundation
from appliance.start.storage import ApplianceStorage
from appliance.workers.proxying import ServedProxy
from monitor.counters import Counters
from monitor.lifecycle import Lifecycle
from monitor.network.own_addresses import OwnAddresses
from monitor.offload.helpers import Helpers
from monitor.replay.sender import Sender
from monitor.search.parser import Bounds
from monitor.search.reading import QueryReader
from monitor.settings import Settings
from monitor.storage.logs.deleting import Deletions
from monitor.traffic.ids import LogIds


@asynccontextmanager
async def app(
    base: Foundation,
    stored: ApplianceStorage,
    background: Background,
    proxy: ServedProxy,
    *,
    last: AsyncExitStack,
) -> AsyncIterator[None]:
    """Leaving lets calls finish, and takes no more; health is answered on.

    It listens until *last* unwinds: whoever watches it sees all else go.
    """
    settings, counters = base.settings, base.counters
    helpers = Helpers(settings, counters)
    last.push_async_callback(helpers.close)
    takers = _takers(settings, counters)
    last.push_async_callback(takers.close)
    sender = Sender(
        base.proxy_url,
        tickets=base.files.tickets,
        timeout_s=settings.replay_timeout_s,
        limit=settings.replay_limit,
    )
    parts = _parts(base, stored, background, proxy, (helpers, takers), sender)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(sender.close)
        calls = AppCalls()
        runner = AppListener(
            build_app(
                parts,
                calls=calls,
                watch=background.watch,
                cost=lambda: stored.costs.cost,
                proxy_port=base.proxy_socket.getsockname()[1],
                workers=lambda: proxy.workers.pids if proxy.workers else [os.getpid()],
                via=base.files.via,
            ),
            bounds=ClientBounds.of(settings),
            count=lambda why: counters.app_connections_ended.labels(why).inc(),
            shutdown_timeout=settings.drain_timeout_s,
        )
        await last.enter_async_context(listening(runner, [base.app_socket]))
        stack.push_async_callback(calls.finish, timeout_s=settings.drain_timeout_s)
        stack.callback(_begin_draining, base.state)
        yield


def _takers(settings: Settings, counters: Counters) -> Helpers:
    return Helpers(
        settings,
        counters,
        processes=settings.ingest_processes,
        waiting=2 * settings.batches_at_once,
    )


def _parts(
    base: Foundation,
    stored: ApplianceStorage,
    background: Background,
    proxy: ServedProxy,
    processes: tuple[Helpers, Helpers],
    sender: Sender,
) -> Parts:
    """*processes*: for bodies, and for rows of batches."""
    helpers, takers = processes
    settings, database = base.settings, stored.database
    return Parts(
        settings=settings,
        access=base.access,
        database=database,
        stores=stored.stores,
        deletions=Deletions(
            database,
            reader=stored.stores.logs,
            ledger=stored.ledger,
            counters=base.counters,
        ),
        queries=_queries(settings, base.counters),
        sender=sender,
        outbound=background.outbound,
        writer=stored.writer,
        redaction=redaction(settings, base.files.tally),
        ids=LogIds(),
        counters=base.counters,
        helpers=helpers,
        takers=takers,
        standing=stored.health,
        cost=lambda: stored.costs.cost,
        look=proxy.look,
        routes=base.files.routes.table,
        own=OwnAddresses(
            [base.app_socket.getsockname()[:2], base.proxy_socket.getsockname()[:2]],
            names=settings.allowed_hosts,
        ),
        state=base.state,
    )


def _queries(settings: Settings, counters: Counters) -> QueryReader:
    bounds = Bounds(
        characters=settings.query_characters,
        terms=settings.query_terms,
        depth=settings.query_depth,
        regex_characters=settings.query_regex_characters,
    )
    return QueryReader(
        bounds, count=lambda why: counters.query_refusals.labels(why).inc()
    )


def _begin_draining(state: Lifecycle) -> None:
    state.is_draining = True
