"""Regular expressions of queries: which PostgreSQL does not take, and why."""

import time

import asyncpg

from monitor.errors import InvalidInput, TooSlow
from monitor.logs.parameter import problem_error
from monitor.search.problem import Kind, QueryProblem
from monitor.search.tree import Query, Regex, regexes_in
from monitor.storage.search.bounded import within


async def check(connection: asyncpg.Connection, query: Query, timeout_ms: int) -> None:
    """Raises InvalidInput with the place of the first that is none.

    All of them are read in *timeout_ms*, else it raises Unavailable.
    """
    deadline = time.monotonic() + timeout_ms / 1000
    for regex in regexes_in(query.tree):
        left_ms = int((deadline - time.monotonic()) * 1000)
        try:
            await within(connection, left_ms, "SELECT '' ~ $1", [regex.source])
        except asyncpg.InvalidRegularExpressionError as error:
            reason = str(error).removeprefix("invalid regular expression: ")
            raise _refused(regex, reason) from None
        except asyncpg.QueryCanceledError:
            reason = "reading the regular expressions takes too long"
            raise TooSlow(reason, retry_after_s=1) from None


def _refused(regex: Regex, reason: str) -> InvalidInput:
    problem = QueryProblem(
        f"PostgreSQL does not take the regular expression: {reason}",
        regex.span,
        kind=Kind.BAD_REGEX,
    )
    return InvalidInput(
        "the query is not valid", errors=[problem_error("query", problem)]
    )
