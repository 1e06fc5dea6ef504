"""Logs, pushed, listed, followed and changed: operations of /openapi.json."""

from api.document import examples
from api.document.answers.logs import (
    Batch,
    DeletedLogs,
    HarImport,
    LogDetail,
    Logs,
    Message,
)
from api.document.answers.shown import ListOf
from api.document.operation import GIVEN, JSON, NDJSON, PUSHED, Access, Operation
from api.ingest import har_batch
from api.input.log_schemas import LogChanges, NewLog
from api.input.read import PAGE
from monitor.logs.filter import FILTERS
from monitor.logs.query import DELETED, LISTED

REPEATS = ("Idempotency-Key",)
ROWS = {"type": "string", "description": "A log a line."}

LOGS = (
    Operation(
        method="POST",
        path="/v1/logs",
        id="push_log",
        summary="Push a log; answered once it is committed and its rules have run",
        tag="Logs",
        access=Access.KEY,
        status=201,
        answer=LogDetail,
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
        answer=Batch,
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
        answer=HarImport,
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
        answer=Logs,
        query=LISTED,
    ),
    Operation(
        method="DELETE",
        path="/v1/logs",
        id="delete_logs",
        summary="Remove the logs that the filters find; at least one is required",
        tag="Logs",
        answer=DeletedLogs,
        answer_example={
            "deleted": 2,
            "replays_deleted": 1,
            "dry_run": False,
            "complete": True,
            "next_cursor": None,
        },
        query=DELETED,
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
        path="/v1/logs/{log_id}",
        id="get_log",
        summary="All of one log",
        tag="Logs",
        answer=LogDetail,
        answer_example=examples.LOG,
        errors=(404,),
    ),
    Operation(
        method="PATCH",
        path="/v1/logs/{log_id}",
        id="change_log",
        summary="Pin, tag or annotate a log; null clears, what is absent stays",
        tag="Logs",
        answer=LogDetail,
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
        path="/v1/logs/{log_id}/messages",
        id="list_messages",
        summary="The messages of a WebSocket or events of a stream, as they passed",
        tag="Logs",
        answer=ListOf[Message],
        query=PAGE,
        errors=(404,),
    ),
)
