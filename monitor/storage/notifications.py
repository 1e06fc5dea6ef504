"""What is to be told of events, written in the events' own transaction."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from monitor.alert_rules import Alert, AlertEvent
from monitor.alert_states import AlertState
from monitor.ids import LogIds
from monitor.notifications import ChannelKind, DeliveryState, event_body

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
) -> None:
    """One delivery a rule to each channel of the service: the newest of its events.

    Nothing within the rule's cooldown. The end of a firing is told where its beginning
    was.
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
        if await _is_due(connection, alert, events[-1]):
            await _tell(connection, channels, alert, events)


async def _tell(
    connection: asyncpg.Connection,
    channels: Sequence[asyncpg.Record],
    alert: Alert,
    found: Sequence[AlertEvent],
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
                alert.id,
                newest.id,
                event_body(
                    ChannelKind(channel["kind"]),
                    newest,
                    alert=alert.name,
                    service=channel["service_name"],
                    events=len(found),
                ),
                DeliveryState.WAITING.value,
                newest.fired_at,
                newest.fired_at,
            )
            for channel in channels
        ],
    )


async def _is_due(
    connection: asyncpg.Connection, alert: Alert, event: AlertEvent
) -> bool:
    """Whether *event* is to be told; if so that is noted, where it matters later."""
    if event.state is AlertState.RESOLVED and alert.standing is not None:
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
            event.fired_at,
        )
    )
