"""The plan: how many logs fall into which hour, more by day than by night."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from appliance.fill.templates import Moment

HOUR_MS: Final = 3_600_000
# In one transaction.
BATCH: Final = 5_000
# Of an hour's traffic at its mean: what the day adds and the night takes away.
SWING: Final = 0.7
PEAK_HOUR: Final = 15
WEEKEND: Final = 0.6
SATURDAY: Final = 5


def batches(logs: int, days: int, until: datetime) -> Iterator[list[Moment]]:
    """*logs* in all, over *days* that end at *until*, the oldest first.

    Each is at most BATCH logs of one day of UTC.
    """
    end_ms = int(until.timestamp() * 1000)
    batch, size, day = list[Moment](), 0, None
    for moment in _hours(logs, days, end_ms):
        of_day = moment.start_ms // (24 * HOUR_MS)
        for part in _parts(moment):
            if batch and (size + part.count > BATCH or of_day != day):
                yield batch
                batch, size = [], 0
            batch.append(part)
            size, day = size + part.count, of_day
    if batch:
        yield batch


def _hours(logs: int, days: int, end_ms: int) -> Iterator[Moment]:
    """Whole hours of UTC; of the last only what is over."""
    first = end_ms - days * 24 * HOUR_MS
    starts = [first, *range(first - first % HOUR_MS + HOUR_MS, end_ms, HOUR_MS)]
    ends = [*starts[1:], end_ms]
    spans = list(zip(starts, ends, strict=True))
    weights = [_weight(start) * (end - start) / HOUR_MS for start, end in spans]
    total, before, passed = sum(weights), 0, 0.0
    for (start, end), weight in zip(spans, weights, strict=True):
        passed += weight
        upto = round(logs * passed / total)
        if upto > before:
            yield Moment(start, end, upto - before)
        before = upto


def _weight(start_ms: int) -> float:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=start_ms)
    swing = SWING * math.cos((moment.hour - PEAK_HOUR) / 24 * 2 * math.pi)
    return (1 + swing) * (WEEKEND if moment.weekday() >= SATURDAY else 1.0)


def _parts(moment: Moment) -> Iterator[Moment]:
    """One after the other, of at most BATCH logs."""
    count = -(-moment.count // BATCH)
    span = moment.end_ms - moment.start_ms
    for n in range(count):
        start, end = (moment.start_ms + span * at // count for at in (n, n + 1))
        first, last = (moment.count * at // count for at in (n, n + 1))
        yield Moment(start, end, last - first)
