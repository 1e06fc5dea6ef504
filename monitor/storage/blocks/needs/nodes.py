"""Needs: what a query's tree needs to stand in a block, for a log of it to be found.

They leave out no block that has what is asked for; what they cannot tell needs nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from monitor.search.log_id import id_in
from monitor.search.tree import (
    Amount,
    And,
    Anywhere,
    Compare,
    Family,
    Has,
    Holds,
    Is,
    JsonPath,
    Leaf,
    Named,
    Node,
    Not,
    Or,
    Pattern,
    Pieces,
    State,
    Text,
)
from monitor.storage.blocks import traits
from monitor.storage.blocks.grams import ESCAPE_SLICE
from monitor.storage.blocks.needs import ranges
from monitor.storage.blocks.needs.literals import literals
from monitor.storage.blocks.needs.need import NOTHING, Need, Slice, all_of, any_of
from monitor.storage.blocks.needs.spelled import part
from monitor.storage.search.patterns import part_in

UNRESERVED: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/"
)
# A slash may be escaped there.
IN_JSON: Final = UNRESERVED - {"/"}
DIGITS: Final = frozenset("0123456789.-")
# As JSON writes them without quotes.
BARE: Final = frozenset({"true", "false", "null"})
# Looked for in texts as they are.
PLAIN: Final = frozenset(
    {
        Text.PATH,
        Text.QUERY,
        Text.URL,
        Text.HOST,
        Text.ERROR,
        Text.NOTE,
        Text.TAG,
        Text.ADDRESS,
        Text.REQUEST_BODY,
        Text.RESPONSE_BODY,
    }
)
WORDS: Final = frozenset({Text.METHOD, Text.SOURCE})
THERE: Final = frozenset({Text.ERROR, Text.NOTE, Text.TAG})
STATES: Final = frozenset(State) - {State.PINNED}


def needs_of(parts: Iterable[Node]) -> Need:
    """NOTHING where the blocks cannot tell."""
    return _every(tuple(parts))


def _every(parts: Sequence[Node]) -> Need:
    """Bounds of a status are looked at together: a range has two."""
    of_status = [
        each
        for each in parts
        if isinstance(each, Compare) and each.amount is Amount.STATUS
    ]
    return all_of([*map(_of, parts), ranges.statuses(of_status)])


def _of(node: Node) -> Need:
    match node:
        case And(parts):
            return _every(parts)
        case Or(parts):
            return any_of(_every((each,)) for each in parts)
        case Not(Has(Amount.STATUS)):
            return Slice(traits.NO_STATUS)
        case Not():
            return NOTHING
        case _:
            return _of_leaf(node)


def _of_leaf(leaf: Leaf) -> Need:
    match leaf:
        case Anywhere(pattern):
            return _anywhere(pattern)
        case Holds(Text() as place, pattern):
            return _held(place, pattern)
        case Holds(Named() | JsonPath() as place, pattern):
            return all_of([_name(place), _value(place, pattern)])
        case Compare():
            return _compared(leaf)
        case Has(place):
            return _there(place)
        case Is(state) if state in STATES:
            return Slice(traits.HAS[state])
        case _:
            return NOTHING


def _compared(part: Compare) -> Need:
    if isinstance(part.amount, Named | JsonPath):
        return _name(part.amount)
    return ranges.compared(part)


def _there(place: Amount | Text | Named | JsonPath) -> Need:
    match place:
        case Named() | JsonPath():
            return _name(place)
        case Text():
            return Slice(traits.HAS[place]) if place in THERE else NOTHING
        case Amount.STATUS | Amount.TIME:
            return NOTHING
        case Amount():
            return Slice(traits.any_of(place))


def _held(place: Text, pattern: Pattern) -> Need:
    if place is Text.TAG and isinstance(pattern, Pieces) and pattern.is_whole:
        # Each is a line of its own.
        return part(f"\n{pattern.pieces[0]}\n", lambda character: True)
    if place in PLAIN:
        return _text(pattern, lambda character: True)
    if place in WORDS and isinstance(pattern, Pieces) and pattern.is_whole:
        # Of other letters, some are small ones of the same.
        text = pattern.pieces[0]
        return Slice(traits.word(place, text)) if text.isascii() else NOTHING
    return NOTHING


def _anywhere(pattern: Pattern) -> Need:
    if id_in(part_in(pattern) or "") is not None:
        # The log itself would be found.
        return NOTHING
    # Within a URL what is not unreserved may be encoded, within JSON escaped.
    return _text(pattern, UNRESERVED.__contains__)


def _name(place: Named | JsonPath) -> Need:
    if isinstance(place, Named):
        return _in_json(place, part(place.name, UNRESERVED.__contains__))
    names = [str(step) for kind, step in place.steps if kind in ("name", "deep")]
    return _in_json(place, all_of(map(_json_name, names)))


def _json_name(name: str) -> Need:
    return _quoted(name) if name.isalnum() else part(name, str.isalnum)


def _value(place: Named | JsonPath, pattern: Pattern) -> Need:
    """A number may be written in many ways."""
    if isinstance(pattern, Pieces) and any(
        DIGITS.issuperset(p) for p in pattern.pieces if p
    ):
        return NOTHING
    plain = UNRESERVED if isinstance(place, Named) else IN_JSON
    if isinstance(place, JsonPath) and isinstance(pattern, Pieces) and pattern.is_whole:
        text = pattern.pieces[0]
        if plain.issuperset(text) and text.lower() not in BARE:
            return _in_json(place, _quoted(text))
    return _in_json(place, _text(pattern, plain.__contains__, DIGITS))


def _quoted(text: str) -> Need:
    return part(f'"{text}"', lambda character: True)


def _in_json(place: Named | JsonPath, need: Need) -> Need:
    if isinstance(place, Named) and place.family is Family.PARAMETER:
        # What is encoded in a URL is decoded there.
        return NOTHING
    return any_of([need, Slice(ESCAPE_SLICE)]) if need != NOTHING else NOTHING


def _text(
    pattern: Pattern,
    is_plain: Callable[[str], bool],
    but: frozenset[str] = frozenset(),
) -> Need:
    """*but*: what is made of these alone is not looked for."""
    if isinstance(pattern, Pieces):
        return all_of(part(piece, is_plain) for piece in pattern.pieces)
    texts = (text for text in literals(pattern.source) if not but.issuperset(text))
    return all_of(part(text, is_plain) for text in texts)
