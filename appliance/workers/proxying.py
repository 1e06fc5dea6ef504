"""Proxy of the appliance: served by main itself, or by worker processes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from appliance.data.directory import DataDirectory
from appliance.data.files import Files
from appliance.data.masking import redaction
from appliance.process.listening import listening
from appliance.workers.control import Assignment
from appliance.workers.looking import Look
from appliance.workers.supervisor import Workers
from monitor.access.sessions import SESSION_COOKIE
from monitor.in_flight.open_exchange import OpenExchanges, OpenWish
from monitor.registry.table import RoutingTable
from monitor.replay.ticket import Tickets
from monitor.settings import Settings
from monitor.spool.recording import Recording
from monitor.spool.tally import Tally
from monitor.spool.writer import Spool
from monitor.traffic.ids import LogIds
from proxy.exchange.handler import Proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedProxy:
    """*workers*: the processes that serve it, where it is not this one.

    *look* says what is in flight, in all of them.
    """

    workers: Workers | None
    look: Callable[[OpenWish], Awaitable[OpenExchanges]]


@asynccontextmanager
async def serving_proxy(
    settings: Settings,
    data: DataDirectory,
    files: Files,
    *,
    bound: socket.socket,
    is_open: bool,
    tasks: asyncio.TaskGroup,
    appended: Callable[[], None],
    long_turn: Callable[[float], None],
) -> AsyncIterator[ServedProxy]:
    """Serve for the block."""
    routes = files.routes
    if settings.proxy_workers > 1:
        workers = Workers(
            Assignment(
                settings=settings,
                via=files.via,
                is_open=is_open,
                listening=(bound.fileno(),),
            ),
            count=settings.proxy_workers,
            tasks=tasks,
            version=lambda: routes.table().version,
            appended=appended,
            long_turn=long_turn,
        )
        routes.on_kept = workers.publish
        try:
            await workers.start()
            yield ServedProxy(workers=workers, look=workers.look)
        finally:
            await workers.stop()
        return
    proxy = make_proxy(
        settings,
        data,
        routes=routes.table,
        spool=files.spool,
        tally=files.tally,
        via=files.via,
        is_open=is_open,
    )
    runner = proxy.runner(timeout_s=settings.drain_timeout_s)
    async with listening(runner, [bound]):
        yield ServedProxy(workers=None, look=Look(proxy, settings).soon)


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
    return Proxy(
        settings=settings,
        routes=routes,
        record=Recording(
            spool=spool, redaction=redaction(settings, tally), tally=tally
        ),
        ids=LogIds(),
        tally=tally,
        via=via,
        session_cookie=SESSION_COOKIE,
        is_open=is_open,
        tickets=Tickets(data.tickets),
    )
