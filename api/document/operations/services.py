"""Services and their keys: operations of /openapi.json."""

from api.document import examples
from api.document.answers.services import Key, MadeKey, Service
from api.document.answers.shown import ListOf
from api.document.operation import GIVEN, Operation
from api.input.key_schemas import NewKey
from api.input.read import PAGE
from api.input.service_schemas import NewService, ServiceChanges

SERVICES = (
    Operation(
        method="POST",
        path="/v1/services",
        id="create_service",
        summary="Register a service",
        tag="Services",
        status=201,
        answer=Service,
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
        answer=ListOf[Service],
        query=PAGE,
    ),
    Operation(
        method="GET",
        path="/v1/services/{service_id}",
        id="get_service",
        summary="One service",
        tag="Services",
        answer=Service,
        answer_example=examples.SERVICE,
        errors=(404,),
    ),
    Operation(
        method="PATCH",
        path="/v1/services/{service_id}",
        id="change_service",
        summary="Change a service; null clears a field, an absent one stays",
        tag="Services",
        answer=Service,
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
        answer=MadeKey,
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
        answer=ListOf[Key],
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
)
