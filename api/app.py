"""Which calls there are beside the pages."""

from aiohttp import web

from api.calls.alerts import AlertCalls
from api.calls.channels import ChannelCalls
from api.calls.export import ExportCalls
from api.calls.health import HealthCalls
from api.calls.keys import KeyCalls
from api.calls.ledger import LedgerCalls
from api.calls.logs import LogCalls
from api.calls.messages import MessageCalls
from api.calls.metrics import MetricsCalls
from api.calls.replays import ReplayCalls
from api.calls.services import ServiceCalls
from api.calls.stream import StreamCalls
from api.calls.tokens import TokenCalls
from api.document.openapi import OpenApi
from api.ingest.batch import BatchCalls
from api.input.errors import Handler
from api.input.errors import middleware as errors
from api.input.request import BODY_TIMEOUT_S, JSON_VALUES
from api.parts import Parts

POST_ONLY = frozenset({"/v1/logs/batch", "/v1/logs/import/har"})
OPERATIONS = (
    "/health",
    "/healthz",
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
)


def add_routes(app: web.Application, parts: Parts) -> None:
    """The one route table of the API."""
    app[BODY_TIMEOUT_S] = parts.settings.body_timeout_s
    services, keys = ServiceCalls(parts), KeyCalls(parts)
    logs, metrics, health = LogCalls(parts), MetricsCalls(parts), HealthCalls(parts)
    batches, exports = BatchCalls(parts), ExportCalls(parts)
    alerts, channels = AlertCalls(parts), ChannelCalls(parts)
    replays, ledger = ReplayCalls(parts), LedgerCalls(parts)
    tokens = TokenCalls(parts)
    one_service = "/v1/services/{service_id}"
    app[JSON_VALUES] = parts.settings.json_limit_values
    app.add_routes(
        [
            web.post("/v1/services", services.create),
            web.get("/v1/services", services.list),
            web.get(one_service, services.get),
            web.patch(one_service, services.change),
            web.delete(one_service, services.delete),
            web.post(f"{one_service}/keys", keys.create),
            web.get(f"{one_service}/keys", keys.list),
            web.delete(f"{one_service}/keys/{{key_id}}", keys.revoke),
            web.post("/v1/logs", logs.ingest),
            web.post("/v1/logs/batch", batches.ingest),
            web.post("/v1/logs/import/har", batches.import_har),
            web.get("/v1/logs", logs.list),
            web.delete("/v1/logs", logs.delete_found),
            web.get("/v1/logs.har", exports.all_har),
            web.get("/v1/logs.ndjson", exports.all_lines),
            web.get("/v1/logs/stream", StreamCalls(parts).follow),
            web.get("/v1/logs/{log_id}", logs.get),
            web.patch("/v1/logs/{log_id}", logs.change),
            web.delete("/v1/logs/{log_id}", logs.delete),
            web.get("/v1/logs/{log_id}/curl", exports.curl),
            web.get("/v1/logs/{log_id}/har", exports.har),
            web.get("/v1/logs/{log_id}/messages", MessageCalls(parts).list),
            web.post("/v1/logs/{log_id}/replay", replays.create),
            web.get("/v1/logs/{log_id}/replays", replays.list),
            web.post("/v1/alerts", alerts.create),
            web.get("/v1/alerts", alerts.list),
            web.get("/v1/alerts/{alert_id}", alerts.get),
            web.patch("/v1/alerts/{alert_id}", alerts.change),
            web.delete("/v1/alerts/{alert_id}", alerts.delete),
            web.get("/v1/alerts/{alert_id}/events", alerts.events),
            web.get("/v1/alerts/{alert_id}/deliveries", alerts.deliveries),
            web.post("/v1/channels", channels.create),
            web.get("/v1/channels", channels.list),
            web.get("/v1/channels/{channel_id}", channels.get),
            web.patch("/v1/channels/{channel_id}", channels.change),
            web.delete("/v1/channels/{channel_id}", channels.delete),
            web.post("/v1/channels/{channel_id}/test", channels.test),
            web.get("/v1/channels/{channel_id}/deliveries", channels.deliveries),
            web.post("/v1/tokens", tokens.create),
            web.get("/v1/tokens", tokens.list),
            web.delete("/v1/tokens/{token_id}", tokens.revoke),
            web.get("/v1/metrics", metrics.totals),
            web.get("/v1/metrics/timeseries", metrics.timeseries),
            web.get("/v1/metrics/endpoints", metrics.endpoints),
            web.get("/v1/ledger", ledger.show),
            web.post("/v1/ledger/write-off", ledger.write_off),
            web.get("/openapi.json", OpenApi(parts).show),
            web.get("/health", health.health),
            web.get("/healthz", health.health),
            web.get("/livez", health.health),
            web.get("/readyz", health.ready),
            web.get("/metrics", health.metrics),
        ]
    )


def is_api(path: str) -> bool:
    """Whether errors at *path* are problem+json rather than pages."""
    return path == "/v1" or path.startswith("/v1/") or path in OPERATIONS


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not is_api(request.path):
        return await handler(request)
    return await errors(request, _refused if _is_taken(request) else handler)


def _is_taken(request: web.Request) -> bool:
    """The router would take `batch` and `import` for the id of a log."""
    return request.path in POST_ONLY and request.method != "POST"


async def _refused(request: web.Request) -> web.StreamResponse:
    raise web.HTTPMethodNotAllowed(request.method, ["POST"])
