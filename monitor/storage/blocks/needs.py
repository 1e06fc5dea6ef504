"""Needs: what a query's tree needs to stand in a block, for a log of it to be found.

They leave out no block that has what is asked for; what they cannot tell needs nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

from monitor.search.log_id import id_in
from monitor.search.tree import (
    And,
    Anywhere,
    Compare,
    Family,
    Has,
    Holds,
    JsonPath,
    Named,
    Node,
    Or,
    Pattern,
    Pieces,
    Text,
)
from monitor.storage.blocks.grams import BLOCKS, ESCAPE_SLICE, LONG, SHORT, place_of
from monitor.storage.search.patterns import cases, part_in

# Of a text: more would be looked up, and tell no more.
MOST_GRAMS: Final = 12
# Spellings of a gram, where its letters have cases beyond ASCII.
MOST_SPELLINGS: Final = 8
EVERY_BLOCK: Final = (1 << BLOCKS) - 1
UNRESERVED: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/"
)
DIGITS: Final = frozenset("0123456789.-")
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
        Text.REQUEST_BODY,
        Text.RESPONSE_BODY,
    }
)


@dataclass(frozen=True, slots=True)
class Slice:
    place: int


@dataclass(frozen=True, slots=True)
class All:
    """Of none, nothing is needed."""

    parts: tuple["Need", ...] = ()


@dataclass(frozen=True, slots=True)
class Any:
    parts: tuple["Need", ...]


Need: TypeAlias = Slice | All | Any
NOTHING: Final = All()


def needs_of(parts: Iterable[Node]) -> Need:
    """NOTHING where the blocks cannot tell."""
    return _all(map(_of, parts))


def places_in(need: Need) -> set[int]:
    if isinstance(need, Slice):
        return {need.place}
    return {place for part in need.parts for place in places_in(part)}


def blocks_with(need: Need, slices: Mapping[int, int]) -> int:
    """A bit for each block that may have it; where a slice is missing, all may."""
    match need:
        case Slice(place):
            return slices.get(place, EVERY_BLOCK)
        case All(parts):
            found = EVERY_BLOCK
            for part in parts:
                found &= blocks_with(part, slices)
            return found
        case Any(parts):
            found = 0
            for part in parts:
                found |= blocks_with(part, slices)
            return found


def _of(node: Node) -> Need:
    match node:
        case And(parts):
            return _all(map(_of, parts))
        case Or(parts):
            return _any(map(_of, parts))
        case Anywhere(pattern):
            return _anywhere(pattern)
        case Holds(Named() | JsonPath() as place, pattern):
            return _all([_name(place), _value(place, pattern)])
        case Holds(place, pattern) if place in PLAIN:
            return _text(pattern, lambda character: True)
        case Has(Named() | JsonPath() as place) | Compare(
            Named() | JsonPath() as place
        ):
            return _name(place)
        case _:
            return NOTHING


def _anywhere(pattern: Pattern) -> Need:
    if id_in(part_in(pattern) or "") is not None:
        # The log itself would be found.
        return NOTHING
    # Within a URL what is not unreserved may be encoded, within JSON escaped.
    return _text(pattern, UNRESERVED.__contains__)


def _name(place: Named | JsonPath) -> Need:
    if isinstance(place, Named):
        return _in_json(place, _pieces(place.name, UNRESERVED.__contains__))
    names = [step for kind, step in place.steps if kind in ("name", "deep")]
    return _in_json(place, _pieces(str(names[-1]), str.isalnum)) if names else NOTHING


def _value(place: Named | JsonPath, pattern: Pattern) -> Need:
    """A number may be written in many ways."""
    if isinstance(pattern, Pieces) and any(
        DIGITS.issuperset(p) for p in pattern.pieces if p
    ):
        return NOTHING
    return _in_json(place, _text(pattern, UNRESERVED.__contains__))


def _in_json(place: Named | JsonPath, need: Need) -> Need:
    if isinstance(place, Named) and place.family is Family.PARAMETER:
        # What is encoded in a URL is decoded there.
        return NOTHING
    return _any([need, Slice(ESCAPE_SLICE)]) if need != NOTHING else NOTHING


def _text(pattern: Pattern, is_plain: Callable[[str], bool]) -> Need:
    if not isinstance(pattern, Pieces):
        return NOTHING
    return _all(_pieces(piece, is_plain) for piece in pattern.pieces)


def _pieces(text: str, is_plain: Callable[[str], bool]) -> Need:
    """The grams of what stands unchanged in what is searched."""
    grams = [
        gram
        for run in _runs(text, is_plain)
        for gram in (*_grams(run, LONG), *_grams(run, SHORT))
    ]
    if len(grams) > MOST_GRAMS:
        grams = [grams[at * len(grams) // MOST_GRAMS] for at in range(MOST_GRAMS)]
    return _all(_any(Slice(place_of(one)) for one in sorted(gram)) for gram in grams)


def _runs(text: str, is_plain: Callable[[str], bool]) -> Iterator[list[list[bytes]]]:
    """Characters in a row, each in all its spellings, which are equally long."""
    run: list[list[bytes]] = []
    for character in text:
        spellings = {case.encode().lower() for case in cases(character)}
        if is_plain(character) and len(set(map(len, spellings))) == 1:
            run.append(sorted(spellings))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _grams(run: list[list[bytes]], size: int) -> Iterator[set[bytes]]:
    """One that begins with each character, as it may be spelled."""
    for start in range(len(run)):
        taken, length = list[list[bytes]](), 0
        for spellings in run[start:]:
            taken.append(spellings)
            length += len(spellings[0])
            if length >= size:
                break
        if length < size:
            return
        if _ways(taken) <= MOST_SPELLINGS:
            yield {b"".join(way)[:size] for way in product(*taken)}


def _ways(taken: list[list[bytes]]) -> int:
    ways = 1
    for spellings in taken:
        ways *= len(spellings)
    return ways


def _all(parts: Iterable[Need]) -> Need:
    needed = tuple(part for part in parts if part != NOTHING)
    return needed[0] if len(needed) == 1 else All(needed)


def _any(parts: Iterable[Need]) -> Need:
    either = tuple(parts)
    if NOTHING in either:
        return NOTHING
    return either[0] if len(either) == 1 else Any(either)
