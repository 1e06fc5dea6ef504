"""Metrics: operations of /openapi.json."""

from api.document import examples
from api.document.answers.metrics import (
    EndpointList,
    Endpoints,
    HeatMap,
    Template,
    TemplateChange,
    TemplateHistory,
    Timeseries,
    Totals,
)
from api.document.answers.shown import ListOf
from api.document.operation import GIVEN, Operation
from api.input.read import PAGE
from api.input.service_schemas import NewTemplates
from monitor.logs.endpoints import ENDPOINTS
from monitor.logs.query import MEASURED

METRICS = (
    Operation(
        method="GET",
        path="/v1/metrics",
        id="get_metrics",
        summary="Totals, rates and latencies",
        tag="Metrics",
        answer=Totals,
        answer_example=examples.TOTALS,
        query=MEASURED,
    ),
    Operation(
        method="GET",
        path="/v1/metrics/timeseries",
        id="get_timeseries",
        summary="The same in buckets of one width",
        tag="Metrics",
        answer=Timeseries,
        query=MEASURED,
    ),
    Operation(
        method="GET",
        path="/v1/metrics/endpoints",
        id="get_endpoints",
        summary="The same by method and endpoint",
        tag="Metrics",
        answer=Endpoints,
        query=MEASURED,
    ),
    Operation(
        method="GET",
        path="/v1/metrics/heatmap",
        id="get_heatmap",
        summary="How many took how long, in buckets of one width",
        tag="Metrics",
        answer=HeatMap,
        query=MEASURED,
    ),
    Operation(
        method="GET",
        path="/v1/endpoints",
        id="list_endpoints",
        summary="Endpoints: counts, latencies, Apdex, first and last seen",
        tag="Endpoints",
        answer=EndpointList,
        query=ENDPOINTS,
    ),
    Operation(
        method="GET",
        path="/v1/services/{service_id}/endpoints",
        id="list_templates",
        summary="Templates of a service: set by hand, then learned",
        tag="Endpoints",
        answer=ListOf[Template],
        query=PAGE,
        errors=(404,),
    ),
    Operation(
        method="POST",
        path="/v1/services/{service_id}/endpoints",
        id="set_templates",
        summary="Set templates by hand; stored logs are named anew in the background",
        tag="Endpoints",
        status=201,
        answer=TemplateChange,
        body=NewTemplates,
        body_example={"templates": ["/products/{name}", "/static/*"]},
        errors=(404, 409, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/services/{service_id}/endpoints/changes",
        id="list_template_changes",
        summary="What was set by hand, and undone, the latest first",
        tag="Endpoints",
        answer=TemplateHistory,
        query=PAGE,
        errors=(404,),
    ),
    Operation(
        method="POST",
        path="/v1/services/{service_id}/endpoints/changes/{change_id}/undo",
        id="undo_template_change",
        summary="Undo a change; logs are named as if it had not been",
        tag="Endpoints",
        answer=TemplateChange,
        errors=(404, 409),
    ),
)
