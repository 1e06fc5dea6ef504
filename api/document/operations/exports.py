"""Exports of logs: operations of /openapi.json."""

from api.document.operation import JSON, NDJSON, Operation
from monitor.logs.query import EXPORTED

OCTETS = "application/octet-stream"

EXPORTS = (
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
        path="/v1/logs/{log_id}/curl",
        id="get_log_as_curl",
        summary="The recorded request as a command for a shell",
        tag="Export",
        answer_type="text/plain",
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}/httpie",
        id="get_log_as_httpie",
        summary="The recorded request as a command for a shell, with HTTPie",
        tag="Export",
        answer_type="text/plain",
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}/httpx",
        id="get_log_as_httpx",
        summary="The recorded request as Python, with httpx",
        tag="Export",
        answer_type="text/plain",
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}/fetch",
        id="get_log_as_fetch",
        summary="The recorded request as JavaScript, with fetch",
        tag="Export",
        answer_type="text/plain",
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}/request_body",
        id="get_request_body",
        summary="The request's body, decoded, as a file of octets",
        tag="Export",
        answer_type=OCTETS,
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}/response_body",
        id="get_response_body",
        summary="The response's body, decoded, as a file of octets",
        tag="Export",
        answer_type=OCTETS,
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
)
