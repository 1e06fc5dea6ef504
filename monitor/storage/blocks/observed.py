"""Observed: the traits of the logs of blocks, as PostgreSQL tells them.

All blocks of a chunk are told at once: to plan and send takes longer than to look.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

import asyncpg

from monitor.search.tree import Amount, Side, State, Text
from monitor.storage.blocks import traits
from monitor.storage.blocks.candidates import following
from monitor.storage.blocks.which import Which
from monitor.storage.search.clauses import STATES
from monitor.storage.search.joins import IS_FIRST, size
from monitor.storage.search.where import OF_THIS_TIME

# An amount is that of the log or of what is beside it: each is told by itself.
OF_LOG: Final = {
    Amount.LATENCY: "l.latency_ms",
    Amount.DURATION: "l.duration_ms",
    Amount.CONNECT: "l.connect_ms",
    Amount.TLS: "l.tls_ms",
    Amount.TTFB: "l.ttfb_ms",
    Amount.OVERHEAD: "l.overhead_ms",
    Amount.REQUEST_SIZE: "l.request_size",
    Amount.RESPONSE_SIZE: "l.response_size",
    Amount.MESSAGES: "l.message_count",
    Amount.EVENTS: "l.event_count",
}
OF_DETAILS: Final = {
    Amount.CONNECT: "d.connect_ms",
    Amount.TLS: "d.tls_ms",
    Amount.TTFB: "d.ttfb_ms",
    Amount.OVERHEAD: "d.overhead_ms",
    Amount.MESSAGES: "d.message_count",
    Amount.EVENTS: "d.event_count",
}
OF_BODIES: Final = {
    Amount.REQUEST_SIZE: size(f"{Side.REQUEST}_body"),
    Amount.RESPONSE_SIZE: size(f"{Side.RESPONSE}_body"),
}
AMOUNTS: Final = (
    ("logs AS l", "l", OF_LOG, "true"),
    ("log_details AS d", "d", OF_DETAILS, "true"),
    ("log_bodies AS b", "b", OF_BODIES, IS_FIRST),
)
# Those that do not come and go.
THERE: Final[Mapping[Text | State, tuple[str, str]]] = {
    Text.ERROR: ("l", "l.error IS NOT NULL"),
    Text.NOTE: ("l", "l.note IS NOT NULL"),
    Text.TAG: ("l", "cardinality(l.tags) > 0"),
    State.ERROR: ("l", STATES[State.ERROR]),
    State.TRUNCATED: ("b", STATES[State.TRUNCATED]),
    State.REDACTED: ("b", STATES[State.REDACTED]),
    State.WITHHELD: ("b", STATES[State.WITHHELD]),
}
WORDS: Final = {Text.METHOD: "l.method", Text.SOURCE: "l.source"}


async def read(
    connection: asyncpg.Connection, which: Which, bounds: Sequence[UUID]
) -> dict[int, list[slice]]:
    """Those of each block; *bounds*: the last ids of all."""
    found: dict[int, list[slice]] = defaultdict(list)
    begins = [following(bound) for bound in bounds[:-1]]
    place = len(which.arguments) + 1
    for table, name, amounts, is_one in AMOUNTS:
        sql = f"""
            SELECT width_bucket({name}.id, ${place}::uuid[]) AS block,
                   {", ".join(_selected(name, amounts))}
              FROM {table}
             WHERE {which.rows.format(name)} AND {is_one}
             GROUP BY block
            """
        sql = sql.replace(OF_THIS_TIME, which.rows.format("p"))
        for row in await connection.fetch(sql, *which.arguments, begins):
            found[row["block"]] += _traits(row, name, amounts)
    return found


def _selected(name: str, amounts: Mapping[Amount, str]) -> Iterator[str]:
    for value in amounts.values():
        yield f"min({value}), max({value})"
    for of, condition in THERE.values():
        if of == name:
            yield f"bool_or({condition})"
    if name == "l":
        yield "array_agg(DISTINCT l.status_code)"
        for value in WORDS.values():
            yield f"array_agg(DISTINCT {value})"


def _traits(
    row: asyncpg.Record, name: str, amounts: Mapping[Amount, str]
) -> Iterator[slice]:
    """In the order of what is selected."""
    _, *selected = row.values()
    values = iter(selected)
    for amount in amounts:
        least, most = next(values), next(values)
        if least is not None:
            yield from traits.spread(amount, least, most)
    for what, (of, _) in THERE.items():
        if of == name and next(values):
            yield traits.one(traits.HAS[what])
    if name == "l":
        yield from traits.statuses(next(values) or ())
        for place in WORDS:
            for value in next(values) or ():
                yield traits.one(traits.word(place, value))
