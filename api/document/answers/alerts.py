"""Answers about alert rules."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from api.document.answers.shown import Count, Shown
from monitor.alerts.condition import ConditionField, ConditionOperator
from monitor.alerts.state import AlertState
from monitor.alerts.window import Aggregate


class Alert(Shown):
    """`state` and what follows it are of rules over a window. `service_id` null: of all
    services.
    """

    id: UUID
    service_id: UUID | None
    name: str
    description: str | None
    query: str | None
    condition_field: ConditionField | None
    condition_operator: ConditionOperator | None
    condition_value: str | None
    aggregate: Aggregate | None
    window_s: int | None
    for_s: int | None
    threshold: int | None
    recovery_threshold: float | None
    cooldown_s: int | None
    include_old: bool
    is_active: bool
    error: str | None
    state: AlertState | None
    state_since: AwareDatetime | None
    value: float | None
    muted_until: AwareDatetime | None
    last_fired_at: AwareDatetime | None
    created_at: AwareDatetime
    updated_at: AwareDatetime


class AlertEvent(Shown):
    id: UUID
    alert_id: UUID
    service_id: UUID | None
    log_id: UUID | None
    state: Literal[AlertState.FIRING, AlertState.RESOLVED]
    fired_at: AwareDatetime
    message: str


class PreviewPoint(Shown):
    start: AwareDatetime
    value: float | None


class AlertPreview(Shown):
    """Of a rule of each log, `threshold` is null, and each log fires. `fired_last_week`
    is null where counting would take too long."""

    bucket_s: float
    threshold: float | None
    recovery_threshold: float | None
    fired_last_day: Count
    fired_last_week: Count | None
    series: list[PreviewPoint]
