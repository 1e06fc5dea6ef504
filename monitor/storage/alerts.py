"""Which rules there are, and what they found."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from monitor.alerts import (
    Alert,
    AlertEvent,
    Condition,
    ConditionField,
    ConditionOperator,
)
from monitor.exchange import Exchange
from monitor.ids import LogIds
from monitor.storage.pool import Database

COLUMNS = """
    id, service_id, name, description, condition_field, condition_operator,
    condition_value, is_active, error, created_at, updated_at
"""
CHANGEABLE = (
    "name",
    "description",
    "condition_field",
    "condition_operator",
    "condition_value",
    "is_active",
)
EVENT_COLUMNS = ("service_id", "id", "alert_id", "log_id", "fired_at", "message")
EVENT_IDS = LogIds()


class Alerts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, service_id: UUID, fields: Mapping[str, Any]) -> Alert | None:
        """A new rule; None where there is no such service."""
        now = datetime.now(UTC)
        given = {name: fields[name] for name in CHANGEABLE if name in fields}
        values = {
            "id": uuid4(),
            "service_id": service_id,
            "created_at": now,
            "updated_at": now,
            **given,
        }
        places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
        async with self._database.connection() as connection:
            try:
                row = await connection.fetchrow(
                    f"""
                    INSERT INTO alerts ({", ".join(values)})
                    VALUES ({places})
                 RETURNING {COLUMNS}
                    """,
                    *values.values(),
                )
            except asyncpg.ForeignKeyViolationError:
                return None
        assert row is not None
        return _alert(row)

    async def page(
        self, *, service_id: UUID | None, limit: int, offset: int
    ) -> tuple[list[Alert], int]:
        """Rules, newest first, and how many there are."""
        where, arguments = (
            ("service_id = $1", [service_id]) if service_id else ("true", [])
        )
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"""
                SELECT {COLUMNS}
                  FROM alerts
                 WHERE {where}
                 ORDER BY created_at DESC, id
                 LIMIT {int(limit)} OFFSET {int(offset)}
                """,
                *arguments,
            )
            total = await connection.fetchval(
                f"SELECT count(*) FROM alerts WHERE {where}", *arguments
            )
        return [_alert(row) for row in rows], total

    async def get(self, id: UUID) -> Alert | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                f"SELECT {COLUMNS} FROM alerts WHERE id = $1", id
            )
        return None if row is None else _alert(row)

    async def change(self, id: UUID, changes: Mapping[str, Any]) -> Alert | None:
        """Set what *changes* names; a rule that had broken is tried again."""
        given = {name: changes[name] for name in CHANGEABLE if name in changes}
        values = {**given, "error": None, "updated_at": datetime.now(UTC)}
        settings = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=2))
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                f"UPDATE alerts SET {settings} WHERE id = $1 RETURNING {COLUMNS}",
                id,
                *values.values(),
            )
        return None if row is None else _alert(row)

    async def delete(self, id: UUID) -> bool:
        """Remove a rule and its events."""
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                "DELETE FROM alerts WHERE id = $1 RETURNING true", id
            )
        return bool(found)

    async def events(
        self, id: UUID, *, limit: int, offset: int
    ) -> tuple[list[AlertEvent], int] | None:
        """What a rule found, newest first, and how many; None without the rule."""
        async with self._database.connection() as connection:
            if not await connection.fetchval(
                "SELECT true FROM alerts WHERE id = $1", id
            ):
                return None
            rows = await connection.fetch(
                """
                SELECT id, alert_id, service_id, log_id, fired_at, message
                  FROM alert_events
                 WHERE alert_id = $1
                 ORDER BY id DESC
                 LIMIT $2 OFFSET $3
                """,
                id,
                limit,
                offset,
            )
            total = await connection.fetchval(
                "SELECT count(*) FROM alert_events WHERE alert_id = $1", id
            )
        return [AlertEvent(**dict(row)) for row in rows], total


async def evaluate(
    connection: asyncpg.Connection, exchanges: Sequence[Exchange]
) -> None:
    """Add an event for each rule and log that match, in the logs' transaction.

    A rule that breaks is marked with its error, and blocks nothing.
    """
    # Held until the commit: a rule that is deleted meanwhile would refuse its events.
    rows = await connection.fetch(
        f"""
        SELECT {COLUMNS}
          FROM alerts
         WHERE is_active AND error IS NULL AND service_id = ANY($1)
           FOR KEY SHARE
        """,
        list({exchange.service_id for exchange in exchanges}),
    )
    if not rows:
        return
    records = []
    for alert in (_alert(row) for row in rows):
        try:
            records += _events(alert, exchanges)
        except ValueError as error:
            await connection.execute(
                "UPDATE alerts SET error = $2 WHERE id = $1", alert.id, str(error)
            )
    if records:
        await connection.copy_records_to_table(
            "alert_events",
            schema_name="apimonitor",
            columns=EVENT_COLUMNS,
            records=records,
        )


def _events(alert: Alert, exchanges: Sequence[Exchange]) -> list[tuple[Any, ...]]:
    now = datetime.now(UTC)
    return [
        (
            alert.service_id,
            EVENT_IDS.new(),
            alert.id,
            exchange.id,
            now,
            alert.condition.message(exchange).replace("\0", ""),
        )
        for exchange in exchanges
        if exchange.service_id == alert.service_id and alert.condition.holds(exchange)
    ]


def _alert(row: asyncpg.Record) -> Alert:
    return Alert(
        id=row["id"],
        service_id=row["service_id"],
        name=row["name"],
        description=row["description"],
        condition=Condition(
            field=ConditionField(row["condition_field"]),
            operator=ConditionOperator(row["condition_operator"]),
            value=row["condition_value"],
        ),
        is_active=row["is_active"],
        error=row["error"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
