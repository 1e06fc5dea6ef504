"""Channels that there are."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from monitor.alerts.channel import Channel
from monitor.alerts.kinds import ChannelKind
from monitor.storage.database.limits import counted, need_room
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share

COLUMNS = "id, service_id, name, kind, url, is_active, created_at, updated_at"
CHANGEABLE = ("name", "url", "is_active", "secret")


class Channels:
    """The secret is read by deliveries alone."""

    def __init__(self, database: Database, *, most: int = 20) -> None:
        """*most* of a service, and of those for all services."""
        self._database = database
        self._most = most

    async def create(
        self, fields: Mapping[str, Any], *, secret: str | None
    ) -> Channel | None:
        """A new channel; None where there is no such service.

        Raises Conflict where there are too many.
        """
        now, service_id = datetime.now(UTC), fields["service_id"]
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            if not await need_room(
                connection,
                "alert_channels",
                service_id,
                most=self._most,
                setting="CHANNELS_LIMIT",
            ):
                return None
            row = await connection.fetchrow(
                f"""
                INSERT INTO alert_channels (id, service_id, name, kind, url, is_active,
                                            secret, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
             RETURNING {COLUMNS}
                """,
                uuid4(),
                service_id,
                fields["name"],
                fields["kind"],
                fields["url"],
                fields["is_active"],
                secret,
                now,
            )
        assert row is not None
        return _channel(row)

    async def page(
        self, *, service_id: UUID | None, limit: int, offset: int
    ) -> tuple[list[Channel], int]:
        """Channels, newest first; of a service, those that hear of it."""
        where, arguments = "true", []
        if service_id is not None:
            where, arguments = "service_id = $1 OR service_id IS NULL", [service_id]
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                f"""
                SELECT {COLUMNS}
                  FROM alert_channels
                 WHERE {where}
                 ORDER BY created_at DESC, id
                 LIMIT {int(limit)} OFFSET {int(offset)}
                """,
                *arguments,
            )
            those = f"alert_channels WHERE {where}"
            total = await counted(connection, those, *arguments)
        return [_channel(row) for row in rows], total

    async def get(self, id: UUID) -> Channel | None:
        async with self._database.reading(Share.LOOKUPS) as connection:
            row = await connection.fetchrow(
                f"SELECT {COLUMNS} FROM alert_channels WHERE id = $1", id
            )
        return None if row is None else _channel(row)

    async def change(self, id: UUID, changes: Mapping[str, Any]) -> Channel | None:
        """Set what *changes* names; None where there is no such channel."""
        given = {name: changes[name] for name in CHANGEABLE if name in changes}
        values = {**given, "updated_at": datetime.now(UTC)}
        settings = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=2))
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                f"""
                UPDATE alert_channels SET {settings} WHERE id = $1 RETURNING {COLUMNS}
                """,
                id,
                *values.values(),
            )
        return None if row is None else _channel(row)

    async def delete(self, id: UUID) -> bool:
        """Remove a channel and its deliveries."""
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                "DELETE FROM alert_channels WHERE id = $1 RETURNING true", id
            )
        return bool(found)


def _channel(row: asyncpg.Record) -> Channel:
    return Channel(**{**row, "kind": ChannelKind(row["kind"])})
