"""Previews and strips: what a rule would have done, and what it did, on stored logs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from monitor.alerts.rule import Alert
from monitor.alerts.strip import PART, PARTS
from monitor.errors import TooSlow
from monitor.logs.metrics import floor
from monitor.storage.alerts.previews import AlertPreviews
from monitor.storage.alerts.rows import alert_of
from monitor.storage.alerts.strips import StripReader
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.traffic.exchange import Exchange, Source
from monitor.traffic.ids import LogIds
from tests.support.alert_bench import QUIET, RATE, SLOW, Bench, counted

FIVE = timedelta(minutes=5)
UNSET = dict.fromkeys(
    (
        *("description", "query", "condition_field", "condition_operator"),
        *("condition_value", "aggregate", "window_s", "for_s", "threshold"),
        *("recovery_threshold", "cooldown_s", "error", "state", "state_since"),
        *("value", "muted_until"),
    )
)


def rule(service_id: UUID | None, **fields: Any) -> Alert:
    now = datetime.now(UTC)
    known = {"id": uuid4(), "service_id": service_id, "name": "r", "created_at": now}
    flags = {"updated_at": now, "include_old": False, "is_active": True}
    return alert_of({**UNSET, **known, **flags, **fields})


async def store(database: Database, service_id: UUID, now: datetime) -> None:
    """A request each five minutes, for three days; two outages a day ago and now."""
    ids, end = LogIds(), floor(now, FIVE)
    made = []
    for n in range(3 * 288):
        # The outages: 10 to 20 minutes ago, and 30 h ago, of three requests each.
        is_out = n in (2, 3, 4) or n in (360, 361, 362)
        made.append(
            Exchange(
                id=ids.at(end - FIVE * n - timedelta(minutes=2)),
                service_id=service_id,
                source=Source.PROXY,
                method="GET",
                url="http://x/a",
                path="/slow" if is_out else "/a",
                status_code=503 if is_out else 200,
                latency_ms=2_000 if is_out else 10,
            )
        )
    async with database.connection() as connection:
        await commit(connection, Partitions(), made)


@pytest.mark.parametrize(
    ("fields", "day", "week"),
    [
        ({**RATE, "window_s": 300}, 1, 2),
        ({**RATE, "window_s": 300, "for_s": 300}, 1, 2),
        ({**RATE, "window_s": 300, "for_s": 3_600}, 0, 0),
        ({**SLOW, "window_s": 300}, 1, 2),
        ({**QUIET, "window_s": 300}, 0, 0),
        ({**RATE, "window_s": 300, "query": "path:/a"}, 0, 0),
        ({**RATE, "window_s": 300, "query": "path:/slow"}, 1, 2),
        ({**counted("status_code", ">=", "500", 1), "window_s": 60}, 1, 2),
        ({**counted("status_code", ">=", "500", 2), "window_s": 60}, 0, 0),
        ({"query": "status:5xx"}, 3, 6),
        (
            {
                "condition_field": "latency_ms",
                "condition_operator": ">",
                "condition_value": "1000",
            },
            3,
            6,
        ),
    ],
)
async def test_a_preview_counts_how_often_a_rule_would_have_fired(
    database: Database, service_id: UUID, fields: dict[str, Any], day: int, week: int
) -> None:
    now = datetime.now(UTC)
    await store(database, service_id, now)
    previews = AlertPreviews(database, timeout_ms=60_000)
    for whose in (service_id, None):
        found = await previews.of(rule(whose, **fields), now)
        assert (found.day, found.week) == (day, week)
        ends = [point.start + found.width for point in found.points]
        assert ends[-1] == floor(now, FIVE)
        assert len(found.points) == timedelta(days=1) // found.width
    other = await previews.of(rule(uuid4(), **fields), now)
    assert (other.day, other.week) == (0, 0)


async def test_what_takes_too_long_is_not_waited_for(
    database: Database, service_id: UUID
) -> None:
    await store(database, service_id, datetime.now(UTC))
    slow = rule(service_id, query='body:/a(b|c)*d/ OR "nowhere to be found"')
    async with database.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE logs IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(TooSlow):
            previews = AlertPreviews(database, timeout_ms=20)
            await previews.of(slow, datetime.now(UTC))


async def test_a_strip_says_when_a_rule_fired(bench: Bench, database: Database) -> None:
    quiet = await bench.rule(**{**QUIET, "window_s": 10})
    each = await bench.rule(window_s=None, query="path:/a")
    idle = await bench.rule(window_s=None, query="path:/nowhere")
    await bench.judge(quiet, 0)
    alerts, _ = await bench.alerts.page(service_id=None, limit=9, offset=0)
    now = bench.at(1) + 2 * PART
    strips = await StripReader(database).of(alerts, now)
    # It fires on until now.
    assert strips[quiet].lit_at == [PARTS - 3, PARTS - 2, PARTS - 1]
    assert strips[quiet].fired == 1
    assert strips[each].fired == strips[idle].fired == 0

    await bench.log(1)
    await bench.judge(quiet, 3)
    alerts, _ = await bench.alerts.page(service_id=None, limit=9, offset=0)
    strips = await StripReader(database).of(alerts, now)
    # It fired for three seconds, over the end of a part.
    assert strips[quiet].lit_at == [PARTS - 3, PARTS - 2]
    assert (strips[each].fired, len(strips[each].lit_at)) == (1, 1)
    # What began before the day is told by how it stands now.
    later = await StripReader(database).of(alerts, bench.at(2) + PARTS * PART)
    assert later[quiet].lit_at == [0]
    assert later[quiet].fired == 0
    gone = await StripReader(database).of(alerts, bench.at(9) + PARTS * PART)
    assert gone[quiet].lit_at == []
