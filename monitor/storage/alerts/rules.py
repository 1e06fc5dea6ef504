"""Rules that there are, and what they found."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.state import AlertState
from monitor.storage.alerts.ends import AlertEnd, end
from monitor.storage.alerts.rows import COLUMNS, alert_event_of, alert_of
from monitor.storage.database.limits import counted, need_room
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share

# A rule may have many events, which go with it.
DELETE_S = 20.0
SELECT = f"""
    SELECT {COLUMNS}, newest.fired_at AS last_fired_at
      FROM alerts AS a
      LEFT JOIN LATERAL (SELECT e.fired_at
                           FROM alert_events AS e
                          WHERE e.alert_id = a.id AND e.state = 'firing'
                          ORDER BY e.id DESC
                          LIMIT 1) AS newest ON true
"""
# What says when a rule holds: a change of it starts the rule anew.
ASKED = (
    "query",
    "condition_field",
    "condition_operator",
    "condition_value",
    "aggregate",
    "window_s",
    "for_s",
    "threshold",
    "recovery_threshold",
    "is_active",
)
CHANGEABLE = (
    *("name", "description", "cooldown_s", "include_old", "muted_until"),
    *ASKED,
)


class Alerts:
    def __init__(self, database: Database, *, most: int = 100) -> None:
        """*most* of a service."""
        self._database = database
        self._most = most

    async def create(
        self, service_id: UUID | None, fields: Mapping[str, Any]
    ) -> Alert | None:
        """A new rule; None where there is no such service.

        *service_id* is None for a rule of all. Raises Conflict where there are too
        many.
        """
        id, now = uuid4(), datetime.now(UTC)
        given = {name: fields[name] for name in CHANGEABLE if name in fields}
        values = {
            "id": id,
            "service_id": service_id,
            "created_at": now,
            "updated_at": now,
            **given,
            **_start(given.get("window_s"), now),
        }
        places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            if not await need_room(
                connection,
                "alerts",
                service_id,
                most=self._most,
                setting="ALERT_RULES_LIMIT",
            ):
                return None
            await connection.execute(
                f"INSERT INTO alerts ({', '.join(values)}) VALUES ({places})",
                *values.values(),
            )
            return await _one(connection, id)

    async def page(
        self, *, service_id: UUID | None, limit: int, offset: int
    ) -> tuple[list[Alert], int]:
        """Rules, newest first, and how many there are.

        *service_id*: of those that look at its logs.
        """
        where, arguments = "true", list[object]()
        if service_id:
            where = "(a.service_id = $1 OR a.service_id IS NULL)"
            arguments = [service_id]
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                f"""
                {SELECT}
                 WHERE {where}
                 ORDER BY a.created_at DESC, a.id
                 LIMIT {int(limit)} OFFSET {int(offset)}
                """,
                *arguments,
            )
            total = await counted(connection, f"alerts AS a WHERE {where}", *arguments)
        return [alert_of(row) for row in rows], total

    async def get(self, id: UUID) -> Alert | None:
        async with self._database.reading(Share.LOOKUPS) as connection:
            return await _one(connection, id)

    async def change(self, id: UUID, changes: Mapping[str, Any]) -> Alert | None:
        """Set what *changes* names; a rule that had broken is tried again.

        Where that says anew when the rule holds, its state begins again; the end of a
        firing is told.
        """
        given = {name: changes[name] for name in CHANGEABLE if name in changes}
        now = datetime.now(UTC)
        values = {**given, "error": None, "updated_at": now}
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            held = await connection.fetchrow(
                f"SELECT {COLUMNS} FROM alerts AS a WHERE id = $1 FOR NO KEY UPDATE",
                id,
            )
            if held is None:
                return None
            asked = {**held, **{n: given[n] for n in ASKED if n in given}}
            if asked != dict(held):
                why = AlertEnd.CHANGED if asked["is_active"] else AlertEnd.PAUSED
                await end(connection, alert_of(held), why, now)
                values |= _start(asked["window_s"], now)
            settings = ", ".join(
                f"{name} = ${n}" for n, name in enumerate(values, start=2)
            )
            await connection.execute(
                f"UPDATE alerts SET {settings} WHERE id = $1", id, *values.values()
            )
            return await _one(connection, id)

    async def delete(self, id: UUID) -> bool:
        """Remove a rule, its events and their deliveries; the end of a firing is told.

        What is told of that belongs to no rule any more.
        """
        async with (
            self._database.connection(held_s=DELETE_S) as connection,
            connection.transaction(),
        ):
            held = await connection.fetchrow(
                f"SELECT {COLUMNS} FROM alerts AS a WHERE id = $1 FOR UPDATE", id
            )
            if held is None:
                return False
            await end(connection, alert_of(held), AlertEnd.DELETED, datetime.now(UTC))
            await connection.execute("DELETE FROM alerts WHERE id = $1", id)
        return True

    async def events(
        self, id: UUID, *, limit: int, offset: int
    ) -> tuple[list[AlertEvent], int] | None:
        """What a rule found, newest first, and how many; None without the rule."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            if not await connection.fetchval(
                "SELECT true FROM alerts WHERE id = $1", id
            ):
                return None
            rows = await connection.fetch(
                """
                SELECT id, alert_id, service_id, log_id, state, fired_at, message
                  FROM alert_events
                 WHERE alert_id = $1
                 ORDER BY id DESC
                 LIMIT $2 OFFSET $3
                """,
                id,
                limit,
                offset,
            )
            total = await counted(connection, "alert_events WHERE alert_id = $1", id)
        return [alert_event_of(row) for row in rows], total


def _start(window_s: int | None, now: datetime) -> dict[str, Any]:
    """What a rule that was never evaluated has."""
    return {
        "state": None if window_s is None else AlertState.OK.value,
        "state_since": None if window_s is None else now,
        "value": None,
        "evaluated_at": None,
    }


async def _one(connection: asyncpg.Connection, id: UUID) -> Alert | None:
    row = await connection.fetchrow(f"{SELECT} WHERE a.id = $1", id)
    return None if row is None else alert_of(row)
