"""Marks of moments that charts show, such as deploys."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg

from monitor.registry.mark import DeployMark
from monitor.storage.database.limits import counted
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share

COLUMNS = "id, service_id, marked_at, text, created_at"


class DeployMarks:
    def __init__(self, database: Database, *, most: int = 10_000) -> None:
        """*most*: beyond, the oldest go."""
        self._database = database
        self._most = most

    async def create(
        self, text: str, *, service_id: UUID | None, marked_at: datetime | None
    ) -> DeployMark | None:
        """A new mark, of now unless said otherwise; None: there is no such service."""
        now = datetime.now(UTC)
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            try:
                row = await connection.fetchrow(
                    f"""
                    INSERT INTO marks ({COLUMNS})
                    VALUES ($1, $2, $3, $4, $5)
                 RETURNING {COLUMNS}
                    """,
                    uuid4(),
                    service_id,
                    marked_at or now,
                    text,
                    now,
                )
            except asyncpg.ForeignKeyViolationError:
                return None
            await connection.execute(
                """
                DELETE FROM marks
                 WHERE id IN (SELECT id
                                FROM marks
                               ORDER BY marked_at DESC, id DESC
                              OFFSET $1)
                """,
                self._most,
            )
        assert row is not None
        return DeployMark(**dict(row))

    async def service_called(self, name: str) -> UUID | None:
        """The service of that name or slug."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            found: UUID | None = await connection.fetchval(
                """
                SELECT id
                  FROM services
                 WHERE lower(name) = lower($1) OR slug = $1
                 ORDER BY lower(name) = lower($1) DESC
                 LIMIT 1
                """,
                name,
            )
        return found

    async def page(
        self,
        *,
        service_id: UUID | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int,
        offset: int = 0,
    ) -> tuple[list[DeployMark], int]:
        """Marks, newest first, and how many; of a service, those of all too."""
        clauses, arguments = ["true"], list[object]()
        for clause, value in (
            ("(service_id = {} OR service_id IS NULL)", service_id),
            ("marked_at >= {}", since),
            ("marked_at < {}", until),
        ):
            if value is not None:
                arguments.append(value)
                clauses.append(clause.format(f"${len(arguments)}"))
        where = " AND ".join(clauses)
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                f"""
                SELECT {COLUMNS}
                  FROM marks
                 WHERE {where}
                 ORDER BY marked_at DESC, id DESC
                 LIMIT {int(limit)} OFFSET {int(offset)}
                """,
                *arguments,
            )
            total = await counted(connection, f"marks WHERE {where}", *arguments)
        return [DeployMark(**dict(row)) for row in rows], total

    async def delete(self, id: UUID) -> bool:
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                "DELETE FROM marks WHERE id = $1 RETURNING true", id
            )
        return bool(found)
