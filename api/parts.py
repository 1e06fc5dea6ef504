"""What the calls of /v1 are answered with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from api.sender import Sender
from monitor.access import Access
from monitor.counters import Counters
from monitor.ids import LogIds
from monitor.offload.helpers import Helpers
from monitor.outbound import Outbound
from monitor.own_addresses import OwnAddresses
from monitor.redaction import Redaction
from monitor.registry import RoutingTable
from monitor.settings import Settings
from monitor.storage.alerts import Alerts
from monitor.storage.channels import Channels
from monitor.storage.deleting import Deletions
from monitor.storage.deliveries import Deliveries
from monitor.storage.feed import Feed
from monitor.storage.keys import Keys
from monitor.storage.logs import LogReader
from monitor.storage.marks import Marks
from monitor.storage.messages import MessageReader
from monitor.storage.metrics import MetricsReader
from monitor.storage.pool import Database
from monitor.storage.replays import Replays
from monitor.storage.services import Services
from monitor.storage.standing import Standing
from monitor.storage.tokens import Tokens
from monitor.storage.writer import LogWriter


@dataclass(slots=True)
class State:
    """Where the appliance is in its life.

    *is_ready*: the database is migrated. *is_routed*: all processes of the proxy know
    the services. *obstacle* keeps it from being ready, in words for who runs it.
    """

    is_ready: bool = False
    is_routed: Callable[[], bool] = lambda: True
    obstacle: str = ""
    is_draining: bool = False


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
    standing: Standing
    routes: Callable[[], RoutingTable]
    own: OwnAddresses
    state: State = field(default_factory=State)
