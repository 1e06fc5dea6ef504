"""Observed: the traits of the logs of blocks, as PostgreSQL tells them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from monitor.search.tree import Amount, Side, State, Text
from monitor.storage.blocks import traits
from monitor.storage.search.clauses import STATES
from monitor.storage.search.joins import size

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
AMOUNTS: Final = {"l": OF_LOG, "d": OF_DETAILS, "b": OF_BODIES}
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


def selected(name: str) -> Iterator[str]:
    """What is asked of rows of a table AS *name*."""
    for value in AMOUNTS[name].values():
        yield f"min({value}), max({value})"
    for of, condition in THERE.values():
        if of == name:
            yield f"bool_or({condition})"
    if name == "l":
        # Told apart here: PostgreSQL would sort them.
        yield "array_agg(l.status_code)"
        for value in WORDS.values():
            yield f"string_agg({value}, chr(10))"


def traits_of(name: str, values: Iterator[Any]) -> Iterator[slice]:
    """*values*: what was asked, in its order."""
    for amount in AMOUNTS[name]:
        least, most = next(values), next(values)
        if least is not None:
            yield from traits.spread(amount, least, most)
    for what, (of, _) in THERE.items():
        if of == name and next(values):
            yield traits.one(traits.HAS[what])
    if name == "l":
        yield from traits.statuses(set(next(values) or ()))
        for place in WORDS:
            for value in set((next(values) or "").split("\n")):
                yield traits.one(traits.word(place, value))
