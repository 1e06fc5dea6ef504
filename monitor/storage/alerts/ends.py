"""Ends of firings that nobody will judge any more."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from monitor.alerts.rule import Alert
from monitor.alerts.state import AlertState
from monitor.storage.alerts.events import add, event_of
from monitor.storage.alerts.notifications import notify
from monitor.storage.alerts.rows import COLUMNS, alert_of


class AlertEnd(StrEnum):
    CHANGED = "the rule was changed"
    PAUSED = "the rule was paused"
    DELETED = "the rule was deleted"
    SERVICE_DELETED = "the service was deleted"


async def end(
    connection: asyncpg.Connection, alert: Alert, why: AlertEnd, now: datetime
) -> None:
    """Tell one last time of a rule that fires; nothing of others.

    Its row is locked. The events of a rule that goes would go with it: what is told
    is all there is of its end.
    """
    if alert.standing is None or alert.standing.state is not AlertState.FIRING:
        return
    event = event_of(
        alert,
        state=AlertState.RESOLVED,
        message=f"resolved: {why}",
        log_id=None,
        now=now,
    )
    if why in (AlertEnd.CHANGED, AlertEnd.PAUSED):
        await add(connection, [(alert, [event])])
    else:
        await notify(connection, [(alert, [event])], outlives=True)


async def end_all(
    connection: asyncpg.Connection, service_id: UUID, now: datetime
) -> None:
    """Of a service that is being deleted, whose row is locked."""
    rows = await connection.fetch(
        f"""
        SELECT {COLUMNS}
          FROM alerts AS a
         WHERE a.service_id = $1 AND a.state = 'firing'
         ORDER BY a.id
           FOR UPDATE
        """,
        service_id,
    )
    for row in rows:
        await end(connection, alert_of(row), AlertEnd.SERVICE_DELETED, now)
