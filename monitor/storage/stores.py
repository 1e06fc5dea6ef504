"""The stores that the calls and the pages ask: one of each, on one database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from monitor.settings import Settings
from monitor.storage.alerts.channels import Channels
from monitor.storage.alerts.deliveries import Deliveries
from monitor.storage.alerts.previews import AlertPreviews
from monitor.storage.alerts.rules import Alerts
from monitor.storage.alerts.strips import StripReader
from monitor.storage.beside.remarks import Remarks
from monitor.storage.beside.usual import Usual
from monitor.storage.charts.heat import HeatReader
from monitor.storage.charts.sparklines import SparklineReader
from monitor.storage.counts.reader import CountReader
from monitor.storage.database.pool import Database
from monitor.storage.endpoints.changes import TemplateChanges
from monitor.storage.endpoints.reader import EndpointReader
from monitor.storage.logs.feed import Feed
from monitor.storage.logs.marks import Marks
from monitor.storage.logs.messages import MessageReader
from monitor.storage.logs.metrics import MetricsReader
from monitor.storage.logs.reader import LogReader
from monitor.storage.logs.replays import Replays
from monitor.storage.logs.values import ValueReader
from monitor.storage.registry.comparison_rules import ComparisonRules
from monitor.storage.registry.deploy_marks import DeployMarks
from monitor.storage.registry.keys import Keys
from monitor.storage.registry.services import Services
from monitor.storage.registry.tokens import Tokens
from monitor.storage.registry.views import Views


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    services: Services
    keys: Keys
    tokens: Tokens
    logs: LogReader
    remarks: Remarks
    usual: Usual
    marks: Marks
    messages: MessageReader
    replays: Replays
    metrics: MetricsReader
    heat: HeatReader
    sparklines: SparklineReader
    deploys: DeployMarks
    endpoints: EndpointReader
    views: Views
    templates: TemplateChanges
    values: ValueReader
    counts: CountReader
    feed: Feed
    alerts: Alerts
    previews: AlertPreviews
    strips: StripReader
    channels: Channels
    deliveries: Deliveries
    comparison_rules: ComparisonRules

    @classmethod
    def of(
        cls,
        database: Database,
        settings: Settings,
        *,
        publish: Callable[[], Awaitable[None]],
    ) -> "Stores":
        """*publish* has the proxies know the services, after a change of them."""
        timeout_ms = settings.query_timeout_ms
        metrics = MetricsReader(database, timeout_ms=timeout_ms)
        return cls(
            services=Services(database, publish=publish),
            keys=Keys(database, most=settings.keys_limit),
            tokens=Tokens(database, most=settings.tokens_limit),
            logs=LogReader(database, timeout_ms=timeout_ms),
            remarks=Remarks(database),
            usual=Usual(database),
            marks=Marks(database),
            messages=MessageReader(database),
            replays=Replays(database),
            metrics=metrics,
            heat=HeatReader(metrics),
            sparklines=SparklineReader(metrics),
            deploys=DeployMarks(database, most=settings.marks_limit),
            templates=TemplateChanges(database, most=settings.endpoint_templates_limit),
            endpoints=EndpointReader(
                database, timeout_ms=timeout_ms, t_ms=settings.apdex_t_ms
            ),
            views=Views(database, most=settings.views_limit),
            values=ValueReader(
                database,
                timeout_ms=timeout_ms,
                most_logs=settings.query_values_logs,
            ),
            counts=CountReader(
                database,
                timeout_ms=settings.facets_timeout_ms,
                most_logs=settings.facets_logs,
            ),
            feed=Feed(database, retained=settings.stream_kept),
            alerts=Alerts(database, most=settings.alert_rules_limit),
            strips=StripReader(database),
            previews=AlertPreviews(database, timeout_ms=settings.preview_timeout_ms),
            channels=Channels(database, most=settings.channels_limit),
            deliveries=Deliveries(database, public_url=settings.linked_url),
            comparison_rules=ComparisonRules(
                database, most=settings.comparison_rules_limit
            ),
        )
