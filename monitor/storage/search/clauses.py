"""Clauses: what a query's tree asks of a row of logs AS l, in SQL.

No text of a query is in the SQL: each is an argument. What a log does not have is null
there, and counts as false: only what is turned round has to say so.
"""

from typing import assert_never
from uuid import UUID

from monitor.search.tree import (
    Amount,
    And,
    Anywhere,
    Compare,
    Has,
    Holds,
    Is,
    Leaf,
    Node,
    Not,
    OfLog,
    OfService,
    Or,
    Pattern,
    Pieces,
    Place,
    State,
    Text,
)
from monitor.storage.search import anywhere, places
from monitor.storage.search.joins import BODIES
from monitor.storage.search.patterns import matching, plain_part_in
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import bucket_of, timestamp_of

STATES = {
    State.PINNED: "l.pinned",
    State.ERROR: "l.is_error",
    State.TRUNCATED: "(b.request_truncated OR b.response_truncated)",
    State.REDACTED: "'redacted' IN (b.request_state, b.response_state)",
    State.WITHHELD: """
        (b.request_state IN ('withheld', 'limited')
         OR b.response_state IN ('withheld', 'limited'))
    """,
}
NEVER_NULL = frozenset(
    {State.PINNED, State.ERROR, Text.METHOD, Text.PATH, Text.ENDPOINT, Text.SOURCE}
)


def clause(node: Node, made: Conditions) -> str:
    """True where *node* holds; false or null where it does not."""
    match node:
        case And(parts):
            return _joined(" AND ", parts, made) if parts else "true"
        case Or(parts):
            return _joined(" OR ", parts, made)
        case Not(part):
            return _turned(part, made)
        case _:
            return _of_leaf(node, made)


def _of_leaf(leaf: Leaf, made: Conditions) -> str:
    match leaf:
        case Compare():
            return _compared(leaf, made)
        case Holds(place, pattern):
            return _held(place, pattern, made)
        case Has(place):
            return _there(place, made)
        case Is(state):
            return _state(state, made)
        case Anywhere(pattern):
            return anywhere.clause(pattern, made)
        case OfService(service):
            return _service(service, made)
        case OfLog(id):
            return _log(id, made)
        case _:
            assert_never(leaf)


def _joined(word: str, parts: tuple[Node, ...], made: Conditions) -> str:
    return f"({word.join(clause(part, made) for part in parts)})"


def _turned(part: Node, made: Conditions) -> str:
    """Turned round: what is null is true then."""
    match part:
        case Is(state) if state in NEVER_NULL:
            return f"NOT {STATES[state]}"
        case Holds(place, _) if place in NEVER_NULL:
            return f"NOT {clause(part, made)}"
        case Has(Amount() as amount):
            return f"{places.amount(amount, made)} IS NULL"
        case Has(Text.ERROR):
            return "l.error IS NULL"
        case _:
            return f"({clause(part, made)}) IS NOT TRUE"


def _compared(node: Compare, made: Conditions) -> str:
    operator = node.operator.value
    if isinstance(node.amount, Amount):
        column = places.amount(node.amount, made)
        return f"{column} {operator} {made.place(node.value)}"
    number = f"{made.place(node.value)}::numeric"
    return places.any_of(
        node.amount,
        made,
        lambda value: f"{places.as_number(value)} {operator} {number}",
    )


def _held(place: Place, pattern: Pattern, made: Conditions) -> str:
    if place is Text.TAG and isinstance(pattern, Pieces) and pattern.is_whole:
        # As the index has it.
        return f"l.tags @> ARRAY[{made.place(pattern.pieces[0])}]"
    holds = matching(pattern, made.place)
    return places.any_of(place, made, holds, plain_part_in(pattern))


def _there(place: Amount | Place, made: Conditions) -> str:
    if isinstance(place, Amount):
        return f"{places.amount(place, made)} IS NOT NULL"
    return places.there(place, made)


def _state(state: State, made: Conditions) -> str:
    if state not in NEVER_NULL:
        made.see(BODIES)
    return STATES[state]


def _service(service: tuple[UUID, ...] | Pieces, made: Conditions) -> str:
    match service:
        case Pieces():
            return f"l.service_id = ANY (ARRAY({services_named(service, made)}))"
        case (id,):
            return f"l.service_id = {made.place(id)}"
        case _:
            return f"l.service_id = ANY ({made.place(list(service))}::uuid[])"


def services_named(pattern: Pieces, made: Conditions) -> str:
    found = matching(pattern, made.place)
    return f"""
        SELECT p.id
          FROM services AS p
         WHERE {found("p.name")} OR {found("p.slug")}
    """


def _log(id: UUID, made: Conditions) -> str:
    bucket, ts = made.place(bucket_of(id)), made.place(timestamp_of(id))
    return f"(l.bucket = {bucket} AND l.ts = {ts} AND l.id = {made.place(id)})"
