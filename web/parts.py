"""What the pages are made from."""

from collections.abc import Callable
from dataclasses import dataclass

from monitor.access.guard import Access
from monitor.costs.measures import Cost
from monitor.counters import Counters
from monitor.loop.watch import LoopWatch
from monitor.offload.helpers import Helpers
from monitor.registry.table import RoutingTable
from monitor.settings import Settings
from monitor.storage.alerts.channels import Channels
from monitor.storage.alerts.deliveries import Deliveries
from monitor.storage.alerts.rules import Alerts
from monitor.storage.database.pool import Database
from monitor.storage.health.degradation import Health
from monitor.storage.logs.messages import MessageReader
from monitor.storage.logs.metrics import MetricsReader
from monitor.storage.logs.reader import LogReader
from monitor.storage.logs.replays import Replays
from monitor.storage.registry.keys import Keys
from monitor.storage.registry.services import Services
from monitor.storage.registry.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class PageParts:
    settings: Settings
    access: Access
    counters: Counters
    # Behind trusted proxies; of a peer, and what it says of the hops before it.
    client_address: Callable[[str, list[str] | None], str]
    helpers: Helpers
    database: Database
    services: Services
    keys: Keys
    tokens: Tokens
    logs: LogReader
    messages: MessageReader
    replays: Replays
    metrics: MetricsReader
    alerts: Alerts
    channels: Channels
    deliveries: Deliveries
    standing: Health
    cost: Callable[[], Cost]
    workers: Callable[[], list[int]]
    watch: LoopWatch
    routes: Callable[[], RoutingTable]
    proxy_port: int
