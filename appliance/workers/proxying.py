"""How the proxy is served: by main itself, or by worker processes."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

from appliance.data.directory import DataDirectory
from appliance.data.routes import Routes
from appliance.process.listening import listening
from appliance.workers.control import Assignment
from appliance.workers.supervisor import Workers
from monitor.access.sessions import SESSION_COOKIE
from monitor.ledger.withheld import counting
from monitor.redaction.redaction import Redaction
from monitor.registry.table import RoutingTable
from monitor.replay.ticket import Tickets
from monitor.settings import Settings
from monitor.spool.recording import Recording
from monitor.spool.tally import Tally
from monitor.spool.writer import Spool
from monitor.traffic.ids import LogIds
from proxy.exchange.handler import Proxy


async def serve_proxy(
    settings: Settings,
    data: DataDirectory,
    stack: AsyncExitStack,
    *,
    bound: socket.socket,
    routes: Routes,
    spool: Spool,
    tally: Tally,
    via: str,
    is_open: bool,
    tasks: asyncio.TaskGroup,
    appended: Callable[[], None],
    long_turn: Callable[[float], None],
) -> Workers | None:
    """Serve until *stack* unwinds; the processes that do, where it is not this one."""
    if settings.proxy_workers > 1:
        assignment = Assignment(
            settings=settings, via=via, is_open=is_open, listening=(bound.fileno(),)
        )
        workers = Workers(
            assignment,
            count=settings.proxy_workers,
            tasks=tasks,
            version=lambda: routes.table().version,
            appended=appended,
            long_turn=long_turn,
        )
        stack.push_async_callback(workers.stop)
        routes.on_kept = workers.publish
        await workers.start()
        return workers
    proxy = make_proxy(
        settings,
        data,
        routes=routes.table,
        spool=spool,
        tally=tally,
        via=via,
        is_open=is_open,
    )
    runner = proxy.runner(timeout_s=settings.drain_timeout_s)
    await stack.enter_async_context(listening(runner, [bound]))
    return None


def make_proxy(
    settings: Settings,
    data: DataDirectory,
    *,
    routes: Callable[[], RoutingTable],
    spool: Spool,
    tally: Tally,
    via: str,
    is_open: bool,
) -> Proxy:
    redaction = Redaction(
        headers=settings.sensitive_headers,
        parameters=settings.sensitive_parameters,
        fields=settings.sensitive_fields,
        limit=settings.masking_nodes,
        count=counting(tally),
    )
    return Proxy(
        settings=settings,
        routes=routes,
        record=Recording(spool=spool, redaction=redaction, tally=tally),
        ids=LogIds(),
        tally=tally,
        via=via,
        session_cookie=SESSION_COOKIE,
        is_open=is_open,
        tickets=Tickets(data.tickets),
    )
