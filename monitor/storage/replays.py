"""Which replays there were, and what earlier answers of an endpoint looked like."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from monitor import times
from monitor.endpoints import endpoint_of
from monitor.errors import NotFound
from monitor.ids import LogIds
from monitor.json_output import json_bytes
from monitor.resources import LogItem
from monitor.storage.pool import Database

# Among so many newest logs of the service, earlier answers are looked for.
LOOKED_AT_ROWS = 5_000
REPLAY_IDS = LogIds()


class Replays:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, item: LogItem, made: dict[str, Any]) -> dict[str, Any]:
        """Store *made*, the replay of a log, as a document with its id and its time.

        Raises NotFound where the service is gone meanwhile.
        """
        id = REPLAY_IDS.new()
        now = datetime.now(UTC)
        document = {
            "id": id,
            "log_id": item.id,
            **made,
            "created_at": times.format(now),
        }
        async with self._database.connection() as connection:
            try:
                await connection.execute(
                    """
                    INSERT INTO replays
                           (service_id, id, log_id, replay_log_id, document, created_at)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    """,
                    item.service_id,
                    id,
                    item.id,
                    made["replay_log_id"],
                    json_bytes(document),
                    now,
                )
            except asyncpg.ForeignKeyViolationError:
                raise NotFound("the service is gone") from None
        return document

    async def complete(self, document: dict[str, Any]) -> None:
        """Store again what *add* gave, with what was found out since."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE replays SET document = $1 WHERE log_id = $2 AND id = $3",
                json_bytes(document),
                document["log_id"],
                document["id"],
            )

    async def page(
        self, log_id: UUID, *, limit: int, offset: int
    ) -> tuple[list[dict[str, Any]], int]:
        """The replays of one log, newest first, and how many there are."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                """
                SELECT document
                  FROM replays
                 WHERE log_id = $1
                 ORDER BY id DESC
                 LIMIT $2 OFFSET $3
                """,
                log_id,
                limit,
                offset,
            )
            total = await connection.fetchval(
                "SELECT count(*) FROM replays WHERE log_id = $1", log_id
            )
        return [_document(row["document"]) for row in rows], total

    async def get(self, log_id: UUID, id: UUID) -> dict[str, Any] | None:
        """One replay of a log; None where there is none."""
        async with self._database.connection() as connection:
            document = await connection.fetchval(
                "SELECT document FROM replays WHERE log_id = $1 AND id = $2", log_id, id
            )
        return None if document is None else _document(document)

    async def earlier_like(self, item: LogItem, *, most: int) -> list[UUID]:
        """Recorded logs of the same endpoint, method and status, newest first.

        Those of the very same URL come before others; replays are left out, because
        they may have asked for something else.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                """
                SELECT id
                  FROM (SELECT id, source, method, endpoint, status_code, url
                          FROM logs
                         WHERE service_id = $1
                         ORDER BY id DESC
                         LIMIT $2) AS newest
                 WHERE method = $3
                   AND endpoint = $4
                   AND status_code = $5
                   AND source <> 'replay'
                   AND id <> $6
                 ORDER BY (url = $7) DESC, id DESC
                 LIMIT $8
                """,
                item.service_id,
                LOOKED_AT_ROWS,
                item.method,
                endpoint_of(item.path),
                item.status_code,
                item.id,
                item.url,
                most,
            )
        return [row["id"] for row in rows]


def _document(stored: bytes) -> dict[str, Any]:
    """Those of before have no `comparison_problem`."""
    return {"comparison_problem": None, **orjson.loads(stored)}
