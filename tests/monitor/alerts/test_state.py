"""Each state a rule over a window can be in, and each way out of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.condition import ConditionOperator
from monitor.alerts.state import AlertStanding, AlertState
from monitor.alerts.window import Aggregate, AlertWindow

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
OK, PENDING, FIRING, RESOLVED = AlertState


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("before", "holds", "for_s", "after", "is_since_now"),
    [
        (OK, False, 60, OK, False),
        (OK, True, 60, PENDING, True),
        (OK, True, 0, FIRING, True),
        (PENDING, False, 60, OK, True),
        (PENDING, True, 60, PENDING, False),
        (PENDING, True, 30, FIRING, True),
        (FIRING, True, 60, FIRING, False),
        (FIRING, True, 0, FIRING, False),
        (FIRING, False, 60, RESOLVED, True),
        (RESOLVED, False, 60, RESOLVED, False),
        (RESOLVED, True, 60, PENDING, True),
        (RESOLVED, True, 0, FIRING, True),
    ],
)
def test_each_transition(
    before: AlertState, holds: bool, for_s: int, after: AlertState, is_since_now: bool
) -> None:
    now = at(30)
    found = AlertStanding(before, START).next(holds=holds, for_s=for_s, now=now)
    assert found == AlertStanding(after, now if is_since_now else START)


def test_pending_lasts_until_the_rule_has_held_long_enough() -> None:
    standing = AlertStanding(OK, START)
    seen = []
    for second in (0, 10, 20, 29.999, 30, 40):
        standing = standing.next(holds=True, for_s=30, now=at(second))
        seen.append(standing.state)
    assert seen == [PENDING, PENDING, PENDING, PENDING, FIRING, FIRING]
    assert standing.since == at(30)


def test_a_gap_starts_the_wait_anew() -> None:
    standing = AlertStanding(OK, START)
    for second, holds in ((0, True), (20, False), (30, True), (50, True)):
        standing = standing.next(holds=holds, for_s=30, now=at(second))
    assert standing == AlertStanding(PENDING, at(30))


def window(aggregate: Aggregate, operator: str, value: str) -> AlertWindow:
    return AlertWindow(
        seconds=60,
        aggregate=aggregate,
        operator=ConditionOperator(operator),
        value=value,
    )


@pytest.mark.parametrize(
    ("operator", "holding", "silent"),
    [
        (">=", [0.5, 0.6], [0.49]),
        ("<=", [0.5, 0.4], [0.51]),
        ("==", [0.5], [0.49]),
        ("!=", [0.49], [0.5]),
        (">", [0.51], [0.5]),
        ("<", [0.49], [0.5]),
    ],
)
def test_each_operator_on_an_aggregate(
    operator: str, holding: list[float], silent: list[float]
) -> None:
    rule = window(Aggregate.ERROR_RATE, operator, "0.5")
    assert all(rule.holds(value) for value in holding)
    assert not any(rule.holds(value) for value in [*silent, None])


@pytest.mark.parametrize(
    ("aggregate", "operator", "value", "expected"),
    [
        (Aggregate.REQUEST_COUNT, "==", "0", True),
        (Aggregate.REQUEST_COUNT, "<", "1", True),
        (Aggregate.REQUEST_COUNT, "<=", "10", True),
        (Aggregate.REQUEST_COUNT, ">", "10", False),
        (Aggregate.ERROR_RATE, "<=", "1", False),
        (Aggregate.COUNT, ">=", "1", False),
    ],
)
def test_what_silence_breaks_asks_for_traffic(
    aggregate: Aggregate, operator: str, value: str, expected: bool
) -> None:
    assert window(aggregate, operator, value).asks_for_traffic() is expected


def test_a_rule_that_holds_since_the_future_holds_since_now() -> None:
    standing = AlertStanding(PENDING, at(315_360_000)).next(
        holds=True, for_s=60, now=at(0)
    )
    assert standing == AlertStanding(PENDING, at(0))
    assert standing.next(holds=True, for_s=60, now=at(60)).state is FIRING


@pytest.mark.parametrize(
    ("operator", "limit", "recovery", "still", "over"),
    [
        (">", "0.5", 0.2, [0.9, 0.5, 0.21], [0.2, 0.1, None]),
        (">=", "0.5", 0.2, [0.5, 0.4, 0.21], [0.2, 0, None]),
        ("<", "0.5", 0.8, [0.4, 0.5, 0.79], [0.8, 1, None]),
        ("<=", "0.5", 0.8, [0.5, 0.6, 0.79], [0.8, 1, None]),
        (">", "0.5", 0.5, [0.51], [0.5]),
        (">", "0.5", 0.0, [0.01], [0.0]),
    ],
)
def test_a_firing_rule_is_over_at_its_recovery_threshold(
    operator: str,
    limit: str,
    recovery: float,
    still: list[float],
    over: list[float | None],
) -> None:
    rule = replace(window(Aggregate.ERROR_RATE, operator, limit), recovery=recovery)
    assert rule.recovery_problem() is None

    def state_after(before: AlertState, value: float | None) -> AlertState:
        found = AlertStanding(before, START).next(
            holds=rule.holds(value), is_over=rule.is_over(value), for_s=0, now=at(9)
        )
        return found.state

    assert {state_after(FIRING, value) for value in still} == {FIRING}
    assert {state_after(FIRING, value) for value in over} == {RESOLVED}
    # It begins by its own value all the same.
    between = [value for value in still if not rule.holds(value)]
    assert all(state_after(OK, value) is OK for value in [*between, *over])
    assert all(state_after(RESOLVED, value) is RESOLVED for value in between)


@pytest.mark.parametrize(
    ("aggregate", "operator", "limit", "recovery", "problem"),
    [
        (Aggregate.ERROR_RATE, ">", "0.5", 0.6, "does not hold"),
        (Aggregate.ERROR_RATE, ">=", "0.5", 0.5, "does not hold"),
        (Aggregate.ERROR_RATE, "<", "0.5", 0.4, "does not hold"),
        (Aggregate.ERROR_RATE, "<", "0.5", 1.5, "from 0 to 1"),
        (Aggregate.REQUEST_COUNT, "<=", "5", 5, "does not hold"),
        (Aggregate.REQUEST_COUNT, "<", "5", 7.5, "a whole number"),
        (Aggregate.REQUEST_COUNT, "<", "5", 2e9, "at most"),
        (Aggregate.REQUEST_COUNT, "==", "0", 5, "goes with"),
        (Aggregate.P95_LATENCY_MS, "!=", "5", 5, "goes with"),
        (Aggregate.REQUEST_COUNT, "<", "5", 1234567, None),
        (Aggregate.COUNT, ">=", "5", 0, None),
        (Aggregate.P95_LATENCY_MS, ">", "2000", 1500.5, None),
    ],
)
def test_a_recovery_threshold_fits_its_rule(
    aggregate: Aggregate,
    operator: str,
    limit: str,
    recovery: float,
    problem: str | None,
) -> None:
    rule = replace(window(aggregate, operator, limit), recovery=float(recovery))
    found = rule.recovery_problem()
    assert (found is None) if problem is None else (problem in (found or ""))
