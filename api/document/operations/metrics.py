"""Metrics: operations of /openapi.json."""

from api.document import examples
from api.document.answers.metrics import (
    EndpointList,
    Endpoints,
    HeatMap,
    Timeseries,
    Totals,
)
from api.document.operation import Operation
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
)
