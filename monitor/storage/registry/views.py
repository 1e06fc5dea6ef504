"""Saved views, shared by all who use the appliance."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from monitor.errors import Conflict
from monitor.registry.view import SavedView
from monitor.storage.database.pool import Database

COLUMNS = "id, name, filters, range, columns, created_at, updated_at"
LOCK = "LOCK TABLE views IN SHARE ROW EXCLUSIVE MODE"


class Views:
    def __init__(self, database: Database, *, most: int = 100) -> None:
        self._database = database
        self._most = most

    async def create(self, fields: Mapping[str, Any]) -> SavedView:
        """Raises Conflict where its name is taken, or there are as many as may be."""
        now = datetime.now(UTC)
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            # Who makes one at the same time waits, and counts this one.
            await connection.execute(LOCK)
            count = await connection.fetchval("SELECT count(*) FROM views")
            if count >= self._most:
                raise Conflict(
                    f"there are {count} views already: VIEWS_LIMIT is {self._most}"
                )
            try:
                row = await connection.fetchrow(
                    f"""
                    INSERT INTO views ({COLUMNS})
                    VALUES ($1, $2, $3, $4, $5, $6, $6)
                 RETURNING {COLUMNS}
                    """,
                    uuid4(),
                    fields["name"],
                    orjson.dumps(fields.get("filters") or {}),
                    fields.get("range"),
                    fields.get("columns") or [],
                    now,
                )
            except asyncpg.UniqueViolationError:
                raise _taken(fields["name"]) from None
        assert row is not None
        return _view(row)

    async def page(self, *, limit: int, offset: int) -> tuple[list[SavedView], int]:
        """Views by name, and how many there are."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"""
                SELECT {COLUMNS}
                  FROM views
                 ORDER BY lower(name), id
                 LIMIT $1 OFFSET $2
                """,
                limit,
                offset,
            )
            total = await connection.fetchval("SELECT count(*) FROM views")
        return [_view(row) for row in rows], total

    async def get(self, id: UUID) -> SavedView | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                f"SELECT {COLUMNS} FROM views WHERE id = $1", id
            )
        return _view(row) if row else None

    async def change(self, id: UUID, changes: Mapping[str, Any]) -> SavedView | None:
        """Set what *changes* names; None: there is no such view. Raises Conflict."""
        values: dict[str, Any] = dict(changes)
        if "filters" in values:
            values["filters"] = orjson.dumps(values["filters"] or {})
        if "columns" in values:
            values["columns"] = values["columns"] or []
        values["updated_at"] = datetime.now(UTC)
        settings = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=2))
        async with self._database.connection() as connection:
            try:
                row = await connection.fetchrow(
                    f"UPDATE views SET {settings} WHERE id = $1 RETURNING {COLUMNS}",
                    id,
                    *values.values(),
                )
            except asyncpg.UniqueViolationError:
                raise _taken(values["name"]) from None
        return _view(row) if row else None

    async def delete(self, id: UUID) -> bool:
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                "DELETE FROM views WHERE id = $1 RETURNING true", id
            )
        return bool(found)


def _taken(name: str) -> Conflict:
    return Conflict(f"there is a view called {name!r} already")


def _view(row: asyncpg.Record) -> SavedView:
    fields = {**row, "filters": orjson.loads(row["filters"])}
    return SavedView(**{**fields, "columns": tuple(row["columns"])})
