"""From what a rule found to the logs that it measured."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from monitor.alerts import links
from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.state import AlertState
from monitor.storage.alerts.rows import alert_of

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UNSET = dict.fromkeys(Alert.__dataclass_fields__)


def rule(**fields: object) -> Alert:
    return alert_of(
        {
            **dict.fromkeys(("condition_field", "for_s", "threshold"), None),
            "recovery_threshold": None,
            "state_since": NOON,
            **UNSET,
            "id": uuid4(),
            "aggregate": "error_rate",
            "window_s": 300,
            "condition_operator": ">",
            "condition_value": "0.1",
            "query": "path:/charges",
            "state": "ok",
            **fields,
        }
    )


def event(alert: Alert, state: AlertState, minutes: int) -> AlertEvent:
    return AlertEvent(
        id=uuid4(),
        alert_id=alert.id,
        service_id=None,
        log_id=None,
        state=state,
        fired_at=NOON + minutes * MINUTE,
        message="",
    )


def test_an_event_leads_to_what_was_measured_until_it_was_over() -> None:
    alert = rule()
    found = [
        event(alert, AlertState.FIRING, 30),
        event(alert, AlertState.RESOLVED, 20),
        event(alert, AlertState.FIRING, 10),
        # What began it is on the next page.
        event(alert, AlertState.RESOLVED, 5),
    ]
    addresses = links.of_events(alert, found)
    asked = [parse_qs(urlsplit(addresses[one.id]).query) for one in found]
    assert all(one["query"] == ["path:/charges"] for one in asked)
    assert all(one["is_error"] == ["true"] for one in asked)
    windows = [(one["since"][0][11:16], one.get("until")) for one in asked]
    assert [since for since, _ in windows] == ["12:25", "12:05", "12:05", "12:00"]
    ends = [until and until[0][11:16] for _, until in windows]
    assert ends == [None, "12:20", "12:20", "12:05"]
    assert links.of_events(rule(window_s=None, aggregate=None), found) == {}
