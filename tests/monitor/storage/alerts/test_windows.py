"""Rules over a window are judged from the logs that are stored."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from monitor.counters import Counters
from monitor.storage.alerts import rolled_up
from monitor.storage.alerts.windows import (
    QUERY_TOO_LONG,
    AlertWindows,
    logs_within,
)
from monitor.storage.database.pool import Database
from monitor.storage.logs.columns import FROM
from monitor.storage.registry.services import Services
from monitor.storage.rollups.upkeep import Limits, RollupUpkeep
from monitor.traffic.exchange import Source
from tests.support.alert_bench import (
    FIRING,
    OK,
    PENDING,
    QUIET,
    RATE,
    RESOLVED,
    SLOW,
    Bench,
    counted,
)
from tests.support.plain_metrics import percentile


@pytest.mark.parametrize("source", [Source.PROXY, Source.INGEST])
async def test_a_rule_goes_through_all_its_states(bench: Bench, source: Source) -> None:
    rule = await bench.rule(**RATE, for_s=10)
    assert await bench.state(rule, 0) is OK
    await bench.log(1, status_code=200, source=source)
    failed = await bench.log(2, status_code=500, source=source)
    assert await bench.state(rule, 3) is OK
    failed = await bench.log(4, status_code=503, source=source)
    assert await bench.state(rule, 5) is PENDING
    assert await bench.state(rule, 14) is PENDING
    assert await bench.events(rule) == []
    assert await bench.state(rule, 16) is FIRING
    assert await bench.state(rule, 30) is FIRING
    [event] = await bench.events(rule)
    assert (event.state, event.log_id) == (FIRING, failed)
    assert event.message == "error_rate > 0.5 within 60 s: it was 0.666667"
    assert event.fired_at == bench.at(16)
    assert await bench.state(rule, 70) is RESOLVED
    [resolved, _] = await bench.events(rule)
    assert (resolved.state, resolved.log_id) == (RESOLVED, None)
    assert await bench.state(rule, 80) is RESOLVED
    assert len(await bench.events(rule)) == 2
    await bench.log(81, error="upstream_reset: gone", source=source)
    assert await bench.state(rule, 82) is PENDING
    assert await bench.state(rule, 150) is OK
    assert len(await bench.events(rule)) == 2


async def test_a_rule_fires_on_until_its_recovery_threshold(bench: Bench) -> None:
    rule = await bench.rule(
        **counted("status_code", ">=", "500", 2), recovery_threshold=0
    )
    await bench.log(1, status_code=500)
    await bench.log(20, status_code=500)
    assert await bench.state(rule, 21) is FIRING
    found = await bench.judge(rule, 70)
    assert (found.value, found.standing and found.standing.state) == (1, FIRING)
    assert await bench.state(rule, 90) is RESOLVED
    await bench.log(91, status_code=500)
    assert await bench.state(rule, 93) is RESOLVED


@pytest.mark.parametrize(
    ("field", "operator", "value", "matching", "other"),
    [
        ("status_code", ">=", "500", [500, 503], [None, 499]),
        ("status_code", "<=", "399", [200, 399], [None, 400]),
        ("status_code", "==", "404", [404, 404], [None, 400]),
        ("status_code", "!=", "200", [404, 500], [None, 200]),
        ("status_code", ">", "499", [500, 501], [None, 499]),
        ("status_code", "<", "200", [101, 103], [None, 200]),
        ("latency_ms", ">=", "2000", [2000, 2000.5], [None, 1999.9]),
        ("latency_ms", "<=", "1.5", [1.5, 0], [None, 1.6]),
        ("latency_ms", "==", "10", [10, 10], [None, 10.1]),
        ("latency_ms", "!=", "10", [11, 12], [None, 10]),
        ("latency_ms", ">", "1e3", [1000.1, 2000], [None, 1000]),
        ("latency_ms", "<", "5", [4.9, 0], [None, 5]),
        ("error", "==", "true", ["broken", "x"], [None]),
        ("error", "==", "false", [None, None], ["broken"]),
        ("error", "!=", "true", [None, None], ["broken"]),
        ("error", "!=", "false", ["broken", "x"], [None]),
        ("error", "==", "broken", ["broken", "broken"], [None, "Broken"]),
        ("error", "!=", "broken", ["other", "x"], [None, "broken"]),
    ],
)
async def test_a_count_counts_what_a_rule_of_each_log_would_match(
    bench: Bench,
    field: str,
    operator: str,
    value: str,
    matching: list[Any],
    other: list[Any],
) -> None:
    window = await bench.rule(**counted(field, operator, value, 2))
    fields = {
        "condition_field": field,
        "condition_operator": operator,
        "condition_value": value,
    }
    each = await bench.alerts.create(bench.service_id, {"name": "each", **fields})
    assert each is not None
    for given in (*other, matching[0]):
        first = await bench.log(1, **{field: given})
    found = await bench.judge(window, 2)
    assert found.value == 1
    assert found.standing is not None and found.standing.state is OK
    second = await bench.log(3, **{field: matching[1]})
    found = await bench.judge(window, 5)
    assert found.value == 2
    [event] = await bench.events(window)
    assert event.log_id == second
    assert event.message == (
        f"count >= 2 of {field} {operator} {value} within 60 s: it was 2"
    )
    assert {e.log_id for e in await bench.events(each.id)} == {first, second}


async def test_no_traffic_is_noticed_though_no_log_comes_at_all(bench: Bench) -> None:
    rule = await bench.rule(**QUIET)
    assert await bench.state(rule, 0) is FIRING
    [event] = await bench.events(rule)
    assert event.log_id is None
    assert event.message == "request_count == 0 within 60 s: it was 0"
    await bench.log(1, status_code=200)
    assert await bench.state(rule, 3) is RESOLVED
    assert await bench.state(rule, 63) is FIRING


async def test_silence_before_anyone_listened_says_nothing(
    bench: Bench, database: Database
) -> None:
    rule = await bench.rule(**QUIET)
    bench.windows = AlertWindows(database, listening_since=bench.start)
    assert await bench.state(rule, 59) is OK
    assert await bench.state(rule, 62) is FIRING


async def test_a_new_service_has_a_window_of_time_for_its_first_log(
    bench: Bench, database: Database
) -> None:
    async with database.connection() as connection:
        await connection.execute("UPDATE services SET created_at = $1", bench.start)
    rule = await bench.rule(**QUIET)
    assert await bench.state(rule, 59) is OK
    assert await bench.state(rule, 62) is FIRING


async def test_the_95th_percentile_is_the_metrics_one(bench: Bench) -> None:
    rule = await bench.rule(**SLOW)
    for latency_ms in range(100, 1100, 100):
        slowest = await bench.log(1, latency_ms=float(latency_ms))
    await bench.log(1, latency_ms=None)
    found = await bench.judge(rule, 3)
    assert found.value == pytest.approx(955)
    assert found.standing is not None and found.standing.state is OK
    await bench.log(4, latency_ms=1200.0)
    slowest = await bench.log(4, latency_ms=1300.0)
    assert await bench.state(rule, 6) is FIRING
    [event] = await bench.events(rule)
    assert event.log_id == slowest


async def test_nothing_measured_breaks_no_rule(bench: Bench) -> None:
    rate = await bench.rule(**{**RATE, "condition_operator": "<"})
    slow = await bench.rule(**{**SLOW, "condition_operator": "<"})
    assert await bench.state(rate, 0) is OK
    assert await bench.state(slow, 0) is OK


async def test_replays_and_other_services_are_left_out(
    bench: Bench, database: Database
) -> None:
    from monitor.storage.registry.services import Services

    async def publish() -> None:
        """No proxy is there to be told."""

    other = await Services(database, publish=publish).create({"name": "other"})
    rule = await bench.rule(**counted("status_code", ">=", "500", 1))
    await bench.log(1, status_code=500, source=Source.REPLAY)
    await bench.log(1, status_code=500, service_id=other.id)
    await bench.log(-61, status_code=500)
    assert (await bench.judge(rule, 2)).value == 0


async def test_a_timeout_counts_when_it_ends_though_it_began_before(
    bench: Bench,
) -> None:
    rule = await bench.rule(**{**RATE, "window_s": 10})
    await bench.log(
        0, error="upstream_timeout: x", status_code=504, latency_ms=60_000.0
    )
    assert await bench.state(rule, 60.5) is FIRING


async def test_an_absurd_latency_breaks_nothing(bench: Bench) -> None:
    rule = await bench.rule(**SLOW)
    await bench.log(1, latency_ms=1e308)
    found = await bench.judge(rule, 2)
    assert found.error is None
    assert found.value == 1e308


async def test_a_broken_rule_is_marked_and_the_others_are_judged(
    bench: Bench, database: Database
) -> None:
    broken = await bench.rule(**RATE)
    whole = await bench.rule(**QUIET)
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE alerts SET condition_value = 'x' WHERE id = $1", broken
        )
    found = await bench.judge(broken, 0)
    assert found.error == "error_rate is compared with a number"
    whole_one = await bench.alerts.get(whole)
    assert whole_one is not None and whole_one.standing is not None
    assert whole_one.standing.state is FIRING
    mended = await bench.alerts.change(broken, {"condition_value": "0.5"})
    assert mended is not None and mended.error is None
    assert (await bench.judge(broken, 2)).error is None


async def test_an_event_that_is_refused_blocks_no_log_and_no_other_rule(
    bench: Bench, database: Database
) -> None:
    each = {"condition_field": "status_code", "condition_operator": ">="}
    made = [
        await bench.alerts.create(
            bench.service_id, {"name": "r", "condition_value": value, **each}
        )
        for value in ("500", "400")
    ]
    window = await bench.rule(**counted("status_code", ">=", "500", 1))
    async with database.connection() as connection:
        await connection.execute(
            """
            ALTER TABLE alert_events
              ADD CHECK (message NOT LIKE 'status_code >= 500%'
                         AND message NOT LIKE 'count%')
            """
        )
    log = await bench.log(1, status_code=503)
    refused, whole = [await bench.alerts.get(alert.id) for alert in made if alert]
    assert refused is not None and whole is not None
    assert refused.error == "an event could not be stored"
    assert whole.error is None
    assert [event.log_id for event in await bench.events(whole.id)] == [log]
    assert (await bench.judge(window, 2)).error == "an event could not be stored"


async def test_measuring_that_takes_too_long_is_said_and_tried_again(
    bench: Bench, database: Database
) -> None:
    rule = await bench.rule(**QUIET)
    await bench.log(-100)
    bench.windows = AlertWindows(
        database, listening_since=bench.at(-3600), timeout_ms=50
    )
    async with database.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE logs IN ACCESS EXCLUSIVE MODE")
        found = await bench.judge(rule, 0)
    assert found.error == "measuring takes too long; a shorter window takes less"
    bench.windows = AlertWindows(database, listening_since=bench.at(-3600))
    found = await bench.judge(rule, 2)
    assert found.error is None
    assert found.standing is not None and found.standing.state is FIRING


async def test_a_change_of_what_is_asked_starts_the_rule_anew(bench: Bench) -> None:
    rule = await bench.rule(**QUIET)
    assert await bench.state(rule, 0) is FIRING
    renamed = await bench.alerts.change(rule, {"name": "n", "cooldown_s": 5})
    assert renamed is not None and renamed.standing is not None
    assert renamed.standing.state is FIRING
    same = await bench.alerts.change(rule, {**QUIET, "window_s": 60})
    assert same is not None and same.standing == renamed.standing
    changed = await bench.alerts.change(rule, {"window_s": 30})
    assert changed is not None and changed.standing is not None
    assert changed.standing.state is OK
    stopped = await bench.alerts.change(rule, {"is_active": False})
    assert stopped is not None
    assert await bench.state(rule, 100) is OK


async def test_a_rule_is_judged_once_by_two_judges_at_a_time(bench: Bench) -> None:
    for _ in range(10):
        await bench.rule(**QUIET)
    judged = await asyncio.gather(
        *(bench.windows.judge_due(bench.at(0)) for _ in range(3))
    )
    assert sum(judged) == 10
    assert await bench.windows.judge_due(bench.at(1)) == 0
    assert await bench.windows.judge_due(bench.at(2)) == 10


@pytest.mark.parametrize("is_folded", [False, True])
async def test_a_long_window_measures_what_ended_in_it(
    bench: Bench, database: Database, is_folded: bool
) -> None:
    """From rollups, but for its ends: an hour with 40 logs at 10 of its moments."""
    given = {"condition_operator": ">", "window_s": 3600}
    rules = {
        name: await bench.rule(aggregate=name, condition_value=value, **given)
        for name, value in [
            ("request_count", "1000"),
            ("error_rate", "0.99"),
            ("p95_latency_ms", "1e9"),
        ]
    }
    measured = []
    for began in (-3700, -3650, -3601, -3600.5, -3599, -3301, -2000, -300, -1, 1):
        for latency_ms, status_code in [(None, 200), (5, 500), (70_000, 200), (9, 503)]:
            await bench.log(began, latency_ms=latency_ms, status_code=status_code)
            ended = began + (latency_ms or 0) / 1000
            if began < 0 and ended >= -3600 and began >= -3600 - 65:
                measured.append((latency_ms, status_code))
    await bench.log(-300, status_code=500, source=Source.REPLAY)
    if is_folded:
        upkeep = RollupUpkeep(
            database, counters=Counters(), limits=Limits(few_changes=0)
        )
        while await upkeep.step():
            pass
    values = {name: (await bench.judge(id, 0)).value for name, id in rules.items()}
    latencies = [float(ms) for ms, _ in measured if ms is not None]
    assert values == {
        "request_count": len(measured),
        "error_rate": sum(code >= 500 for _, code in measured) / len(measured),
        "p95_latency_ms": percentile(latencies, 0.95),
    }
    # As if there were more than are read one by one.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolled_up, "EXACT_LOGS", 0)
        found = (await bench.judge(rules["p95_latency_ms"], 60)).value
    assert found == pytest.approx(70_000, rel=0.01)


async def _nobody() -> None:
    """No proxy is there to be told."""


# What each finds of the logs below: the first four are of the bench's service.
LOGS: tuple[dict[str, Any], ...] = (
    {"status_code": 500, "latency_ms": 900.0, "path": "/v1/pay"},
    {"status_code": 200, "latency_ms": 20.0, "path": "/v1/pay"},
    {"status_code": 404, "latency_ms": 30.0, "method": "POST", "tags": ("slow",)},
    {"status_code": 200, "latency_ms": None, "error": "dns: gone"},
    {"status_code": 503, "latency_ms": 10.0, "path": "/v1/ship"},
)
COUNT = {"aggregate": "count", "threshold": 1}
QUERIED: tuple[tuple[str, set[int]], ...] = (
    # From rollups, where the window is long enough.
    ("endpoint:/v1/pay", {0, 1}),
    ("status:5xx OR method:POST", {0, 2, 4}),
    ("service:pay -status:200", {0, 2}),
    # One by one.
    ("path:/v1/*", {0, 1, 4}),
    ("tag:slow OR error:dns", {2, 3}),
    ("is:error since:10s", {0, 3, 4}),
    ("body:absent", set()),
)


@pytest.mark.parametrize("window_s", [60, 7_200])
async def test_a_query_says_which_logs_a_window_is_about(
    bench: Bench, window_s: int
) -> None:
    services = Services(bench.database, publish=_nobody)
    other = (await services.create({"name": "other"})).id
    for at, fields in enumerate(LOGS):
        whose = other if at == 4 else bench.service_id
        await bench.log(-5 + at / 10, **{"service_id": whose, **fields})
    # Replays are left out, whatever the query says.
    await bench.log(-4, source=Source.REPLAY, status_code=500, path="/v1/pay")
    await RollupUpkeep(
        bench.database, counters=Counters(), limits=Limits(few_changes=0)
    ).step()
    wanted: dict[UUID, float | None] = {}
    for query, found in QUERIED:
        for of_all in (False, True):
            asked = {"query": query, "of_all": of_all, "window_s": window_s}
            logs = [LOGS[at] for at in found if of_all or at < 4]
            errors = sum(log["status_code"] >= 500 or "error" in log for log in logs)
            rate = errors / len(logs) if logs else None
            wanted[await bench.rule(**asked, **COUNT)] = len(logs)
            wanted[await bench.rule(**asked, **RATE)] = rate
            latencies = [log["latency_ms"] for log in logs if log["latency_ms"]]
            slowest = percentile(latencies, 0.95) if latencies else None
            wanted[await bench.rule(**asked, **SLOW)] = slowest
    await bench.windows.judge_due(bench.at(0))
    told = {id: await bench.alerts.get(id) for id in wanted}
    assert [rule for rule in told.values() if rule is None or rule.error] == []
    assert {id: rule and rule.value for id, rule in told.items()} == wanted


async def test_a_rule_of_all_services_is_told_as_such(bench: Bench) -> None:
    rule = await bench.rule(
        of_all=True, query="status:5xx", **{**COUNT, "threshold": 2}
    )
    await bench.log(1, status_code=500)
    newest = await bench.log(2, status_code=503)
    assert await bench.state(rule, 3) is FIRING
    [event] = await bench.events(rule)
    assert (event.service_id, event.log_id) == (None, newest)
    assert event.message == "count >= 2 of `status:5xx` within 60 s: it was 2"
    [listed], _ = await bench.alerts.page(
        service_id=bench.service_id, limit=9, offset=0
    )
    assert listed.id == rule


async def test_a_query_that_takes_too_long_is_said_and_blocks_no_log(
    bench: Bench,
) -> None:
    sudden = await bench.rule(window_s=None, query="body:late")
    lasting = await bench.rule(query="body:late", **COUNT)
    hasty = AlertWindows(bench.database, listening_since=bench.at(-99), timeout_ms=50)
    await bench.log(0)
    async with bench.database.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE log_bodies IN ACCESS EXCLUSIVE MODE")
        logged = await bench.log(1)
        await hasty.judge_due(bench.at(2))
    reasons = {sudden: "the query takes longer than 1000 ms", lasting: QUERY_TOO_LONG}
    for id, reason in reasons.items():
        rule = await bench.alerts.get(id)
        assert rule is not None and rule.error == reason
    async with bench.database.connection() as connection:
        assert await connection.fetchval("SELECT true FROM logs WHERE id = $1", logged)
    assert (await bench.judge(lasting, 9)).error is None


async def test_measuring_reads_the_window_and_not_the_whole_day(
    bench: Bench, database: Database
) -> None:
    rule = await bench.rule(
        aggregate="request_count",
        condition_operator=">",
        condition_value="9",
        window_s=10,
    )
    await bench.log(-1)
    alert = await bench.judge(rule, 0)
    assert alert.value == 1 and alert.window is not None
    made = logs_within(alert, alert.window, timedelta(seconds=5), bench.start)
    async with database.connection() as connection:
        await connection.execute("SET enable_seqscan = off")
        plan = await connection.fetch(
            f"EXPLAIN SELECT count(*) {FROM} WHERE {made.where}", *made.arguments
        )
    bounds = [
        row[0] for row in plan if "Index Cond" in row[0] and "service_id" in row[0]
    ]
    assert bounds and all("id >=" in bound for bound in bounds)


async def test_a_rule_is_judged_on_after_the_clock_has_stepped_back(
    bench: Bench,
) -> None:
    ten_years = 315_360_000
    rule = await bench.rule(**RATE, for_s=10)
    await bench.log(ten_years - 1, status_code=500)
    assert await bench.state(rule, ten_years) is PENDING
    await bench.log(1, status_code=500)
    assert await bench.state(rule, 2) is PENDING
    assert await bench.state(rule, 13) is FIRING
    [event] = await bench.events(rule)
    assert event.fired_at == bench.at(13)
