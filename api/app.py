"""Routes of the API, beside those of the pages."""

import re
from functools import partial

from aiohttp import web

from api.calls.alerts import AlertCalls
from api.calls.comparisons.logs import CompareCalls
from api.calls.comparisons.rules import ComparisonRuleCalls
from api.calls.endpoints.listed import EndpointCalls
from api.calls.endpoints.templates import TemplateCalls
from api.calls.exchanges import ExchangeCalls
from api.calls.export import ExportCalls
from api.calls.health import HealthCalls
from api.calls.ledger import LedgerCalls
from api.calls.logs import LogCalls
from api.calls.metrics import MetricsCalls
from api.calls.queries import CountCalls, QueryCalls
from api.calls.registry.keys import KeyCalls
from api.calls.registry.services import ServiceCalls
from api.calls.registry.tokens import TokenCalls
from api.calls.replays import ReplayCalls
from api.calls.sending.fresh import RequestCalls
from api.calls.sending.series import SeriesCalls
from api.calls.storage import StorageCalls
from api.calls.stream import StreamCalls
from api.calls.watching.channels import ChannelCalls
from api.calls.watching.marks import MarkCalls
from api.calls.watching.previews import PreviewCalls
from api.calls.watching.views import ViewCalls
from api.document.openapi import OpenApi
from api.document.operations import ALL as OPERATIONS
from api.doing import kind_of
from api.ingest.batch import BatchCalls
from api.input.errors import Handler
from api.input.errors import middleware as errors
from api.input.read import BODY_TIMEOUT_S, JSON_VALUES
from api.parts import Parts
from monitor.loop.steps import stepping

DOCUMENT = "/openapi.json"
VARIABLE = re.compile(r"\{\w+\}")
# Those that stand beside /v1.
BESIDE = frozenset(
    {DOCUMENT, *(one.path for one in OPERATIONS if not one.path.startswith("/v1/"))}
)


def add_routes(app: web.Application, parts: Parts) -> None:
    """The one route table of the API: its operations, each with its handler."""
    app[BODY_TIMEOUT_S] = parts.settings.body_timeout_s
    app[JSON_VALUES] = parts.settings.json_limit_values
    handlers = {
        **_of_services(parts),
        **_of_logs(parts),
        **_of_comparisons(parts),
        **_of_metrics(parts),
        **_of_alerts(parts),
        **_of_operations(parts),
    }
    app.add_routes(
        [web.route(one.method, one.path, handlers[one.id]) for one in OPERATIONS]
    )
    app.router.add_get(DOCUMENT, OpenApi(parts).show)


def _of_services(parts: Parts) -> dict[str, Handler]:
    services, keys, tokens = ServiceCalls(parts), KeyCalls(parts), TokenCalls(parts)
    return {
        "create_service": services.create,
        "list_services": services.list,
        "get_service": services.get,
        "change_service": services.change,
        "delete_service": services.delete,
        "create_key": keys.create,
        "list_keys": keys.list,
        "revoke_key": keys.revoke,
        "create_token": tokens.create,
        "list_tokens": tokens.list,
        "revoke_token": tokens.revoke,
    }


def _of_logs(parts: Parts) -> dict[str, Handler]:
    logs, batches, exports = LogCalls(parts), BatchCalls(parts), ExportCalls(parts)
    replays, queries = ReplayCalls(parts), QueryCalls(parts)
    series = SeriesCalls(parts)
    counts, exchanges = CountCalls(parts), ExchangeCalls(parts)
    views = ViewCalls(parts)
    return {
        "push_log": logs.ingest,
        "push_batch": batches.ingest,
        "import_har": batches.import_har,
        "list_logs": logs.list,
        "delete_logs": logs.delete_found,
        "count_facets": counts.facets,
        "count_timeline": counts.timeline,
        "follow_logs": StreamCalls(parts).follow,
        "get_log": logs.get,
        "change_log": logs.change,
        "delete_log": logs.delete,
        "list_messages": logs.messages,
        "list_exchanges": exchanges.list,
        "get_exchange": exchanges.get,
        "list_query_fields": queries.fields,
        "list_query_values": queries.values,
        "export_har": exports.all_har,
        "export_lines": exports.all_lines,
        "get_log_as_curl": exports.curl,
        "get_log_as_har": exports.har,
        "get_log_as_httpie": exports.httpie,
        "get_log_as_httpx": exports.httpx,
        "get_log_as_fetch": exports.fetch,
        "get_request_body": exports.request_body,
        "get_response_body": exports.response_body,
        "replay_log": replays.create,
        "list_replays": replays.list,
        "create_view": views.create,
        "list_views": views.list,
        "get_view": views.get,
        "change_view": views.change,
        "delete_view": views.delete,
        "replay_log_often": series.of_log,
        "send_request": RequestCalls(parts).create,
        "send_request_often": series.from_scratch,
    }


def _of_comparisons(parts: Parts) -> dict[str, Handler]:
    compared, rules = CompareCalls(parts), ComparisonRuleCalls(parts)
    return {
        "compare_logs": compared.compare,
        "put_comparison_rule": rules.put,
        "list_comparison_rules": rules.list,
        "remove_comparison_rule": rules.remove,
    }


def _of_metrics(parts: Parts) -> dict[str, Handler]:
    metrics, marks = MetricsCalls(parts), MarkCalls(parts)
    templates = TemplateCalls(parts)
    return {
        "get_metrics": metrics.totals,
        "get_timeseries": metrics.timeseries,
        "get_endpoints": metrics.endpoints,
        "get_heatmap": metrics.heatmap,
        "create_mark": marks.create,
        "list_marks": marks.list,
        "delete_mark": marks.delete,
        "list_endpoints": EndpointCalls(parts).list,
        "list_templates": templates.list,
        "set_templates": templates.set,
        "list_template_changes": templates.history,
        "undo_template_change": templates.undo,
    }


def _of_alerts(parts: Parts) -> dict[str, Handler]:
    alerts, channels = AlertCalls(parts), ChannelCalls(parts)
    return {
        "create_alert": alerts.create,
        "list_alerts": alerts.list,
        "preview_alert": PreviewCalls(parts).show,
        "get_alert": alerts.get,
        "change_alert": alerts.change,
        "delete_alert": alerts.delete,
        "list_alert_events": alerts.events,
        "list_alert_deliveries": alerts.deliveries,
        "create_channel": channels.create,
        "list_channels": channels.list,
        "get_channel": channels.get,
        "change_channel": channels.change,
        "delete_channel": channels.delete,
        "test_channel": channels.test,
        "list_channel_deliveries": channels.deliveries,
    }


def _of_operations(parts: Parts) -> dict[str, Handler]:
    ledger, health = LedgerCalls(parts), HealthCalls(parts)
    return {
        "get_ledger": ledger.show,
        "write_off_ledger": ledger.write_off,
        "get_storage": StorageCalls(parts).show,
        "get_health": health.health,
        "get_healthz": health.health,
        "get_livez": health.health,
        "get_readiness": health.ready,
        "get_counters": health.metrics,
    }


def is_api(path: str) -> bool:
    """Whether errors at *path* are problem+json rather than pages."""
    return path == "/v1" or path.startswith("/v1/") or path in BESIDE


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not is_api(request.path):
        return await handler(request)
    answer = _refused if _is_taken(request) else handler
    return await stepping(kind_of(request), partial(errors, request, answer))


def _is_taken(request: web.Request) -> bool:
    """The router would take `batch` and `facets` for the id of a log."""
    methods = WORDS.get(request.path)
    return methods is not None and request.method not in methods


async def _refused(request: web.Request) -> web.StreamResponse:
    raise web.HTTPMethodNotAllowed(request.method, sorted(WORDS[request.path]))


def _words() -> dict[str, set[str]]:
    """By path, what it takes, where a path with an id in it would match."""
    with_ids = [
        re.compile(VARIABLE.sub("[^/]+", one.path))
        for one in OPERATIONS
        if "{" in one.path
    ]
    taken: dict[str, set[str]] = {}
    for one in OPERATIONS:
        if "{" not in one.path and any(each.fullmatch(one.path) for each in with_ids):
            methods = {"GET", "HEAD"} if one.method == "GET" else {one.method}
            taken.setdefault(one.path, set()).update(methods)
    return taken


WORDS = _words()
