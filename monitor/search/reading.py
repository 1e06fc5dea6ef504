"""Reading of queries, within bounds; those that are refused are counted."""

from collections.abc import Callable
from datetime import UTC, datetime

from monitor.search.parser import Bounds, parse
from monitor.search.problem import QueryProblem
from monitor.search.tree import Query


class QueryReader:
    """*count* is told the kind of what a query is refused for."""

    def __init__(self, bounds: Bounds, *, count: Callable[[str], object]) -> None:
        self._bounds = bounds
        self._count = count

    def read(self, text: str) -> Query:
        """Raises QueryProblem."""
        try:
            return parse(text, self._bounds, now=datetime.now(UTC))
        except QueryProblem as problem:
            self._count(problem.kind.value)
            raise
