"""Links from what a rule found to where one looks for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from monitor import times
from monitor.alerts.condition import Condition, ConditionField, ConditionOperator
from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.state import AlertState
from monitor.alerts.window import Aggregate, AlertWindow
from monitor.traffic.ids import timestamp_of

UPWARD = (ConditionOperator.AT_LEAST, ConditionOperator.ABOVE)
DOWNWARD = (ConditionOperator.AT_MOST, ConditionOperator.BELOW)
# From here on, a status is an error in the metrics' words.
SERVER_ERROR = 500
STATUSES = range(100, 1000)
# A longer one would make a link that nothing follows; without it, more is shown.
LONGEST_QUERY = 1_000


def paths(alert: Alert, events: Sequence[AlertEvent]) -> dict[str, str | None]:
    """The page of the newest event's log, and the list of all that counted."""
    newest = events[-1]
    return {
        "log": None if newest.log_id is None else f"/log/{newest.log_id}",
        "logs": f"/dashboard?{urlencode(_query(alert, events))}",
    }


def of_events(alert: Alert, events: Sequence[AlertEvent]) -> dict[UUID, str]:
    """Where the logs are that each was measured of, by its id; the newest first.

    Of a rule over a window, from before it fired until it was over.
    """
    if alert.window is None:
        return {}
    found, ended = dict[UUID, str](), None
    for at, event in enumerate(events):
        fired = event
        if event.state is AlertState.RESOLVED:
            ended = event
            older = events[at + 1 : at + 2]
            fired = older[0] if older else event
        until = ended.fired_at if ended else None
        found[event.id] = _within(alert, fired, until)
        if event.state is AlertState.FIRING:
            ended = None
    return found


def _within(alert: Alert, fired: AlertEvent, until: datetime | None) -> str:
    assert alert.window is not None
    since = fired.fired_at - timedelta(seconds=alert.window.seconds)
    query = {"service_id": str(fired.service_id)} if fired.service_id else {}
    query |= {**_filters(alert), "since": times.format(since)}
    if alert.query is not None and len(alert.query) <= LONGEST_QUERY:
        query["query"] = alert.query
    if until is not None:
        query["until"] = times.format(until)
    return f"/dashboard?{urlencode(query)}"


def _query(alert: Alert, events: Sequence[AlertEvent]) -> dict[str, str]:
    """A list may show more than what counted, never less."""
    newest = events[-1]
    moments = [timestamp_of(e.log_id) for e in events if e.log_id is not None]
    if alert.window is not None:
        began = newest.fired_at
        if newest.state is AlertState.RESOLVED and alert.standing is not None:
            began = alert.standing.since
        moments.append(began - timedelta(seconds=alert.window.seconds))
    query = {}
    if newest.service_id is not None:
        query["service_id"] = str(newest.service_id)
    query |= _filters(alert)
    if alert.query is not None and len(alert.query) <= LONGEST_QUERY:
        query["query"] = alert.query
    if moments:
        query["since"] = times.format(min(moments))
    if newest.state is AlertState.RESOLVED:
        query["until"] = times.format(newest.fired_at)
    return query


def _filters(alert: Alert) -> dict[str, str]:
    try:
        if alert.condition is not None:
            return _of_condition(alert.condition)
        return {} if alert.window is None else _of_window(alert.window)
    except ValueError:
        # The rule is broken, and its end is told all the same.
        return {}


def _of_condition(condition: Condition) -> dict[str, str]:
    wanted, operator = condition.wanted(), condition.operator
    if condition.field is ConditionField.ERROR:
        is_set = not isinstance(wanted, bool) or (
            wanted is (operator is ConditionOperator.EQUAL)
        )
        return {"has_error": "true" if is_set else "false"}
    limit = float(wanted)
    if condition.field is ConditionField.LATENCY_MS:
        return _latency(operator, limit)
    if operator is ConditionOperator.EQUAL and limit in STATUSES:
        return {"status_code": f"{limit:.0f}"}
    # Above 499 is at least 500.
    lowest = limit + (operator is ConditionOperator.ABOVE)
    if operator in UPWARD and lowest >= SERVER_ERROR:
        return {"is_error": "true"}
    return {}


def _of_window(window: AlertWindow) -> dict[str, str]:
    if window.operator not in UPWARD:
        return {}
    if window.aggregate is Aggregate.ERROR_RATE:
        return {"is_error": "true"}
    if window.aggregate is Aggregate.P95_LATENCY_MS:
        return _latency(window.operator, window.limit())
    return {}


def _latency(operator: ConditionOperator, limit: float) -> dict[str, str]:
    if limit < 0:
        return {}
    is_equal = operator is ConditionOperator.EQUAL
    asked = {
        "min_latency_ms": is_equal or operator in UPWARD,
        "max_latency_ms": is_equal or operator in DOWNWARD,
    }
    return {name: repr(limit) for name, is_asked in asked.items() if is_asked}
