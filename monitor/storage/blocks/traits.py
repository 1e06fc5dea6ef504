"""Traits: what logs have beside texts, each a slice of its own: statuses, amounts.

An amount is known by steps: a block has those that any of its logs reaches, and those
that any stays below.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias
from zlib import crc32

from monitor.search.tree import Amount, State, Text
from monitor.storage.blocks.grams import TEXT_SLICES, TRAIT_SLICES

Number: TypeAlias = int | float
# Each is a quarter of a doubling; from a sixteenth of a millisecond to 64 GB.
STEPS_A_DOUBLING: Final = 4
FIRST_STEP, LAST_STEP = -4 * STEPS_A_DOUBLING, 36 * STEPS_A_DOUBLING
STEPS: Final = LAST_STEP - FIRST_STEP + 1
# Statuses of a class; what is beyond the last is of that.
CLASS, LAST_CLASS = 100, 9
CODES: Final = CLASS * (LAST_CLASS + 1)
# In this order: steps that are reached of each amount, those not gone beyond, statuses,
# their classes, what a log has, and words, of which some may share a slice.
REACHED: Final = TEXT_SLICES
WITHIN: Final = REACHED + len(Amount) * STEPS
STATUSES: Final = WITHIN + len(Amount) * STEPS
CLASSES: Final = STATUSES + CODES
THERE: Final = CLASSES + LAST_CLASS + 1
WORDS: Final = THERE + len(Text) + len(State)
MOST_WORDS: Final = TEXT_SLICES + TRAIT_SLICES - WORDS
AMOUNTS: Final = {amount: n * STEPS - FIRST_STEP for n, amount in enumerate(Amount)}
HAS: Final[dict[Text | State, int]] = {
    what: THERE + n for n, what in enumerate([*Text, *State])
}
# None has that many.
NO_STATUS: Final = STATUSES


def word(place: Text, value: str) -> int:
    said = f"{place.name} {value.lower()}".encode(errors="surrogatepass")
    return WORDS + crc32(said) % MOST_WORDS


def status(code: int) -> int:
    return STATUSES + min(max(code, 1), CODES - 1)


def status_class(code: int) -> int:
    return CLASSES + min(max(code // CLASS, 0), LAST_CLASS)


def at_least(amount: Amount, number: Number) -> int:
    """What a block has where an amount of a log is *number* or more, or nearly."""
    return REACHED + AMOUNTS[amount] + _step(number)


def at_most(amount: Amount, number: Number) -> int:
    return WITHIN + AMOUNTS[amount] + _step(number)


def any_of(amount: Amount) -> int:
    return REACHED + AMOUNTS[amount] + FIRST_STEP


def one(place: int) -> slice:
    return slice(place, place + 1)


def spread(amount: Amount, least: Number, most: Number) -> Iterator[slice]:
    """All that a block has whose logs have *least* and *most*."""
    at = AMOUNTS[amount]
    yield slice(REACHED + at + FIRST_STEP, REACHED + at + _step(most) + 1)
    yield slice(WITHIN + at + _step(least), WITHIN + at + LAST_STEP + 1)


def statuses(codes: Iterable[int | None]) -> Iterator[slice]:
    for code in codes:
        if code is None:
            yield one(NO_STATUS)
        else:
            yield one(status(code))
            yield one(status_class(code))


def _step(number: Number) -> int:
    """Which grows with *number*, and is the same on any machine."""
    if number <= 0:
        return FIRST_STEP
    if math.isinf(number):
        return LAST_STEP
    mantissa, exponent = math.frexp(number)
    within = int((mantissa * 2 - 1) * STEPS_A_DOUBLING)
    step = (exponent - 1) * STEPS_A_DOUBLING + within
    return min(max(step, FIRST_STEP), LAST_STEP)
