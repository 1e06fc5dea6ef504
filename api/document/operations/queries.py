"""The query language: operations of /openapi.json."""

from api.document.answers.queries import QueryFields, QueryValues
from api.document.operation import Operation
from monitor.logs.query import VALUES

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
)
