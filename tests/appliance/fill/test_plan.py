"""The plan of made-up logs: all of them, none out of the time, days apart."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from appliance.fill.plan import BATCH, HOUR_MS, batches

UNTIL = datetime(2026, 11, 27, 9, 41, 3, tzinfo=UTC)
DAY_MS = 24 * HOUR_MS


@pytest.mark.parametrize(
    ("logs", "days"), [(1, 1), (7, 30), (5_000, 1), (123_457, 3), (1_000_003, 11)]
)
def test_it_is_all_that_was_asked_for(logs: int, days: int) -> None:
    plan = list(batches(logs, days, UNTIL))
    moments = [moment for batch in plan for moment in batch]
    assert sum(moment.count for moment in moments) == logs
    assert all(0 < sum(moment.count for moment in batch) <= BATCH for batch in plan)
    end_ms = int(UNTIL.timestamp() * 1000)
    assert moments[0].start_ms >= end_ms - days * DAY_MS
    assert moments[-1].end_ms <= end_ms
    for before, after in pairwise(moments):
        assert before.start_ms < before.end_ms <= after.start_ms
    for batch in plan:
        assert len({moment.start_ms // DAY_MS for moment in batch}) == 1


def test_there_is_more_by_day_than_by_night_and_on_working_days() -> None:
    of_hour, of_weekday = dict[int, int](), dict[int, int]()
    for batch in batches(1_000_000, 14, UNTIL):
        for moment in batch:
            at = datetime.fromtimestamp(moment.start_ms / 1000, UTC)
            of_hour[at.hour] = of_hour.get(at.hour, 0) + moment.count
            of_weekday[at.weekday()] = of_weekday.get(at.weekday(), 0) + moment.count
    assert of_hour[15] > 3 * of_hour[3]
    assert of_weekday[2] > 1.4 * of_weekday[6]
