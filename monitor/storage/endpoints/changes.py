"""Changes by hand: templates that are set, and set back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg

from monitor.endpoints.by_hand import may_share
from monitor.errors import Conflict, NotFound
from monitor.logs.endpoints import Template, TemplateChange
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.endpoints import known, renames
from monitor.storage.rollups.changes import ALL_CHANGES

COLUMNS = "id, service_id, templates, created_at, undone_at"


class TemplateChanges:
    """Each change holds for what is stored from now on; what is stored is named anew.

    *most*: templates of a service that are set.
    """

    def __init__(self, database: Database, *, most: int) -> None:
        self._database = database
        self._most = most

    async def set(
        self, service_id: UUID, templates: Sequence[str]
    ) -> TemplateChange | None:
        """None where there is no such service. Raises Conflict."""
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            if await known.locked(connection, service_id) is None:
                return None
            there = await known.set_by_hand(connection, service_id)
            if taken := set(templates) & set(there):
                raise Conflict(f"{min(taken)} is set already")
            if len(there) + len(templates) > self._most:
                raise Conflict(
                    f"a service has at most {self._most} templates that were set, by "
                    "ENDPOINT_TEMPLATES_LIMIT; undo others first"
                )
            row = await connection.fetchrow(
                f"""
                INSERT INTO endpoint_changes (id, service_id, templates, created_at)
                VALUES ($1, $2, $3, $4)
                RETURNING {COLUMNS}
                """,
                uuid4(),
                service_id,
                list(templates),
                datetime.now(UTC),
            )
            names = [
                name
                for name in await _stored_names(connection, service_id)
                if any(may_share(template, name) for template in templates)
            ]
            await renames.plan(connection, service_id, names)
            await known.changed(connection, service_id)
        assert row is not None
        return _change(row)

    async def undo(self, service_id: UUID, id: UUID) -> TemplateChange:
        """Raises NotFound, and Conflict where it is undone already."""
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            await known.locked(connection, service_id)
            row = await connection.fetchrow(
                f"""
                UPDATE endpoint_changes
                   SET undone_at = coalesce(undone_at, $3)
                 WHERE id = $1
                   AND service_id = $2
                RETURNING {COLUMNS}, undone_at = $3 AS is_now
                """,
                id,
                service_id,
                datetime.now(UTC),
            )
            if row is None:
                raise NotFound("there is no such change of this service")
            if not row["is_now"]:
                raise Conflict("this change is undone already")
            await renames.plan(connection, service_id, row["templates"])
            await known.changed(connection, service_id)
        return _change(row)

    async def history(
        self, service_id: UUID, *, limit: int, offset: int
    ) -> tuple[list[TemplateChange], int, bool] | None:
        """Changes, the latest first, how many there are, and whether logs are being
        named anew; None where there is no such service."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            found = await connection.fetchrow(
                """
                SELECT (SELECT count(*) FROM endpoint_changes WHERE service_id = $1)
                           AS total,
                       EXISTS (SELECT 1
                                 FROM endpoint_renames
                                WHERE service_id = $1
                                  AND NOT is_last) AS is_renaming
                  FROM services
                 WHERE id = $1
                """,
                service_id,
            )
            if found is None:
                return None
            rows = await connection.fetch(
                f"""
                SELECT {COLUMNS}
                  FROM endpoint_changes
                 WHERE service_id = $1
                 ORDER BY created_at DESC, id DESC
                 LIMIT $2
                OFFSET $3
                """,
                service_id,
                limit,
                offset,
            )
        return [_change(row) for row in rows], found["total"], found["is_renaming"]

    async def templates(self, service_id: UUID) -> list[Template] | None:
        """Those that were set, then those that were learned, each by name; None where
        there is no such service."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            if not await connection.fetchval(
                "SELECT true FROM services WHERE id = $1", service_id
            ):
                return None
            rows = await connection.fetch(
                """
                SELECT template, id AS change_id, true AS is_answered
                  FROM endpoint_changes, unnest(templates) AS template
                 WHERE service_id = $1
                   AND undone_at IS NULL
                 UNION ALL
                SELECT template, NULL, is_answered
                  FROM endpoint_templates
                 WHERE service_id = $1
                """,
                service_id,
            )
        return sorted((Template(**dict(row)) for row in rows), key=_by_name)


def _by_name(one: Template) -> tuple[bool, str]:
    return one.change_id is None, one.template


def _change(row: asyncpg.Record) -> TemplateChange:
    return TemplateChange(
        id=row["id"],
        service_id=row["service_id"],
        templates=tuple(row["templates"]),
        created_at=row["created_at"],
        undone_at=row["undone_at"],
    )


async def _stored_names(connection: asyncpg.Connection, service_id: UUID) -> list[str]:
    """The endpoints that logs are stored under."""
    rows = await connection.fetch(
        f"""
        SELECT endpoint FROM endpoint_rollups WHERE service_id = $1 AND width_s = 86400
         UNION
        SELECT endpoint FROM {ALL_CHANGES} AND service_id = $1
        """,
        service_id,
    )
    return [row["endpoint"] for row in rows]
