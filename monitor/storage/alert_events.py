"""How events come about: in the transaction of the logs they are about."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from monitor.alert_rules import Alert, AlertEvent
from monitor.alert_states import AlertState
from monitor.exchange import Exchange
from monitor.ids import LogIds
from monitor.storage.alerts import COLUMNS, alert_of
from monitor.storage.gathered import Storable, exchange_of, services_of
from monitor.storage.notifications import notify

EVENT_COLUMNS = (
    "service_id",
    "id",
    "alert_id",
    "log_id",
    "state",
    "fired_at",
    "message",
)
EVENT_IDS = LogIds()
# What PostgreSQL says of an event that it will never take.
REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


async def evaluate(
    connection: asyncpg.Connection, exchanges: Sequence[Storable]
) -> None:
    """Add an event for each rule and log that match, in the logs' transaction.

    A rule that breaks is marked with its error, and blocks nothing.
    """
    # Held until the commit: a rule that is deleted meanwhile would refuse its events.
    # One that is being deleted is passed over. By id, so that batches at the same time
    # take the rules' rows in the same order.
    rows = await connection.fetch(
        f"""
        SELECT {COLUMNS}
          FROM alerts AS a
         WHERE a.is_active AND a.error IS NULL AND a.window_s IS NULL
           AND a.service_id = ANY($1)
         ORDER BY a.id
           FOR KEY SHARE SKIP LOCKED
        """,
        services_of(exchanges),
    )
    for row in rows:
        try:
            alert = alert_of(row)
            found = _matches(alert, exchanges)
            if found:
                # A savepoint: what this rule's events run into is undone alone.
                async with connection.transaction():
                    await add(connection, alert, found)
        except ValueError as error:
            await mark(connection, row["id"], str(error))
        except REFUSED:
            await mark(connection, row["id"], "an event could not be stored")


async def add(
    connection: asyncpg.Connection, alert: Alert, found: Sequence[AlertEvent]
) -> None:
    """Store events of one rule, and what is to be told of them."""
    await connection.copy_records_to_table(
        "alert_events",
        schema_name="apimonitor",
        columns=EVENT_COLUMNS,
        records=[
            tuple(getattr(event, column) for column in EVENT_COLUMNS) for event in found
        ],
    )
    await notify(connection, alert, found)


async def mark(connection: asyncpg.Connection, id: UUID, error: str) -> None:
    """Say of a rule why it cannot run."""
    await connection.execute("UPDATE alerts SET error = $2 WHERE id = $1", id, error)


def event_of(
    alert: Alert,
    *,
    state: AlertState,
    message: str,
    log_id: UUID | None,
    now: datetime,
) -> AlertEvent:
    return AlertEvent(
        id=EVENT_IDS.new(),
        alert_id=alert.id,
        service_id=alert.service_id,
        log_id=log_id,
        state=state,
        fired_at=now,
        message=message.replace("\0", ""),
    )


def _matches(alert: Alert, exchanges: Sequence[Storable]) -> list[AlertEvent]:
    """Raises ValueError where the rule is broken."""
    condition = alert.condition
    if condition is None:
        raise ValueError("the rule has no condition")
    now = datetime.now(UTC)
    return [
        event_of(
            alert,
            state=AlertState.FIRING,
            message=condition.message(exchange),
            log_id=exchange.id,
            now=now,
        )
        for exchange in _of_service(exchanges, alert.service_id)
        if condition.holds(exchange)
    ]


def _of_service(exchanges: Sequence[Storable], id: UUID) -> Iterator[Exchange]:
    return (exchange_of(each) for each in exchanges if each.service_id == id)
