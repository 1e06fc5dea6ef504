"""What the calls of /v1 are answered with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from monitor.access.guard import Access
from monitor.counters import Counters
from monitor.lifecycle import Lifecycle
from monitor.network.outbound import Outbound
from monitor.network.own_addresses import OwnAddresses
from monitor.offload.helpers import Helpers
from monitor.redaction.redaction import Redaction
from monitor.registry.table import RoutingTable
from monitor.replay.sender import Sender
from monitor.settings import Settings
from monitor.storage.alerts.channels import Channels
from monitor.storage.alerts.deliveries import Deliveries
from monitor.storage.alerts.rules import Alerts
from monitor.storage.commit.writer import LogWriter
from monitor.storage.database.pool import Database
from monitor.storage.health.degradation import Health
from monitor.storage.logs.deleting import Deletions
from monitor.storage.logs.feed import Feed
from monitor.storage.logs.marks import Marks
from monitor.storage.logs.messages import MessageReader
from monitor.storage.logs.metrics import MetricsReader
from monitor.storage.logs.reader import LogReader
from monitor.storage.logs.replays import Replays
from monitor.storage.registry.keys import Keys
from monitor.storage.registry.services import Services
from monitor.storage.registry.tokens import Tokens
from monitor.traffic.ids import LogIds


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    settings: Settings
    access: Access
    database: Database
    services: Services
    keys: Keys
    tokens: Tokens
    logs: LogReader
    deletions: Deletions
    messages: MessageReader
    alerts: Alerts
    replays: Replays
    feed: Feed
    sender: Sender
    channels: Channels
    deliveries: Deliveries
    outbound: Outbound
    metrics: MetricsReader
    marks: Marks
    writer: LogWriter
    redaction: Redaction
    ids: LogIds
    counters: Counters
    helpers: Helpers
    standing: Health
    routes: Callable[[], RoutingTable]
    own: OwnAddresses
    state: Lifecycle = field(default_factory=Lifecycle)
