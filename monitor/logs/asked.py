"""What a filter asks for, in the terms of the query language."""

from monitor.logs.filter import LogFilter
from monitor.search.tree import (
    Amount,
    Anywhere,
    Compare,
    Has,
    Holds,
    Is,
    Node,
    Not,
    OfLog,
    OfService,
    Operator,
    State,
    Text,
    part_of,
    whole,
)
from monitor.traffic.exchange import Source

REPLAYED = Holds(Text.SOURCE, whole(Source.REPLAY.value, is_cased=True))


def parts_of(filter: LogFilter) -> tuple[Node, ...]:
    """All of which have to hold."""
    parts: list[Node] = []
    if filter.id is not None:
        parts.append(OfLog(filter.id))
    if filter.service_id is not None:
        parts.append(OfService((filter.service_id,)))
    parts += _texts(filter)
    parts += _amounts(filter)
    parts += _flags(filter)
    if filter.q:
        parts.append(Anywhere(part_of(filter.q)))
    if filter.query is not None:
        parts += filter.query.parts
    return tuple(parts)


def _texts(filter: LogFilter) -> list[Node]:
    asked = (
        (Text.METHOD, filter.method and filter.method.upper()),
        (Text.ENDPOINT, filter.endpoint),
        (Text.TAG, filter.tag),
        (Text.SOURCE, filter.source and filter.source.value),
    )
    found: list[Node] = [
        Holds(place, whole(text, is_cased=True))
        for place, text in asked
        if text is not None
    ]
    if filter.path is not None:
        found.append(Holds(Text.PATH, part_of(filter.path, is_cased=True)))
    return found


def _amounts(filter: LogFilter) -> list[Node]:
    of_class = filter.status_class and filter.status_class * 100
    asked = (
        (Amount.STATUS, Operator.EQUAL, filter.status_code),
        (Amount.STATUS, Operator.AT_LEAST, of_class),
        (Amount.STATUS, Operator.LESS, of_class and of_class + 100),
        (Amount.LATENCY, Operator.AT_LEAST, filter.min_latency_ms),
        (Amount.LATENCY, Operator.AT_MOST, filter.max_latency_ms),
        (Amount.TIME, Operator.AT_LEAST, filter.since),
        (Amount.TIME, Operator.LESS, filter.until),
    )
    return [
        Compare(amount, operator, value)
        for amount, operator, value in asked
        if value is not None
    ]


def _flags(filter: LogFilter) -> list[Node]:
    asked: tuple[tuple[Node, bool | None], ...] = (
        (Has(Text.ERROR), filter.has_error),
        (Has(Amount.STATUS), filter.has_status),
        (Is(State.ERROR), filter.is_error),
        (Is(State.PINNED), filter.pinned),
        (REPLAYED, filter.is_replay),
    )
    return [
        node if is_wanted else Not(node)
        for node, is_wanted in asked
        if is_wanted is not None
    ]
