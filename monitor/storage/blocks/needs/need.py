"""Need: what has to stand in a block, put together of slices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from monitor.storage.blocks.grams import BLOCKS

EVERY_BLOCK: Final = (1 << BLOCKS) - 1


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
