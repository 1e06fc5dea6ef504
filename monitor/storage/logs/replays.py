"""Replays that there were, and earlier answers of an endpoint."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from monitor.errors import NotFound
from monitor.logs.log import LogItem
from monitor.replay.replay import Replay, ReplaySummary
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.rollups.coverage import ALWAYS, NEVER
from monitor.storage.search.days import since_of
from monitor.storage.search.places import ENDPOINT, URL
from monitor.traffic.ids import bucket_of, timestamp_of

# Among so many newest logs of the service, earlier answers are looked for.
LOOKED_AT_ROWS = 5_000
# Among so many earlier ones, the last that went well.
GOOD_WITHIN_ROWS = 20_000
# What one list of replays may hold; they come with their bodies.
LISTED_BYTES = 32 * 1024 * 1024
# A document that has no summary is read only where that is little.
READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayList:
    """Documents as they are stored; *complete* is False where more did not fit."""

    documents: list[bytes]
    total: int
    complete: bool


class Replays:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, replay: Replay) -> None:
        """Raises NotFound where its service is gone meanwhile."""
        async with self._database.connection() as connection:
            try:
                await connection.execute(
                    """
                    INSERT INTO replays
                           (service_id, id, log_id, replay_log_id, document,
                            created_at, summary)
                    VALUES ($1, $2, $3, $4, $5, $6, $7)
                    """,
                    replay.service_id,
                    replay.id,
                    replay.log_id,
                    replay.replay_log_id,
                    replay.to_json(),
                    replay.created_at,
                    orjson.dumps(replay.summary()),
                )
            except asyncpg.ForeignKeyViolationError:
                raise NotFound("the service is gone") from None

    async def complete(self, replay: Replay) -> None:
        """Store again what *add* stored, with what was found out since."""
        async with self._database.connection() as connection:
            await connection.execute(
                """
                UPDATE replays
                   SET document = $1, summary = $2
                 WHERE log_id = $3
                   AND id = $4
                """,
                replay.to_json(),
                orjson.dumps(replay.summary()),
                replay.log_id,
                replay.id,
            )

    async def page(self, log_id: UUID, *, limit: int, offset: int) -> ReplayList:
        """The replays of one log, newest first, and how many there are."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                """
                SELECT document
                  FROM (SELECT id, document,
                               sum(octet_length(document)) OVER (ORDER BY id DESC)
                               - octet_length(document) AS before
                          FROM (SELECT id, document
                                  FROM replays
                                 WHERE log_id = $1
                                 ORDER BY id DESC
                                 LIMIT $2 OFFSET $3) AS newest) AS measured
                 WHERE before < $4
                 ORDER BY id DESC
                """,
                log_id,
                limit,
                offset,
                LISTED_BYTES,
            )
            total = await _count(connection, log_id)
        wanted = max(min(limit, total - offset), 0)
        documents = [row["document"] for row in rows]
        return ReplayList(
            documents=documents, total=total, complete=len(documents) >= wanted
        )

    async def history(
        self, log_id: UUID, *, most: int
    ) -> tuple[list[ReplaySummary], int]:
        """The same without bodies and differences."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                """
                SELECT id, replay_log_id, created_at, summary,
                       CASE WHEN summary IS NULL AND octet_length(document) <= $3
                            THEN document
                       END AS document
                  FROM replays
                 WHERE log_id = $1
                 ORDER BY id DESC
                 LIMIT $2
                """,
                log_id,
                most,
                READ_BYTES,
            )
            total = await _count(connection, log_id)
        return [_remembered(row) for row in rows], total

    async def get(self, log_id: UUID, id: UUID) -> bytes | None:
        """The document of one replay of a log; None where there is none."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            document: bytes | None = await connection.fetchval(
                "SELECT document FROM replays WHERE log_id = $1 AND id = $2", log_id, id
            )
        return document

    async def logs_of(self, log_id: UUID, *, most: int, but: UUID | None) -> list[UUID]:
        """The logs of the newest replays of a log, *but* for one."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                """
                SELECT replay_log_id
                  FROM replays
                 WHERE log_id = $1
                   AND replay_log_id IS NOT NULL
                   AND replay_log_id IS DISTINCT FROM $3
                 ORDER BY id DESC
                 LIMIT $2
                """,
                log_id,
                most,
                but,
            )
        return [row["replay_log_id"] for row in rows]

    async def last_good(self, item: LogItem) -> UUID | None:
        """The newest earlier log of the same service, method and endpoint that went
        well: answered below 400, without an error; no replay, among the newest."""
        async with self._database.reading(Share.LISTS) as connection:
            moment = timestamp_of(item.id)
            since = await since_of(
                connection, item.service_id, GOOD_WITHIN_ROWS, until=moment
            )
            id: UUID | None = await connection.fetchval(
                f"""
                SELECT l.id
                  FROM (SELECT id, source, method, endpoint, path, status_code, error
                          FROM logs
                         WHERE service_id = $1
                           AND id < $2
                           AND ts >= $6
                           AND ts <= $5
                         ORDER BY id DESC
                         LIMIT $3) AS l,
                       (SELECT method, {ENDPOINT} AS endpoint
                          FROM logs AS l
                         WHERE bucket = $4 AND ts = $5 AND id = $2) AS own
                 WHERE l.method = own.method
                   AND {ENDPOINT} = own.endpoint
                   AND l.status_code < 400
                   AND l.error IS NULL
                   AND l.source <> 'replay'
                 ORDER BY l.id DESC
                 LIMIT 1
                """,
                item.service_id,
                item.id,
                GOOD_WITHIN_ROWS,
                bucket_of(item.id),
                moment,
                since or ALWAYS,
            )
        return id

    async def endpoint_of(self, id: UUID) -> str | None:
        """What its path is counted as; None where there is no such log."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            endpoint: str | None = await connection.fetchval(
                f"""
                SELECT {ENDPOINT}
                  FROM logs AS l
                 WHERE l.bucket = $1 AND l.ts = $2 AND l.id = $3
                """,
                bucket_of(id),
                timestamp_of(id),
                id,
            )
        return endpoint

    async def earlier_like(self, item: LogItem, *, most: int) -> list[UUID]:
        """Recorded logs of the same endpoint, method and status, newest first.

        Those of the very same URL come before others; replays are left out, because
        they may have asked for something else.
        """
        async with self._database.reading(Share.LISTS) as connection:
            since = await since_of(
                connection, item.service_id, LOOKED_AT_ROWS, until=NEVER
            )
            rows = await connection.fetch(
                f"""
                SELECT id
                  FROM (SELECT l.id, l.source, l.method, {ENDPOINT} AS endpoint,
                               l.status_code, {URL} AS url
                          FROM logs AS l
                         WHERE l.service_id = $1
                           AND l.ts >= $9
                         ORDER BY l.id DESC
                         LIMIT $2) AS newest
                 WHERE method = $3
                   AND endpoint = (SELECT {ENDPOINT}
                                     FROM logs AS l
                                    WHERE l.id = $4
                                      AND l.ts = $5)
                   AND status_code = $6
                   AND source <> 'replay'
                   AND id <> $4
                 ORDER BY (url = $7) DESC, id DESC
                 LIMIT $8
                """,
                item.service_id,
                LOOKED_AT_ROWS,
                item.method,
                item.id,
                timestamp_of(item.id),
                item.status_code,
                item.url,
                most,
                since or ALWAYS,
            )
        return [row["id"] for row in rows]


async def _count(connection: asyncpg.Connection, log_id: UUID) -> int:
    total: int = await connection.fetchval(
        "SELECT count(*) FROM replays WHERE log_id = $1", log_id
    )
    return total


def _remembered(row: asyncpg.Record) -> ReplaySummary:
    summary: dict[str, Any] = {}
    if row["summary"] is not None:
        summary = orjson.loads(row["summary"])
    elif row["document"] is not None:
        summary = Replay.from_json(row["document"]).summary()
    return ReplaySummary(
        id=row["id"],
        replay_log_id=row["replay_log_id"],
        created_at=row["created_at"],
        **summary,
    )
