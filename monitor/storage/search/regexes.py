"""Regular expressions of queries: which PostgreSQL does not take, and why."""

import asyncpg

from monitor.errors import InvalidInput
from monitor.logs.parameter import problem_error
from monitor.search.problem import Kind, QueryProblem
from monitor.search.tree import Query, Regex, regexes_in
from monitor.storage.search.bounded import within


async def check(connection: asyncpg.Connection, query: Query, timeout_ms: int) -> None:
    """Raises InvalidInput with the place of the first that is none."""
    for regex in regexes_in(query.tree):
        try:
            await within(connection, timeout_ms, "SELECT '' ~ $1", [regex.source])
        except asyncpg.InvalidRegularExpressionError as error:
            reason = str(error).removeprefix("invalid regular expression: ")
            raise _refused(regex, reason) from None
        except asyncpg.QueryCanceledError:
            raise _refused(regex, "it takes too long to read") from None


def _refused(regex: Regex, reason: str) -> InvalidInput:
    problem = QueryProblem(
        f"PostgreSQL does not take the regular expression: {reason}",
        regex.span,
        kind=Kind.BAD_REGEX,
    )
    return InvalidInput(
        "the query is not valid", errors=[problem_error("query", problem)]
    )
