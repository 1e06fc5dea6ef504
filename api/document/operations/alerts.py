"""Alert rules: operations of /openapi.json."""

from api.document import examples
from api.document.answers.alerts import Alert, AlertEvent, AlertPreview
from api.document.answers.channels import Delivery
from api.document.answers.shown import ListOf
from api.document.operation import GIVEN, Operation
from api.input.alert_schemas import AlertChanges, NewAlert, PreviewedAlert
from api.input.read import PAGE, PAGE_OF_A_SERVICE

ALERTS = (
    Operation(
        method="POST",
        path="/v1/alerts",
        id="create_alert",
        summary="Make a rule; it runs on every log from now on",
        tag="Alerts",
        status=201,
        answer=Alert,
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
        answer=ListOf[Alert],
        query=PAGE_OF_A_SERVICE,
    ),
    Operation(
        method="POST",
        path="/v1/alerts/preview",
        id="preview_alert",
        summary="What a rule would have measured, and how often it would have fired",
        tag="Alerts",
        answer=AlertPreview,
        body=PreviewedAlert,
        body_example=examples.PREVIEWED_ALERT,
        errors=(404, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/alerts/{alert_id}",
        id="get_alert",
        summary="One rule",
        tag="Alerts",
        answer=Alert,
        errors=(404,),
    ),
    Operation(
        method="PATCH",
        path="/v1/alerts/{alert_id}",
        id="change_alert",
        summary="Change a rule; one that broke runs again",
        tag="Alerts",
        answer=Alert,
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
        answer=ListOf[AlertEvent],
        query=PAGE,
        errors=(404,),
    ),
    Operation(
        method="GET",
        path="/v1/alerts/{alert_id}/deliveries",
        id="list_alert_deliveries",
        summary="Who was told of a rule's events, newest first",
        tag="Alerts",
        answer=ListOf[Delivery],
        query=PAGE,
        errors=(404,),
    ),
)
