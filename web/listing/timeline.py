"""The timeline above a list: how many logs it finds, over time."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from monitor import times
from monitor.logs.facets import Timeline
from web.listing.asked import FURTHER, Asked
from web.views.formats import seconds

HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Drawn:
    """A bucket: where its bar begins, how high it is, and how much of it failed.

    *href*: the list of its time.
    """

    x: int
    height: float
    failed: float
    start: datetime
    requests: int
    errors: int
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    bars: tuple[Drawn, ...]
    # `requests,errors` of each bucket, for the script that tells them.
    counts: str
    first: datetime | None
    last: datetime | None
    width_ms: int
    width: str
    most: int
    requests: int
    errors: int
    is_exact: bool
    since: datetime | None

    @property
    def count(self) -> int:
        return len(self.bars)


def timeline_view(found: Timeline, wanted: Asked) -> TimelineView:
    buckets = found.buckets
    most = max((bucket.counted.requests for bucket in buckets), default=0)
    scale = HEIGHT / most if most else 0
    return TimelineView(
        bars=tuple(
            Drawn(
                x=x,
                height=_high(one.counted.requests, scale),
                failed=_high(one.counted.errors, scale),
                start=one.start,
                requests=one.counted.requests,
                errors=one.counted.errors,
                href=_href(wanted, one.start, one.start + found.width),
            )
            for x, one in enumerate(buckets)
        ),
        counts=" ".join(f"{b.counted.requests},{b.counted.errors}" for b in buckets),
        first=buckets[0].start if buckets else None,
        last=buckets[-1].start + found.width if buckets else None,
        width_ms=int(found.width.total_seconds() * 1000),
        width=seconds(max(int(found.width.total_seconds()), 1)),
        most=most,
        requests=found.counted.requests,
        errors=found.counted.errors,
        is_exact=found.covered.is_exact,
        since=found.covered.since,
    )


def _href(wanted: Asked, since: datetime, until: datetime) -> str:
    ends = (("since", times.format(since)), ("until", times.format(until)))
    return f"/dashboard?{urlencode(wanted.link(*ends, without=(*FURTHER, 'range')))}"


def _high(count: int, scale: float) -> float:
    """A single one of many is still seen."""
    return round(max(count * scale, 3), 1) if count else 0
