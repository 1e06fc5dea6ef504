"""Saved views: operations of /openapi.json."""

from api.document.answers.shown import ListOf
from api.document.answers.watching.views import View
from api.document.operation import GIVEN, Operation
from api.input.read import PAGE
from api.input.watching.view_schemas import NewView, ViewChanges

NEW_VIEW = {
    "name": "Failed payments",
    "filters": {"query": "service:payments status:5xx"},
    "range": "24h",
}

VIEWS = (
    Operation(
        method="POST",
        path="/v1/views",
        id="create_view",
        summary="Save a view of the list of logs, for all who use it",
        tag="Views",
        status=201,
        answer=View,
        body=NewView,
        body_example=NEW_VIEW,
        errors=(409, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/views",
        id="list_views",
        summary="Saved views, by name",
        tag="Views",
        answer=ListOf[View],
        query=PAGE,
    ),
    Operation(
        method="GET",
        path="/v1/views/{view_id}",
        id="get_view",
        summary="A saved view",
        tag="Views",
        answer=View,
        errors=(404,),
    ),
    Operation(
        method="PATCH",
        path="/v1/views/{view_id}",
        id="change_view",
        summary="Change a saved view: what is absent stays, null clears",
        tag="Views",
        answer=View,
        body=ViewChanges,
        body_example={"name": "Payments that failed"},
        errors=(404, 409, *GIVEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/views/{view_id}",
        id="delete_view",
        summary="Remove a saved view; no log goes",
        tag="Views",
        status=204,
        errors=(404,),
    ),
)
