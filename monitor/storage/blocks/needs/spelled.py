"""Spelled: what a part of a text needs, in all the ways that it may be written."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Final

from monitor.storage.blocks.grams import LONG, SHORT, place_of
from monitor.storage.blocks.needs.need import Need, Slice, all_of, any_of
from monitor.storage.search.patterns import cases

# Of a text: more would be looked up, and tell no more.
MOST_GRAMS: Final = 12
# Spellings of a gram, where its letters have cases beyond ASCII.
MOST_SPELLINGS: Final = 8


def part(text: str, is_plain: Callable[[str], bool]) -> Need:
    """The grams of what stands unchanged in what is searched."""
    grams = [
        gram
        for run in _runs(text, is_plain)
        for gram in (*_grams(run, LONG), *_grams(run, SHORT))
    ]
    if len(grams) > MOST_GRAMS:
        grams = [grams[at * len(grams) // MOST_GRAMS] for at in range(MOST_GRAMS)]
    return all_of(
        any_of(Slice(place_of(one)) for one in sorted(gram)) for gram in grams
    )


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
