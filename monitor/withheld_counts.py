"""Counts of what masking withheld, in the tally of a process."""

from collections.abc import Callable

from monitor.segments import NOBODY
from monitor.tally import Tally
from monitor.withheld import WITHHELD, Withheld


def counting(tally: Tally) -> Callable[[Withheld, int], None]:
    """Counts in *tally*, which may be a worker's."""

    def count(what: Withheld, n: int) -> None:
        tally.add(NOBODY, f"{WITHHELD}{what}", n)

    return count
