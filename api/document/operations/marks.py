"""Deploy marks: operations of /openapi.json."""

from api.document.answers.metrics import Mark
from api.document.answers.shown import ListOf
from api.document.operation import GIVEN, Access, Operation
from api.input.watching.mark_schemas import MARKS as ASKED
from api.input.watching.mark_schemas import NewMark

MARKS = (
    Operation(
        method="POST",
        path="/v1/marks",
        id="create_mark",
        summary="Mark a moment, such as a deploy, on every chart",
        tag="Metrics",
        access=Access.KEY_OR_ADMIN,
        status=201,
        answer=Mark,
        body=NewMark,
        body_example={"text": "deploy 4.2.0", "service": "payments-api"},
        errors=(404, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/marks",
        id="list_marks",
        summary="Deploy marks, newest first",
        tag="Metrics",
        answer=ListOf[Mark],
        query=ASKED,
    ),
    Operation(
        method="DELETE",
        path="/v1/marks/{mark_id}",
        id="delete_mark",
        summary="Remove a mark",
        tag="Metrics",
        status=204,
        errors=(404,),
    ),
)
