"""What is to be told of events, written in the events' own transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from monitor.alert_rules import Alert, AlertEvent
from monitor.alert_states import AlertState
from monitor.ids import LogIds
from monitor.notifications import ChannelKind, DeliveryState, event_body
from monitor.storage.alert_rows import alert_event_of

DELIVERY_COLUMNS = (
    "id",
    "channel_id",
    "alert_id",
    "event_id",
    "body",
    "state",
    "next_attempt_at",
    "created_at",
)
DELIVERY_IDS = LogIds()


async def notify(
    connection: asyncpg.Connection,
    service_id: UUID,
    found: Sequence[tuple[Alert, Sequence[AlertEvent]]],
    *,
    now: datetime | None = None,
    outlives: bool = False,
) -> None:
    """One delivery a rule to each channel of the service: the newest of its events.

    Nothing within the rule's cooldown; *now* is when the event came about, unless it
    is told late. The end of a firing is told where its beginning was. *outlives*: the
    rules are about to go, and what is told of them stays.
    """
    # Held until the commit: a channel that is deleted meanwhile would refuse its
    # deliveries, and with them the logs.
    channels = await connection.fetch(
        """
        SELECT c.id, c.kind, s.name AS service_name
          FROM alert_channels AS c
          JOIN services AS s ON s.id = $1
         WHERE c.is_active AND (c.service_id = $1 OR c.service_id IS NULL)
           FOR KEY SHARE OF c SKIP LOCKED
        """,
        service_id,
    )
    if not channels:
        return
    for alert, events in found:
        moment = now or events[-1].fired_at
        if await _is_due(connection, alert, events[-1].state, moment):
            alert_id = None if outlives else alert.id
            await _tell(connection, channels, alert, events, alert_id, moment)


async def notify_late(
    connection: asyncpg.Connection, alert: Alert, now: datetime
) -> None:
    """Tell of a rule that fires what nobody could be told as it began.

    It began within the cooldown, or there was no channel.
    """
    row = await connection.fetchrow(
        """
        SELECT e.id, e.alert_id, e.service_id, e.log_id, e.state, e.fired_at, e.message
          FROM alerts AS a
          JOIN alert_events AS e ON e.alert_id = a.id
         WHERE a.id = $1
           AND (a.notified_at IS NULL OR a.notified_at < a.state_since)
           AND e.state = 'firing'
         ORDER BY e.id DESC
         LIMIT 1
        """,
        alert.id,
    )
    if row is not None:
        await notify(
            connection, alert.service_id, [(alert, [alert_event_of(row)])], now=now
        )


async def _tell(
    connection: asyncpg.Connection,
    channels: Sequence[asyncpg.Record],
    alert: Alert,
    found: Sequence[AlertEvent],
    alert_id: UUID | None,
    now: datetime,
) -> None:
    newest = found[-1]
    await connection.copy_records_to_table(
        "alert_deliveries",
        schema_name="apimonitor",
        columns=DELIVERY_COLUMNS,
        records=[
            (
                DELIVERY_IDS.new(),
                channel["id"],
                alert_id,
                newest.id,
                event_body(
                    ChannelKind(channel["kind"]),
                    newest,
                    alert=alert.name,
                    service=channel["service_name"],
                    events=len(found),
                ),
                DeliveryState.WAITING.value,
                now,
                now,
            )
            for channel in channels
        ],
    )


async def _is_due(
    connection: asyncpg.Connection, alert: Alert, state: AlertState, now: datetime
) -> bool:
    """Whether *state* is to be told; if so that is noted, where it matters later."""
    if state is AlertState.RESOLVED and alert.standing is not None:
        return bool(
            await connection.fetchval(
                "SELECT notified_at >= $2 FROM alerts WHERE id = $1",
                alert.id,
                alert.standing.since,
            )
        )
    if alert.cooldown_s is None and alert.window is None:
        return True
    return bool(
        await connection.fetchval(
            """
            UPDATE alerts
               SET notified_at = $2::timestamptz
             WHERE id = $1
               AND (notified_at IS NULL
                    OR cooldown_s IS NULL
                    -- By a clock that has stepped back since.
                    OR notified_at > $2::timestamptz + make_interval(mins => 1)
                    OR notified_at
                       <= $2::timestamptz - make_interval(secs => cooldown_s))
            RETURNING true
            """,
            alert.id,
            now,
        )
    )
