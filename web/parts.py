"""What the pages are made from."""

from collections.abc import Callable
from dataclasses import dataclass

from monitor.access import Access
from monitor.costs import Cost
from monitor.counters import Counters
from monitor.loop_watch import LoopWatch
from monitor.offload.helpers import Helpers
from monitor.registry import RoutingTable
from monitor.settings import Settings
from monitor.storage.alerts import Alerts
from monitor.storage.channels import Channels
from monitor.storage.deliveries import Deliveries
from monitor.storage.keys import Keys
from monitor.storage.logs import LogReader
from monitor.storage.messages import MessageReader
from monitor.storage.metrics import MetricsReader
from monitor.storage.pool import Database
from monitor.storage.replays import Replays
from monitor.storage.services import Services
from monitor.storage.standing import Standing
from monitor.storage.tokens import Tokens


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
    standing: Standing
    cost: Callable[[], Cost]
    workers: Callable[[], list[int]]
    watch: LoopWatch
    routes: Callable[[], RoutingTable]
    proxy_port: int
