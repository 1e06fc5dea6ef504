"""GraphQL over HTTP: the query and its variables, apart."""

import re
from typing import Any, Final, NamedTuple

LOOK: Final = re.compile(
    r"\s*(?:#[^\n]*\n\s*)*(?:query|mutation|subscription|fragment|\{)\b|\s*\{"
)
MAX_OPERATIONS: Final = 50


class GraphQlOperation(NamedTuple):
    name: str | None
    query: str
    variables: Any


def operations_of(value: Any) -> list[GraphQlOperation]:
    """Of a request's JSON, one or a batch of them; none where it is no GraphQL."""
    given = value if isinstance(value, list) else [value]
    if not given or len(given) > MAX_OPERATIONS:
        return []
    found = [_operation(one) for one in given]
    return [one for one in found if one is not None] if all(found) else []


def _operation(value: Any) -> GraphQlOperation | None:
    if not isinstance(value, dict):
        return None
    query = value.get("query")
    if not isinstance(query, str) or LOOK.match(query) is None:
        return None
    name = value.get("operationName")
    return GraphQlOperation(
        name if isinstance(name, str) else None, query, value.get("variables")
    )
