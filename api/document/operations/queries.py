"""The query language: operations of /openapi.json."""

from api.document.answers.queries import Facets, QueryFields, QueryValues, Timeline
from api.document.operation import Operation
from monitor.logs.filter import FILTERS
from monitor.logs.query import TIMELINE, VALUES

QUERIES = (
    Operation(
        method="GET",
        path="/v1/query/fields",
        id="list_query_fields",
        summary="Fields of the query language, as the parser has them",
        tag="Logs",
        answer=QueryFields,
    ),
    Operation(
        method="GET",
        path="/v1/query/values",
        id="list_query_values",
        summary="The most frequent values of a field, for completion",
        tag="Logs",
        answer=QueryValues,
        query=VALUES,
    ),
    Operation(
        method="GET",
        path="/v1/logs/facets",
        id="count_facets",
        summary="How many logs are found, by service, method, status and so on",
        tag="Logs",
        answer=Facets,
        query=FILTERS,
    ),
    Operation(
        method="GET",
        path="/v1/logs/timeline",
        id="count_timeline",
        summary="How many are found over time, in buckets of one width",
        tag="Logs",
        answer=Timeline,
        query=TIMELINE,
    ),
)
