"""Conditions: a filter as a WHERE."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from monitor.logs.filter import LogFilter
from monitor.storage.logs import text
from monitor.storage.logs.columns import BODIES, HEADERS
from monitor.traffic.ids import bucket_of, timestamp_of

MILLISECOND = timedelta(milliseconds=1)
# Logs of before there was the column have none: each is an endpoint of its own path.
ENDPOINT = "coalesce(l.endpoint, l.path)"


class Conditions:
    """Clauses and their arguments in $1..$n order."""

    def __init__(self) -> None:
        self.clauses: list[str] = []
        self.arguments: list[object] = []

    def add(self, clause: str, value: object) -> None:
        """*clause* with {} for the value's place; nothing where *value* is None."""
        if value is None:
            return
        self.arguments.append(value)
        self.clauses.append(clause.format(f"${len(self.arguments)}"))

    def place(self, value: object) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    @property
    def where(self) -> str:
        return " AND ".join(["true", *self.clauses])


def of(filter: LogFilter) -> Conditions:
    """What *filter* asks of a row of logs AS l, and of what *joins* has beside it."""
    made = Conditions()
    if filter.id is not None:
        made.add("l.bucket = {}", bucket_of(filter.id))
        made.add("l.ts = {}", timestamp_of(filter.id))
        made.add("l.id = {}", filter.id)
    made.add("l.service_id = {}", filter.service_id)
    made.add("l.method = {}", filter.method and filter.method.upper())
    made.add("position({} IN l.path) > 0", filter.path)
    made.add(f"{ENDPOINT} = {{}}", filter.endpoint)
    made.add("l.status_code = {}", filter.status_code)
    made.add("l.latency_ms >= {}", filter.min_latency_ms)
    made.add("l.latency_ms <= {}", filter.max_latency_ms)
    made.add("l.tags @> ARRAY[{}]", filter.tag)
    made.add("l.source = {}", filter.source and filter.source.value)
    made.add("l.ts >= {}", filter.since)
    made.add("l.ts < {}", filter.until)
    if filter.status_class is not None:
        made.add("l.status_code >= {}", filter.status_class * 100)
        made.add("l.status_code < {}", filter.status_class * 100 + 100)
    _add_flags(made, filter)
    if filter.q:
        made.clauses.append(text.clause(filter.q, made.place))
    return made


def joins(filter: LogFilter) -> str:
    """What *filter* has to see beside the logs."""
    return f"{HEADERS} {BODIES}" if filter.q else ""


def older_than(made: Conditions, id: UUID) -> None:
    """Ids carry their time, so the partitions of later days are left out."""
    made.add("l.id < {}", id)
    made.add("l.ts < {}", timestamp_of(id) + MILLISECOND)


def newer_than(made: Conditions, id: UUID) -> None:
    made.add("l.id > {}", id)
    made.add("l.ts >= {}", timestamp_of(id))


def _add_flags(made: Conditions, filter: LogFilter) -> None:
    flags: list[tuple[bool | None, Callable[[bool], str]]] = [
        (filter.has_error, lambda on: f"l.error IS {'NOT ' if on else ''}NULL"),
        (
            filter.has_status,
            lambda on: f"l.status_code IS {'NOT ' if on else ''}NULL",
        ),
        (filter.is_error, lambda on: "l.is_error" if on else "NOT l.is_error"),
        (filter.pinned, lambda on: "l.pinned" if on else "NOT l.pinned"),
        (filter.is_replay, lambda on: f"l.source {'=' if on else '<>'} 'replay'"),
    ]
    made.clauses += [clause(value) for value, clause in flags if value is not None]
