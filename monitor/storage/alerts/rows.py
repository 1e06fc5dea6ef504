"""Rows of rules and events, and what they become."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from monitor.alerts.condition import Condition, ConditionField, ConditionOperator
from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.state import AlertStanding, AlertState
from monitor.alerts.window import COUNTED, Aggregate, AlertWindow
from monitor.storage.retention.terms import ALL_SERVICES

COLUMNS = """
    a.id, a.service_id, a.name, a.description, a.query, a.condition_field,
    a.condition_operator, a.condition_value, a.aggregate, a.window_s, a.for_s,
    a.threshold, a.recovery_threshold, a.cooldown_s, a.include_old, a.is_active,
    a.error, a.state, a.state_since, a.value, a.muted_until, a.created_at,
    a.updated_at
"""


def alert_of(row: asyncpg.Record | Mapping[str, Any]) -> Alert:
    """A row of COLUMNS, *last_fired_at* where it was asked for."""
    return Alert(
        id=row["id"],
        service_id=row["service_id"],
        name=row["name"],
        description=row["description"],
        query=row["query"],
        condition=_condition(row),
        window=_window(row),
        cooldown_s=row["cooldown_s"],
        include_old=row["include_old"],
        is_active=row["is_active"],
        error=row["error"],
        standing=(
            AlertStanding(AlertState(row["state"]), row["state_since"])
            if row["state"]
            else None
        ),
        value=row["value"],
        muted_until=row["muted_until"],
        last_fired_at=row.get("last_fired_at"),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def alert_event_of(row: asyncpg.Record) -> AlertEvent:
    service_id = None if row["service_id"] == ALL_SERVICES else row["service_id"]
    state = AlertState(row["state"])
    return AlertEvent(**{**row, "service_id": service_id, "state": state})


def _condition(row: asyncpg.Record | Mapping[str, Any]) -> Condition | None:
    if row["condition_field"] is None:
        return None
    return Condition(
        field=ConditionField(row["condition_field"]),
        operator=ConditionOperator(row["condition_operator"]),
        value=row["condition_value"],
    )


def _window(row: asyncpg.Record | Mapping[str, Any]) -> AlertWindow | None:
    """Of a count, *threshold* is the least; else the rule's own comparison counts."""
    if row["window_s"] is None:
        return None
    aggregate = Aggregate(row["aggregate"])
    is_count = aggregate is Aggregate.COUNT
    operator = COUNTED if is_count else ConditionOperator(row["condition_operator"])
    return AlertWindow(
        seconds=row["window_s"],
        aggregate=aggregate,
        operator=operator,
        value=str(row["threshold"]) if is_count else row["condition_value"],
        for_s=row["for_s"] or 0,
        recovery=row["recovery_threshold"],
    )
