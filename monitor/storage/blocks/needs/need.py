"""Need: what has to stand in a block, put together of slices."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from monitor.storage.blocks.grams import BLOCKS

EVERY_BLOCK: Final = (1 << BLOCKS) - 1
# Of what is needed together.
LOOKED_AT_FIRST: Final = 5
LEAST_PARTED: Final = 8


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


def all_of(parts: Iterable[Need]) -> Need:
    needed = tuple(part for part in parts if part != NOTHING)
    return needed[0] if len(needed) == 1 else All(needed)


def any_of(parts: Iterable[Need]) -> Need:
    either = tuple(parts)
    if NOTHING in either:
        return NOTHING
    return either[0] if len(either) == 1 else Any(either)


def places_in(need: Need) -> set[int]:
    if isinstance(need, Slice):
        return {need.place}
    return {place for part in need.parts for place in places_in(part)}


def parted(need: Need) -> tuple[Need, Need]:
    """Some of it, by which most blocks are left out, and the rest: both are needed."""
    parts = tuple(_flat(need))
    if len(parts) < LEAST_PARTED:
        return need, NOTHING
    # Of a text these are the long ones, of which fewer blocks have each.
    first = parts[:LOOKED_AT_FIRST]
    return all_of(first), all_of(part for part in parts if part not in first)


def _flat(need: Need) -> Iterator[Need]:
    if isinstance(need, All):
        for part in need.parts:
            yield from _flat(part)
    else:
        yield need


def blocks_with(need: Need, slices: Mapping[int, int], every: int = EVERY_BLOCK) -> int:
    """A bit for each block that may have it; where a slice is missing, *every* one."""
    match need:
        case Slice(place):
            return slices.get(place, every)
        case All(parts):
            found = every
            for part in parts:
                found &= blocks_with(part, slices, every)
            return found
        case Any(parts):
            found = 0
            for part in parts:
                found |= blocks_with(part, slices, every)
            return found
