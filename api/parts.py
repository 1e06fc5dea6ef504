"""Parts of the appliance that the calls of /v1 are answered with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from monitor.access.access import Access
from monitor.costs.measures import Cost
from monitor.counters import Counters
from monitor.in_flight.open_exchange import OpenExchanges, OpenWish
from monitor.lifecycle import Lifecycle
from monitor.network.outbound import Outbound
from monitor.network.own_addresses import OwnAddresses
from monitor.offload.helpers import Helpers
from monitor.redaction.redaction import Redaction
from monitor.registry.table import RoutingTable
from monitor.replay.sender import Sender
from monitor.search.reading import QueryReader
from monitor.settings import Settings
from monitor.storage.commit.writer import LogWriter
from monitor.storage.database.pool import Database
from monitor.storage.health.degradation import Health
from monitor.storage.logs.deleting import Deletions
from monitor.storage.stores import Stores
from monitor.traffic.ids import LogIds


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    settings: Settings
    access: Access
    database: Database
    stores: Stores
    deletions: Deletions
    queries: QueryReader
    sender: Sender
    outbound: Outbound
    writer: LogWriter
    redaction: Redaction
    ids: LogIds
    counters: Counters
    helpers: Helpers
    takers: Helpers
    standing: Health
    cost: Callable[[], Cost]
    look: Callable[[OpenWish], Awaitable[OpenExchanges]]
    routes: Callable[[], RoutingTable]
    own: OwnAddresses
    state: Lifecycle = field(default_factory=Lifecycle)
