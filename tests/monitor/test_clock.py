"""The time of day steps: ids follow it, and it is not believed at once."""

from datetime import datetime

import pytest

from monitor.clock import HOLD_S, LARGE_STEP_S, Clock
from monitor.traffic.ids import (
    LARGE_STEP_MS,
    LogIds,
    bucket_of,
    is_log_id,
    timestamp_of,
)

NOW_MS = 1_795_000_000_000
TEN_YEARS_MS = 315_360_000_000


def ms_of(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize("step_ms", [TEN_YEARS_MS, 3_600_000, LARGE_STEP_MS + 1])
def test_ids_follow_a_clock_that_steps_back_far(step_ms: int) -> None:
    ids = LogIds(bucket=7)
    made = [ids.next_at(NOW_MS + n // 10) for n in range(1000)]
    made += [ids.next_at(NOW_MS + step_ms + n // 10) for n in range(1000)]
    assert made == sorted(made)
    ahead = timestamp_of(made[-1])
    after = [ids.next_at(ms_of(ahead) - step_ms + n // 10) for n in range(1000)]
    assert after == sorted(after)
    assert ms_of(timestamp_of(after[0])) == ms_of(ahead) - step_ms
    assert ms_of(timestamp_of(after[-1])) == ms_of(ahead) - step_ms + 99
    assert len({*made, *after}) == 3000
    assert all(map(is_log_id, after))
    # The time was there before; so was the bucket, but not with it.
    [bucket] = {bucket_of(id) for id in after}
    assert bucket == ids.bucket != 7


def test_ids_wait_for_a_clock_that_steps_back_a_little() -> None:
    ids = LogIds(bucket=7)
    made = [ids.next_at(NOW_MS)]
    made += [ids.next_at(NOW_MS - n) for n in range(LARGE_STEP_MS + 1)]
    made += [ids.next_at(NOW_MS + 1)]
    assert made == sorted(made)
    assert {ms_of(timestamp_of(id)) for id in made} == {NOW_MS, NOW_MS + 1}
    assert ids.bucket == 7


class Times:
    """A time of day and a count of seconds that are set by hand."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_795_000_000.0, 100.0

    def pass_by(self, seconds: float, *, step: float = 0) -> None:
        self.wall += seconds + step
        self.steady += seconds

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.wall, steady=lambda: self.steady)


@pytest.mark.parametrize("step", [315e6, -315e6, LARGE_STEP_S + 1])
def test_a_clock_has_to_stand_for_a_while_after_a_step(step: float) -> None:
    times = Times()
    clock = times.clock()
    assert clock.has_settled()
    times.pass_by(86_400, step=0.5)
    assert clock.has_settled()
    times.pass_by(300, step=step)
    assert not clock.has_settled()
    times.pass_by(HOLD_S - 1)
    assert not clock.has_settled()
    times.pass_by(1)
    assert clock.has_settled()
    # Corrected little by little, for as long as it takes.
    for _ in range(100):
        times.pass_by(300, step=LARGE_STEP_S / 2)
        assert clock.has_settled()
