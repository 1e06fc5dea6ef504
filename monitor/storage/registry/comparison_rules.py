"""Rules of comparisons, kept by service and endpoint."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg

from monitor.compare.rules import ComparedPart, ComparisonRule, place_of
from monitor.errors import Conflict, NotFound
from monitor.storage.database.limits import counted
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share

COLUMNS = "id, service_id, endpoint, part, path, ignore, created_at"


class ComparisonRules:
    def __init__(self, database: Database, *, most: int) -> None:
        """*most* of one service."""
        self._database = database
        self._most = most

    async def put(
        self,
        service_id: UUID,
        *,
        endpoint: str | None,
        part: ComparedPart,
        path: str,
        ignore: bool,
    ) -> ComparisonRule:
        """In place of the one for the same, if there is one. Raises Conflict, and
        NotFound where there is no such service."""
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            # Who puts one at the same time waits, and counts this one.
            found = await connection.fetchval(
                "SELECT id FROM services WHERE id = $1 FOR NO KEY UPDATE", service_id
            )
            if found is None:
                raise NotFound("there is no such service")
            rows = await connection.fetch(
                f"""
                INSERT INTO comparison_rules ({COLUMNS})
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (service_id, coalesce(endpoint, ''), part, md5(path))
                DO UPDATE SET ignore = excluded.ignore
                RETURNING {COLUMNS}
                """,
                uuid4(),
                service_id,
                endpoint,
                part.value,
                place_of(part, path),
                ignore,
                datetime.now(UTC),
            )
            count = await connection.fetchval(
                "SELECT count(*) FROM comparison_rules WHERE service_id = $1",
                service_id,
            )
            if count > self._most:
                raise Conflict(
                    f"there are COMPARISON_RULES_LIMIT ({self._most:,}) rules of this "
                    "service; remove one first"
                )
        return _rule(rows[0])

    async def remove(self, id: UUID) -> bool:
        """False: there is no such rule."""
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                "DELETE FROM comparison_rules WHERE id = $1 RETURNING true", id
            )
        return bool(found)

    async def page(
        self, *, limit: int, offset: int, service_id: UUID | None
    ) -> tuple[list[ComparisonRule], int]:
        """Newest first, and how many there are."""
        where = "WHERE service_id = $1" if service_id else "WHERE $1::uuid IS NULL"
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                f"""
                SELECT {COLUMNS}
                  FROM comparison_rules
                 {where}
                 ORDER BY created_at DESC, id DESC
                 LIMIT $2 OFFSET $3
                """,
                service_id,
                limit,
                offset,
            )
            total = await counted(connection, f"comparison_rules {where}", service_id)
        return [_rule(row) for row in rows], total

    async def of(self, service_id: UUID, endpoint: str | None) -> list[ComparisonRule]:
        """Those that hold for answers of *endpoint*."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                f"""
                SELECT {COLUMNS}
                  FROM comparison_rules
                 WHERE service_id = $1
                   AND (endpoint IS NULL OR endpoint = $2)
                 ORDER BY created_at, id
                """,
                service_id,
                endpoint,
            )
        return [_rule(row) for row in rows]


def _rule(row: asyncpg.Record) -> ComparisonRule:
    return ComparisonRule(**{**dict(row), "part": ComparedPart(row["part"])})
