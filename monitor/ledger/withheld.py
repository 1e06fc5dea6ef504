"""Counts of what masking withheld, in the tally of a process."""

from collections.abc import Callable

from monitor.redaction.work import WITHHELD, Withheld
from monitor.spool.segments import NOBODY
from monitor.spool.tally import Tally


def counting(tally: Tally) -> Callable[[Withheld, int], None]:
    """Counts in *tally*, which may be a worker's."""

    def count(what: Withheld, n: int) -> None:
        tally.add(NOBODY, f"{WITHHELD}{what}", n)

    return count
