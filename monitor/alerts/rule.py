"""Rules, and what they found."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitor.alerts.condition import Condition
from monitor.alerts.state import AlertStanding, AlertState
from monitor.alerts.window import AlertWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule: of each log by itself, or of all logs within *window*.

    *service_id* is None where the logs of all services are looked at; *query*: those
    that it finds, only. *condition* is None where *window* compares an aggregate of
    these, or the query says all. *error* says why the rule cannot run, where it broke.
    *include_old*: it fires for logs, too, that were handed over long after they ended.
    *standing* and *value*, what was measured last, belong to rules with a window.
    Before *muted_until* nobody is told.
    """

    id: UUID
    service_id: UUID | None
    name: str
    description: str | None
    query: str | None
    condition: Condition | None
    window: AlertWindow | None
    cooldown_s: int | None
    include_old: bool
    is_active: bool
    error: str | None
    standing: AlertStanding | None
    value: float | None
    muted_until: datetime | None
    last_fired_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """*log_id* is None where there is no log behind it: no traffic, or resolved.

    *service_id* is that of the log or of the rule.
    """

    id: UUID
    alert_id: UUID
    service_id: UUID | None
    log_id: UUID | None
    state: AlertState
    fired_at: datetime
    message: str
