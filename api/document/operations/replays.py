"""Replays of logs: operations of /openapi.json."""

from api.document import examples
from api.document.answers.replays import (
    Replay,
    RequestSeries,
    SentRequest,
    Series,
)
from api.document.answers.shown import ListOf
from api.document.operation import GIVEN, Access, Operation
from api.input.read import PAGE
from api.input.replay_schemas import (
    NewReplay,
    NewRequest,
    NewRequestSeries,
    NewSeries,
)

REPLAYS = (
    Operation(
        method="POST",
        path="/v1/logs/{log_id}/replay",
        id="replay_log",
        summary="Send the recorded request again, changed if wanted, and compare",
        tag="Replay",
        access=Access.KEY_OR_ADMIN,
        status=201,
        answer=Replay,
        body=NewReplay,
        body_is_optional=True,
        body_example={"override_headers": {"X-Debug": "1"}},
        errors=(404, 409, 429, *GIVEN),
    ),
    Operation(
        method="POST",
        path="/v1/logs/{log_id}/replay/series",
        id="replay_log_often",
        summary="Send the recorded request many times, and see how answers spread",
        tag="Replay",
        access=Access.KEY_OR_ADMIN,
        status=201,
        answer=Series,
        body=NewSeries,
        body_example={"count": 20, "concurrency": 4},
        errors=(404, 409, *GIVEN),
    ),
    Operation(
        method="POST",
        path="/v1/requests",
        id="send_request",
        summary="Send a request from scratch to a registered service, and log it",
        tag="Replay",
        access=Access.KEY_OR_ADMIN,
        status=201,
        answer=SentRequest,
        body=NewRequest,
        body_example={
            "service_id": examples.SERVICE_ID,
            "method": "POST",
            "url": "/charge?dry=1",
            "headers": {"Content-Type": "application/json"},
            "body": '{"amount": 100}',
        },
        errors=(404, 409, 429, *GIVEN),
    ),
    Operation(
        method="POST",
        path="/v1/requests/series",
        id="send_request_often",
        summary="Send a request from scratch many times, and see how answers spread",
        tag="Replay",
        access=Access.KEY_OR_ADMIN,
        status=201,
        answer=RequestSeries,
        body=NewRequestSeries,
        body_example={
            "service_id": examples.SERVICE_ID,
            "url": "/charge?dry=1",
            "count": 20,
            "concurrency": 4,
        },
        errors=(404, 409, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/logs/{log_id}/replays",
        id="list_replays",
        summary="The replays of a log, newest first",
        tag="Replay",
        answer=ListOf[Replay],
        query=PAGE,
        errors=(404,),
    ),
)
