"""What is asked of many logs: a window of time, and what has to hold within it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.logs.asked import parts_of
from monitor.logs.filter import LogFilter
from monitor.search.tree import (
    Amount,
    And,
    Compare,
    Has,
    Holds,
    Is,
    Leaf,
    Node,
    Not,
    OfLog,
    OfService,
    Operator,
    Pieces,
    State,
    Text,
    leaves_of,
)
from monitor.storage.rollups.coverage import ALWAYS, NEVER
from monitor.storage.rollups.fold import WIDTHS
from monitor.storage.search import conditions
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import lowest_at

MICROSECOND, MILLISECOND = timedelta(microseconds=1), timedelta(milliseconds=1)
OF_SERVICE = (Text.SERVICE, Text.SOURCE)
OF_ENDPOINT = (Text.METHOD, Text.ENDPOINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """*parts* hold of what is dated from *since* on, before *until*."""

    since: datetime
    until: datetime
    parts: tuple[Node, ...]

    @property
    def is_nothing(self) -> bool:
        return self.since >= self.until

    @property
    def bounds(self) -> tuple[datetime | None, datetime | None]:
        """None where there is none."""
        return (
            None if self.since <= ALWAYS else self.since,
            None if self.until >= NEVER else self.until,
        )

    @property
    def are_errors(self) -> bool | None:
        """Whether errors are asked for, or all others, or both."""
        kinds = self._kinds - {None}
        return kinds.pop() if len(kinds) == 1 else None

    @property
    def rolled_up(self) -> tuple[Node, ...]:
        """The parts that rollups are to know: of errors they have the number."""
        if self.are_errors is None:
            return self.parts
        return tuple(part for part in self.parts if _are_errors(part) is None)

    @property
    def _kinds(self) -> set[bool | None]:
        return set(map(_are_errors, self.parts))

    @property
    def is_indexed(self) -> bool:
        """Whether there is an index of what may be rare."""
        return any(map(_is_indexed, self.parts))

    @property
    def table(self) -> str | None:
        """The rollups that know all *parts*; None where none does."""
        leaves = [leaf for part in self.rolled_up for leaf in leaves_of(part)]
        if all(map(_is_of_service, leaves)):
            return "service_rollups"
        known = all(_is_of_service(leaf) or _is_of_endpoint(leaf) for leaf in leaves)
        return "endpoint_rollups" if known else None

    @property
    def shortest(self) -> timedelta:
        """The width that rollups have of it at least, or any."""
        table = self.table
        return timedelta(seconds=WIDTHS[table][0] if table else 1)

    def where(self) -> Conditions:
        """All of it, of a row of logs AS l."""
        made = conditions.of_all(self.parts)
        self._bound(made)
        return made

    def window(self) -> Conditions:
        """What of that an index answers: whose they are, and when they were."""
        made = conditions.of_all(
            tuple(part for part in self.parts if isinstance(part, OfService))
        )
        self._bound(made)
        return made

    def _bound(self, made: Conditions) -> None:
        """By the time, and along the indexes by id, which carry it."""
        since, until = self.bounds
        made.bound(">= {}", since)
        made.add("l.id >= {}", since and lowest_at(since))
        made.bound("< {}", until)
        made.add("l.id < {}", until and lowest_at(until + MILLISECOND))


def asked_by(filter: LogFilter) -> Asked:
    return asked_of_parts(parts_of(filter))


def asked_of_parts(parts: Iterable[Node]) -> Asked:
    """*parts*: all of which have to hold."""
    since, until, others = ALWAYS, NEVER, list[Node]()
    for part in _flat(parts):
        if not isinstance(part, Compare) or part.amount is not Amount.TIME:
            others.append(part)
            continue
        first, last = _span(part)
        since, until = max(since, first), min(until, last)
    return Asked(since=since, until=max(until, ALWAYS), parts=tuple(others))


def _flat(parts: Iterable[Node]) -> Iterator[Node]:
    for part in parts:
        if isinstance(part, And):
            yield from _flat(part.parts)
        else:
            yield part


def _span(part: Compare) -> tuple[datetime, datetime]:
    assert isinstance(part.value, datetime)
    moment = min(max(part.value, ALWAYS), NEVER)
    match part.operator:
        case Operator.AT_LEAST:
            return moment, NEVER
        case Operator.MORE:
            return moment + MICROSECOND, NEVER
        case Operator.LESS:
            return ALWAYS, moment
        case Operator.AT_MOST:
            return ALWAYS, moment + MICROSECOND
        case Operator.EQUAL:
            return moment, moment + MICROSECOND


def _are_errors(part: Node) -> bool | None:
    match part:
        case Is(State.ERROR):
            return True
        case Not(Is(State.ERROR)):
            return False
        case _:
            return None


def _is_indexed(part: Node) -> bool:
    match part:
        case Holds(Text.TAG, Pieces() as pattern):
            return pattern.is_whole
        case Is(state):
            return state in (State.ERROR, State.PINNED)
        case _:
            return isinstance(part, OfLog)


def _is_of_service(leaf: Leaf) -> bool:
    if isinstance(leaf, Holds):
        return leaf.place in OF_SERVICE
    return isinstance(leaf, OfService)


def _is_of_endpoint(leaf: Leaf) -> bool:
    match leaf:
        case Holds(place):
            return place in OF_ENDPOINT
        case Compare(Amount.STATUS) | Has(Amount.STATUS):
            return True
        case Has(place):
            return place in OF_ENDPOINT
        case _:
            return False
