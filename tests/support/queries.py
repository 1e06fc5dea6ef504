"""Queries as tests read them, within the bounds that hold by default."""

from datetime import UTC, datetime

from monitor.search.parser import Bounds, parse
from monitor.search.reading import QueryReader
from monitor.search.tree import Query

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
BOUNDS = Bounds(characters=2_000, terms=50, depth=10, regex_characters=200)
QUERIES = QueryReader(BOUNDS, count=lambda why: None)


def query(text: str, now: datetime = NOW) -> Query:
    return parse(text, BOUNDS, now=now)
