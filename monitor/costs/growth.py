"""Growth: what a day adds to the disk, and whether size or retention ends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

DAY: Final = timedelta(days=1)
# From less, a day would be a guess.
SHORTEST: Final = timedelta(hours=1)


class GrowthEnd(StrEnum):
    """What ends the growth first."""

    DISK = "disk"
    RETENTION = "retention"
    RETENTION_BYTES = "retention_bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFor:
    """Logs, or bodies: what they hold now, and *came* between *since* and *until*;
    a day of them goes after *days*."""

    held: int
    came: int
    since: datetime
    until: datetime
    days: int

    @property
    def per_day(self) -> float | None:
        """None while it was measured over too little."""
        measured = self.until - self.since
        return self.came / (measured / DAY) if measured >= SHORTEST else None

    @property
    def room(self) -> float:
        """What comes on top until as much goes as comes."""
        return max(0.0, (self.per_day or 0.0) * self.days - self.held)


@dataclass(frozen=True, slots=True)
class Outlook:
    """After *days* of the same growth it ends, with *more* bytes than now."""

    end: GrowthEnd
    days: float
    more: float


def per_day(kinds: Sequence[KeptFor]) -> float | None:
    """Of all of them; None while that of any is not known."""
    rates = [kind.per_day for kind in kinds]
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known and len(known) == len(rates) else None


def outlook(
    kinds: Sequence[KeptFor], *, free: int, limit: int | None
) -> Outlook | None:
    """None while the growth is not known. *free* is what the disk still has, *limit*
    RETENTION_BYTES."""
    rate = per_day(kinds)
    if rate is None:
        return None
    end, more = GrowthEnd.RETENTION, sum(kind.room for kind in kinds)
    if limit is not None:
        held = sum(kind.held for kind in kinds)
        # Today stays, whatever it holds.
        below = max(0.0, max(limit, rate) - held)
        if below < more:
            end, more = GrowthEnd.RETENTION_BYTES, below
    if free < more:
        end, more = GrowthEnd.DISK, float(free)
    return Outlook(end, _days_until(kinds, more), more)


def _days_until(kinds: Sequence[KeptFor], more: float) -> float:
    """When *more* has come on top, each kind growing until its own room is taken."""
    growing = sorted(
        (kind.room / rate, rate) for kind in kinds if (rate := kind.per_day)
    )
    now, left = 0.0, more
    for place, (full, _) in enumerate(growing):
        rate = sum(each for _, each in growing[place:])
        if left <= rate * (full - now):
            return now + left / rate
        left -= rate * (full - now)
        now = full
    return now
