"""Every call of /v1 and beside it, as /openapi.json describes it.

A new route gets a line here; a test holds this table to the routes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from api.document import answers, examples
from api.ingest import har_batch
from api.input.alert_schemas import AlertChanges, NewAlert
from api.input.channel_schemas import ChannelChanges, NewChannel
from api.input.request import PAGE, PAGE_OF_A_SERVICE
from api.input.schemas import (
    LogChanges,
    NewKey,
    NewLog,
    NewReplay,
    NewToken,
)
from api.input.service_schemas import NewService, ServiceChanges
from monitor.logs.filter import FILTERS, MAX_LIMIT
from monitor.logs.parameter import Parameter
from monitor.logs.query import EXPORTED, LISTED, MEASURED, deleted

JSON = "application/json"
NDJSON = "application/x-ndjson"


class Access(StrEnum):
    """What a caller of a closed appliance has to come with."""

    NOTHING = "nothing"
    ADMIN = "admin"
    KEY = "key"
    KEY_OR_ADMIN = "key or admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """*errors*: the statuses besides those that every call may have.

    *also*: further statuses that are answered as *status* is.
    """

    method: str
    path: str
    id: str
    summary: str
    tag: str
    access: Access = Access.ADMIN
    status: int = 200
    answer: type[BaseModel] | None = None
    answer_type: str = JSON
    answer_example: Any = None
    body: type[BaseModel] | None = None
    body_is_optional: bool = False
    body_types: dict[str, dict[str, Any]] = field(default_factory=dict)
    body_example: Any = None
    query: Mapping[str, Parameter] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    also: tuple[int, ...] = ()
    # What the answer is, where its summary does not say it.
    answered: str | None = None


REPEATS = ("Idempotency-Key",)
PUSHED: tuple[int, ...] = (404, 413, 415, 422, 429)
GIVEN: tuple[int, ...] = (413, 415, 422)

SERVICES = [
    Operation(
        method="POST",
        path="/v1/services",
        id="create_service",
        summary="Register a service",
        tag="Services",
        status=201,
        answer=answers.Service,
        answer_example=examples.SERVICE,
        body=NewService,
        body_example=examples.NEW_SERVICE,
        errors=(*GIVEN, 409),
    ),
    Operation(
        method="GET",
        path="/v1/services",
        id="list_services",
        summary="Services by name",
        tag="Services",
        answer=answers.ListOf[answers.Service],
        query=PAGE,
    ),
    Operation(
        method="GET",
        path="/v1/services/{service_id}",
        id="get_service",
        summary="One service",
        tag="Services",
        answer=answers.Service,
        answer_example=examples.SERVICE,
        errors=(404,),
    ),
    Operation(
        method="PATCH",
        path="/v1/services/{service_id}",
        id="change_service",
        summary="Change a service; null clears a field, an absent one stays",
        tag="Services",
        answer=answers.Service,
        body=ServiceChanges,
        body_example={"base_url": "https://payments.internal/v3"},
        errors=(404, 409, *GIVEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/services/{service_id}",
        id="delete_service",
        summary="Delete a service with its keys, logs, alerts and replays",
        tag="Services",
        status=204,
        errors=(404,),
    ),
    Operation(
        method="POST",
        path="/v1/services/{service_id}/keys",
        id="create_key",
        summary="Make a key; it is shown this once",
        tag="Keys",
        status=201,
        answer=answers.MadeKey,
        answer_example=examples.MADE_KEY,
        body=NewKey,
        body_example={"name": "prod-key"},
        errors=(404, 409, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/services/{service_id}/keys",
        id="list_keys",
        summary="The keys of a service, without their secrets",
        tag="Keys",
        answer=answers.ListOf[answers.Key],
        query=PAGE,
        errors=(404,),
    ),
    Operation(
        method="DELETE",
        path="/v1/services/{service_id}/keys/{key_id}",
        id="revoke_key",
        summary="Revoke a key",
        tag="Keys",
        status=204,
        errors=(404,),
    ),
]
TOKENS = [
    Operation(
        method="POST",
        path="/v1/tokens",
        id="create_token",
        summary="Make an admin token; it is shown this once",
        tag="Tokens",
        status=201,
        answer=answers.MadeToken,
        answer_example=examples.MADE_TOKEN,
        body=NewToken,
        body_example=examples.NEW_TOKEN,
        errors=(409, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/tokens",
        id="list_tokens",
        summary="Admin tokens, newest first, without their secrets",
        tag="Tokens",
        answer=answers.ListOf[answers.Token],
        query=PAGE,
    ),
    Operation(
        method="DELETE",
        path="/v1/tokens/{token_id}",
        id="revoke_token",
        summary="Revoke an admin token",
        tag="Tokens",
        status=204,
        errors=(404,),
    ),
]
ROWS = {"type": "string", "description": "A log a line."}
LOGS = [
    Operation(
        method="POST",
        path="/v1/logs",
        id="push_log",
        summary="Push a log; answered once it is committed and its rules have run",
        tag="Logs",
        access=Access.KEY,
        status=201,
        answer=answers.LogDetail,
        answer_example=examples.LOG,
        body=NewLog,
        body_example=examples.NEW_LOG,
        headers=REPEATS,
        errors=PUSHED,
    ),
    Operation(
        method="POST",
        path="/v1/logs/batch",
        id="push_batch",
        summary="Push many logs, all or none",
        tag="Logs",
        access=Access.KEY,
        status=201,
        answer=answers.Batch,
        answer_example={"accepted": 1, "ids": [examples.LOG_ID]},
        body_types={
            JSON: {"type": "array", "items": {"$ref": "#/components/schemas/NewLog"}},
            NDJSON: ROWS,
        },
        body_example=[examples.NEW_LOG],
        headers=REPEATS,
        errors=PUSHED,
    ),
    Operation(
        method="POST",
        path="/v1/logs/import/har",
        id="import_har",
        summary="Push the entries of a HAR archive, all or none",
        tag="Logs",
        access=Access.KEY_OR_ADMIN,
        status=201,
        answer=answers.HarImport,
        answer_example={
            "accepted": 1,
            "ids": [examples.LOG_ID],
            "skipped": 0,
            "left_out": [],
        },
        query=har_batch.QUERY,
        body_types={JSON: examples.HAR_SCHEMA},
        body_example=examples.HAR,
        headers=REPEATS,
        errors=PUSHED,
    ),
    Operation(
        method="GET",
        path="/v1/logs",
        id="list_logs",
        summary="Logs that the filters find, newest first",
        tag="Logs",
        answer=answers.ListOf[answers.LogItem],
        query=LISTED,
    ),
    Operation(
        method="DELETE",
        path="/v1/logs",
        id="delete_logs",
        summary="Remove the logs that the filters find; at least one is required",
        tag="Logs",
        answer=answers.DeletedLogs,
        answer_example={
            "deleted": 2,
            "replays_deleted": 1,
            "dry_run": False,
            "complete": True,
            "next_cursor": None,
        },
        query=deleted(MAX_LIMIT),
    ),
    Operation(
        method="GET",
        path="/v1/logs/stream",
        id="follow_logs",
        summary="The live tail, as Server-Sent Events",
        tag="Logs",
        answer_type="text/event-stream",
        query=FILTERS,
        headers=("Last-Event-ID",),
        errors=(429,),
        answered=(
            "Events `log` (an item of the list), `ping`, and `gap`: `missed` is how "
            "many logs were stored meanwhile, whatever the filters; `cursor` leads to "
            "those that the list finds."
        ),
    ),
    Operation(
        method="GET",
        path="/v1/logs.har",
        id="export_har",
        summary="All logs that the filters find, as a HAR archive",
        tag="Export",
        answer_type=JSON,
        query=EXPORTED,
    ),
    Operation(
        method="GET",
        path="/v1/logs.ndjson",
        id="export_lines",
        summary="All logs that the filters find, a detail a line",
        tag="Export",
        answer_type=NDJSON,
        query=EXPORTED,
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}",
        id="get_log",
        summary="All of one log",
        tag="Logs",
        answer=answers.LogDetail,
        answer_example=examples.LOG,
        errors=(404,),
    ),
    Operation(
        method="PATCH",
        path="/v1/logs/{log_id}",
        id="change_log",
        summary="Pin, tag or annotate a log; null clears, what is absent stays",
        tag="Logs",
        answer=answers.LogDetail,
        answer_example=examples.LOG,
        body=LogChanges,
        body_example={"pinned": True, "note": "The first one that failed."},
        errors=(404, *GIVEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/logs/{log_id}",
        id="delete_log",
        summary="Remove a log with its bodies, messages and replays",
        tag="Logs",
        status=204,
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}/curl",
        id="get_log_as_curl",
        summary="The recorded request as a command for a shell",
        tag="Export",
        answer_type="text/plain",
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}/har",
        id="get_log_as_har",
        summary="One log as a HAR archive",
        tag="Export",
        answer_type=JSON,
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}/messages",
        id="list_messages",
        summary="The messages of a WebSocket or events of a stream, as they passed",
        tag="Logs",
        answer=answers.ListOf[answers.Message],
        query=PAGE,
        errors=(404,),
    ),
    Operation(
        method="POST",
        path="/v1/logs/{log_id}/replay",
        id="replay_log",
        summary="Send the recorded request again, changed if wanted, and compare",
        tag="Replay",
        access=Access.KEY_OR_ADMIN,
        status=201,
        answer=answers.Replay,
        body=NewReplay,
        body_is_optional=True,
        body_example={"override_headers": {"X-Debug": "1"}},
        errors=(404, 409, 429, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}/replays",
        id="list_replays",
        summary="The replays of a log, newest first",
        tag="Replay",
        answer=answers.ListOf[answers.Replay],
        query=PAGE,
        errors=(404,),
    ),
]
METRICS = [
    Operation(
        method="GET",
        path="/v1/metrics",
        id="get_metrics",
        summary="Totals, rates and latencies",
        tag="Metrics",
        answer=answers.Totals,
        answer_example=examples.TOTALS,
        query=MEASURED,
    ),
    Operation(
        method="GET",
        path="/v1/metrics/timeseries",
        id="get_timeseries",
        summary="The same in buckets of one width",
        tag="Metrics",
        answer=answers.Timeseries,
        query=MEASURED,
    ),
    Operation(
        method="GET",
        path="/v1/metrics/endpoints",
        id="get_endpoints",
        summary="The same by method and endpoint",
        tag="Metrics",
        answer=answers.Endpoints,
        query=MEASURED,
    ),
]
ALERTS = [
    Operation(
        method="POST",
        path="/v1/alerts",
        id="create_alert",
        summary="Make a rule; it runs on every log from now on",
        tag="Alerts",
        status=201,
        answer=answers.Alert,
        body=NewAlert,
        body_example=examples.NEW_ALERT,
        errors=(404, 409, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/alerts",
        id="list_alerts",
        summary="Rules, newest first",
        tag="Alerts",
        answer=answers.ListOf[answers.Alert],
        query=PAGE_OF_A_SERVICE,
    ),
    Operation(
        method="GET",
        path="/v1/alerts/{alert_id}",
        id="get_alert",
        summary="One rule",
        tag="Alerts",
        answer=answers.Alert,
        errors=(404,),
    ),
    Operation(
        method="PATCH",
        path="/v1/alerts/{alert_id}",
        id="change_alert",
        summary="Change a rule; one that broke runs again",
        tag="Alerts",
        answer=answers.Alert,
        body=AlertChanges,
        body_example={"condition_value": "1500"},
        errors=(404, *GIVEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/alerts/{alert_id}",
        id="delete_alert",
        summary="Delete a rule and its events",
        tag="Alerts",
        status=204,
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/alerts/{alert_id}/events",
        id="list_alert_events",
        summary="What a rule found, newest first",
        tag="Alerts",
        answer=answers.ListOf[answers.AlertEvent],
        query=PAGE,
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/alerts/{alert_id}/deliveries",
        id="list_alert_deliveries",
        summary="Who was told of a rule's events, newest first",
        tag="Alerts",
        answer=answers.ListOf[answers.Delivery],
        query=PAGE,
        errors=(404,),
    ),
]
CHANNELS = [
    Operation(
        method="POST",
        path="/v1/channels",
        id="create_channel",
        summary="Make a channel; the secret of a webhook is shown this once",
        tag="Channels",
        status=201,
        answer=answers.MadeChannel,
        body=NewChannel,
        body_example=examples.NEW_CHANNEL,
        errors=(404, 409, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/channels",
        id="list_channels",
        summary="Channels, newest first",
        tag="Channels",
        answer=answers.ListOf[answers.Channel],
        query=PAGE_OF_A_SERVICE,
    ),
    Operation(
        method="GET",
        path="/v1/channels/{channel_id}",
        id="get_channel",
        summary="One channel",
        tag="Channels",
        answer=answers.Channel,
        errors=(404,),
    ),
    Operation(
        method="PATCH",
        path="/v1/channels/{channel_id}",
        id="change_channel",
        summary="Change a channel; an absent field stays",
        tag="Channels",
        answer=answers.Channel,
        body=ChannelChanges,
        body_example={"is_active": False},
        errors=(404, *GIVEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/channels/{channel_id}",
        id="delete_channel",
        summary="Delete a channel and its deliveries",
        tag="Channels",
        status=204,
        errors=(404,),
    ),
    Operation(
        method="POST",
        path="/v1/channels/{channel_id}/test",
        id="test_channel",
        summary="Send a message that says it is a test; what became of it",
        tag="Channels",
        answer=answers.Delivery,
        body_types={JSON: {"type": "object", "maxProperties": 0}},
        body_is_optional=True,
        body_example={},
        errors=(404, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/channels/{channel_id}/deliveries",
        id="list_channel_deliveries",
        summary="What a channel was told, newest first",
        tag="Channels",
        answer=answers.ListOf[answers.Delivery],
        query=PAGE,
        errors=(404,),
    ),
]


def _health(path: str, id: str) -> Operation:
    return Operation(
        method="GET",
        path=path,
        id=id,
        summary="200 while the process lives",
        tag="Operations",
        access=Access.NOTHING,
        answer=answers.Health,
        answer_example={"status": "ok", "database": "ok"},
    )


OPERATIONS = [
    Operation(
        method="GET",
        path="/v1/ledger",
        id="get_ledger",
        summary="What became of every exchange that ended",
        tag="Operations",
        answer=answers.Ledger,
        answer_example=examples.LEDGER,
    ),
    Operation(
        method="POST",
        path="/v1/ledger/write-off",
        id="write_off_ledger",
        summary="Close a ledger that stays open: count what is missing as written off",
        tag="Operations",
        answer=answers.Ledger,
        answer_example=examples.LEDGER,
        body_types={JSON: {"type": "object", "maxProperties": 0}},
        body_is_optional=True,
        body_example={},
        errors=GIVEN,
    ),
    _health("/health", "get_health"),
    _health("/healthz", "get_healthz"),
    _health("/livez", "get_livez"),
    Operation(
        method="GET",
        path="/readyz",
        id="get_readiness",
        summary="503 until migrated and routed, and while draining",
        tag="Operations",
        access=Access.NOTHING,
        answer=answers.Readiness,
        answer_example={"status": "ready"},
        also=(503,),
    ),
    Operation(
        method="GET",
        path="/metrics",
        id="get_counters",
        summary="What the appliance counts, in Prometheus' text format",
        tag="Operations",
        answer_type="text/plain",
    ),
]
ALL = [*SERVICES, *LOGS, *METRICS, *ALERTS, *CHANNELS, *TOKENS, *OPERATIONS]
