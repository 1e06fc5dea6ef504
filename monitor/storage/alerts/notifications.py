"""Notifications of events, written in the events' own transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from monitor.alerts.channel import DeliveryState
from monitor.alerts.kinds import ChannelKind
from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.state import AlertState
from monitor.alerts.told import ToldLog, event_body
from monitor.storage.alerts.rows import alert_event_of
from monitor.traffic.ids import LogIds, bucket_of, timestamp_of

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
Told = tuple[Alert, Sequence[AlertEvent], datetime]
Logs = Mapping[UUID | None, ToldLog]


async def notify(
    connection: asyncpg.Connection,
    found: Sequence[tuple[Alert, Sequence[AlertEvent]]],
    *,
    now: datetime | None = None,
    outlives: bool = False,
) -> None:
    """One delivery a rule to each channel of the service: the newest of its events.

    The events are of one service, or of all: then the channels of all are told.

    Nothing within the rule's cooldown; *now* is when the event came about, unless it
    is told late. The end of a firing is told where its beginning was. *outlives*: the
    rules are about to go, and what is told of them stays.
    """
    service_id = found[0][1][0].service_id
    # Held until the commit: a channel that is deleted meanwhile would refuse its
    # deliveries, and with them the logs.
    channels = await connection.fetch(
        """
        SELECT c.id, c.kind, s.name AS service_name
          FROM alert_channels AS c
          LEFT JOIN services AS s ON s.id = $1
         WHERE c.is_active AND (c.service_id = $1 OR c.service_id IS NULL)
           FOR KEY SHARE OF c SKIP LOCKED
        """,
        service_id,
    )
    if not channels:
        return
    due: list[Told] = []
    for alert, events in found:
        moment = now or events[-1].fired_at
        if await _is_due(connection, alert, events[-1].state, moment):
            due.append((alert, events, moment))
    logs = await _logs(connection, [events[-1].log_id for _, events, _ in due])
    await connection.copy_records_to_table(
        "alert_deliveries",
        schema_name="apimonitor",
        columns=DELIVERY_COLUMNS,
        records=[
            _delivery(channel, told, logs, outlives=outlives)
            for told in due
            for channel in channels
        ],
    )


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
        await notify(connection, [(alert, [alert_event_of(row)])], now=now)


def _delivery(
    channel: asyncpg.Record, told: Told, logs: Logs, *, outlives: bool
) -> tuple[object, ...]:
    alert, events, moment = told
    newest = events[-1]
    body = event_body(
        ChannelKind(channel["kind"]),
        alert,
        events,
        service=channel["service_name"],
        log=logs.get(newest.log_id),
    )
    return (
        DELIVERY_IDS.new(),
        channel["id"],
        None if outlives else alert.id,
        newest.id,
        body,
        DeliveryState.WAITING.value,
        moment,
        moment,
    )


async def _logs(
    connection: asyncpg.Connection, wanted: Iterable[UUID | None]
) -> dict[UUID | None, ToldLog]:
    """What is told of the logs behind events, where they are there."""
    ids = [id for id in wanted if id is not None]
    if not ids:
        return {}
    moments = [timestamp_of(id) for id in ids]
    rows = await connection.fetch(
        """
        SELECT l.id, l.method, l.path, l.status_code, l.latency_ms, l.error
          FROM unnest($1::int[], $2::timestamptz[], $3::uuid[])
               AS wanted (bucket, ts, id)
          JOIN logs AS l
            ON l.bucket = wanted.bucket AND l.ts = wanted.ts AND l.id = wanted.id
         WHERE l.ts BETWEEN $4 AND $5
        """,
        [bucket_of(id) for id in ids],
        moments,
        ids,
        min(moments),
        max(moments),
    )
    return {row["id"]: ToldLog(**dict(row)) for row in rows}


async def _is_due(
    connection: asyncpg.Connection, alert: Alert, state: AlertState, now: datetime
) -> bool:
    """Whether *state* is to be told; if so that is noted, where it matters later."""
    if alert.muted_until is not None and alert.muted_until > now:
        return False
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
