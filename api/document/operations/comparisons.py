"""Logs compared, and what is ignored there: operations of /openapi.json."""

from api.document import examples
from api.document.answers.comparisons import ComparedLogs, ComparisonRule
from api.document.answers.shown import ListOf
from api.document.operation import GIVEN, Operation
from api.input.read import PAGE_OF_A_SERVICE
from api.input.replay_schemas import COMPARED, NewComparisonRule

COMPARISONS = (
    Operation(
        method="GET",
        path="/v1/compare",
        id="compare_logs",
        summary="What differs between two logs, or from the last that went well",
        tag="Comparisons",
        answer=ComparedLogs,
        query=COMPARED,
        errors=(404,),
    ),
    Operation(
        method="POST",
        path="/v1/compare/rules",
        id="put_comparison_rule",
        summary="Ignore a difference from now on, or have it count again",
        tag="Comparisons",
        status=201,
        answer=ComparisonRule,
        body=NewComparisonRule,
        body_example={
            "service_id": examples.SERVICE_ID,
            "endpoint": "/orders/{id}",
            "part": "body",
            "path": "$.items[*].etag",
            "ignore": True,
        },
        errors=(404, 409, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/compare/rules",
        id="list_comparison_rules",
        summary="Rules of what comparisons ignore, newest first",
        tag="Comparisons",
        answer=ListOf[ComparisonRule],
        query=PAGE_OF_A_SERVICE,
    ),
    Operation(
        method="DELETE",
        path="/v1/compare/rules/{rule_id}",
        id="remove_comparison_rule",
        summary="Remove a rule: what is known of the place holds again",
        tag="Comparisons",
        status=204,
        errors=(404,),
    ),
)
