"""Ranges: what is needed where an amount is to be within bounds."""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from monitor.search.tree import Amount, Compare, Operator
from monitor.storage.blocks import traits
from monitor.storage.blocks.needs.need import NOTHING, Need, Slice, all_of, any_of

# Of more statuses, their classes are looked up.
MOST_CODES: Final = 10
LOWEST, HIGHEST = 0, 999


def compared(part: Compare) -> Need:
    """Of a status see *statuses*."""
    amount, number = part.amount, part.value
    if (
        not isinstance(amount, Amount)
        or amount is Amount.STATUS
        or isinstance(number, datetime)
    ):
        return NOTHING
    needs = []
    if part.operator not in (Operator.LESS, Operator.AT_MOST):
        needs.append(Slice(traits.at_least(amount, float(number))))
    if part.operator not in (Operator.MORE, Operator.AT_LEAST):
        needs.append(Slice(traits.at_most(amount, float(number))))
    return all_of(needs)


def statuses(parts: Iterable[Compare]) -> Need:
    """All *parts*, which are of a status, hold of one."""
    low, high = LOWEST, HIGHEST
    for part in parts:
        first, last = _codes(part)
        low, high = max(low, first), min(high, last)
    if (low, high) == (LOWEST, HIGHEST):
        return NOTHING
    if low > high or (low > LOWEST and high < HIGHEST and high - low < MOST_CODES):
        return any_of(Slice(traits.status(n)) for n in range(low, high + 1))
    classes = range(low, high + traits.CLASS, traits.CLASS)
    places = {traits.status_class(min(code, high)) for code in classes}
    return any_of(map(Slice, sorted(places)))


def _codes(part: Compare) -> tuple[int, int]:
    assert not isinstance(part.value, datetime)
    number = part.value
    match part.operator:
        case Operator.AT_LEAST:
            return math.ceil(number), HIGHEST
        case Operator.MORE:
            return math.floor(number) + 1, HIGHEST
        case Operator.LESS:
            return LOWEST, math.ceil(number) - 1
        case Operator.AT_MOST:
            return LOWEST, math.floor(number)
        case Operator.EQUAL:
            return math.ceil(number), math.floor(number)
