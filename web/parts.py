"""The parts that pages are made from."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from monitor.access.access import Access
from monitor.costs.measures import Cost
from monitor.counters import Counters
from monitor.in_flight.open_exchange import OpenExchanges, OpenWish
from monitor.loop.watch import LoopWatch
from monitor.offload.helpers import Helpers
from monitor.registry.table import RoutingTable
from monitor.search.reading import QueryReader
from monitor.settings import Settings
from monitor.storage.database.pool import Database
from monitor.storage.health.degradation import Health
from monitor.storage.stores import Stores

# A call of /v1 as the sender of a page's request may make it: method, path and body;
# its status, and what is answered.
Call = Callable[[web.Request, str, str, bytes], Awaitable[tuple[int, Any]]]
# The same of a POST with a body that comes piece by piece.
Upload = Callable[[web.Request, str, AsyncIterator[bytes]], Awaitable[tuple[int, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageParts:
    settings: Settings
    access: Access
    counters: Counters
    # Behind trusted proxies; of a peer, and what it says of the hops before it.
    client_address: Callable[[str, list[str] | None], str]
    helpers: Helpers
    database: Database
    stores: Stores
    call: Call
    upload: Upload
    queries: QueryReader
    standing: Health
    look: Callable[[OpenWish], Awaitable[OpenExchanges]]
    cost: Callable[[], Cost]
    workers: Callable[[], list[int]]
    watch: LoopWatch
    routes: Callable[[], RoutingTable]
    proxy_port: int
