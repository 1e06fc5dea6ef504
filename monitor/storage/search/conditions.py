"""Conditions: a filter as a WHERE, by way of the tree that a query becomes."""

from datetime import timedelta
from uuid import UUID

from monitor.logs.asked import parts_of
from monitor.logs.filter import LogFilter
from monitor.search.tree import Amount, Compare, Node, OfService
from monitor.storage.search.clauses import clause
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import timestamp_of

MILLISECOND = timedelta(milliseconds=1)


def of(filter: LogFilter) -> Conditions:
    """What *filter* asks of a row of logs AS l, and of what it sees beside it."""
    return of_all(parts_of(filter))


def of_all(parts: tuple[Node, ...]) -> Conditions:
    made = Conditions()
    made.clauses += [clause(part, made) for part in parts]
    return made


def window_of(filter: LogFilter) -> Conditions:
    """What of that an index answers: whose they are, and when they were."""
    return of_all(tuple(part for part in parts_of(filter) if _is_of_window(part)))


def _is_of_window(part: Node) -> bool:
    if isinstance(part, Compare):
        return part.amount is Amount.TIME
    return isinstance(part, OfService)


def older_than(made: Conditions, id: UUID) -> None:
    """Ids carry their time, so the partitions of later days are left out."""
    made.add("l.id < {}", id)
    made.bound("< {}", timestamp_of(id) + MILLISECOND)


def newer_than(made: Conditions, id: UUID) -> None:
    made.add("l.id > {}", id)
    made.bound(">= {}", timestamp_of(id))
