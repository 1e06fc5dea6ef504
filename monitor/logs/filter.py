"""Filters of the log list, each declared once, and its pages.

A new filter is a field of LogFilter, what it asks for in monitor/logs/asked.py, and
an input in the form of web/templates/dashboard.html.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, get_type_hints
from uuid import UUID

from monitor.logs.cursor import decode_cursor
from monitor.logs.parameter import (
    FLAG,
    ID,
    MILLISECONDS,
    TIME,
    TIMES,
    Parameter,
    member_of,
    text,
    whole_number,
)
from monitor.search.tree import Query
from monitor.traffic.exchange import Source

MAX_LIMIT = 500
MAX_OFFSET = 100_000
EXACT_TOTAL = 10_000


def _status_class(text: str) -> int:
    if len(text) == 3 and text[0] in "12345" and text[1:].lower() == "xx":
        return int(text[0])
    raise ValueError("must be one of 1xx, 2xx, 3xx, 4xx, 5xx")


def _cursor(text: str) -> UUID:
    id = decode_cursor(text)
    if id is None:
        raise ValueError("is no cursor of this list")
    return id


STATUS_CLASS = Parameter(
    _status_class, {"type": "string", "enum": ["1xx", "2xx", "3xx", "4xx", "5xx"]}
)
CURSOR = Parameter(_cursor, {"type": "string"}).described(
    "`next_cursor` of another answer"
)
NEWER = FLAG.described("with `cursor`: the page just before it")
TEXT = text(1024)
# Its bounds are settings: monitor/logs/query.py has who reads it.
QUERY = text(8_000).described(
    "the query language, docs/query.md: `status:>=500 path:/v1/*`; up to "
    "QUERY_CHARACTERS"
)
SEARCHED = (
    "substring, in any case, of path, query, headers, decoded body, error, tags or "
    "note; or a log's id, or the URL of its page"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """All that is set is combined with AND; None does not filter."""

    id: UUID | None = None
    service_id: Annotated[UUID | None, ID] = None
    method: Annotated[str | None, text(32).described("any case")] = None
    path: Annotated[str | None, TEXT.described("substring, case-sensitive")] = None
    endpoint: Annotated[str | None, text(8192)] = None
    status_code: Annotated[int | None, whole_number(100, 999)] = None
    status_class: Annotated[int | None, STATUS_CLASS] = None
    has_status: Annotated[bool | None, FLAG] = None
    min_latency_ms: Annotated[float | None, MILLISECONDS.described("inclusive")] = None
    max_latency_ms: Annotated[float | None, MILLISECONDS.described("inclusive")] = None
    has_error: Annotated[bool | None, FLAG.described("`error` is set")] = None
    is_error: Annotated[bool | None, FLAG.described("as the metrics count errors")] = (
        None
    )
    tag: Annotated[str | None, text(128)] = None
    source: Annotated[Source | None, member_of(Source)] = None
    is_replay: Annotated[bool | None, FLAG] = None
    pinned: Annotated[bool | None, FLAG] = None
    since: Annotated[datetime | None, TIME.described(f"inclusive; {TIMES}")] = None
    until: Annotated[datetime | None, TIME.described(f"exclusive; {TIMES}")] = None
    q: Annotated[str | None, TEXT.described(SEARCHED)] = None
    query: Annotated[Query | None, QUERY] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, newest first: at *offset*, or after *cursor*.

    *newer* turns the direction: the page that ends just before *cursor*, still given
    newest first.
    """

    limit: Annotated[int, whole_number(1, MAX_LIMIT)] = 50
    offset: Annotated[int, whole_number(0, MAX_OFFSET)] = 0
    cursor: Annotated[UUID | None, CURSOR] = None
    newer: Annotated[bool, NEWER] = False


def _parameters(declared: type[LogFilter] | type[Page]) -> dict[str, Parameter]:
    """Of each field that has one, with its default."""
    hints = get_type_hints(declared, include_extras=True)
    defaults = {field.name: field.default for field in fields(declared)}
    return {
        name: parameter.by_default(defaults[name])
        for name, hint in hints.items()
        for parameter in getattr(hint, "__metadata__", ())
    }


FILTERS = _parameters(LogFilter)
PAGE = _parameters(Page)
