"""Messages that are kept of a log."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.traffic.exchange import Exchange
from monitor.traffic.ids import bucket_of, is_log_id, timestamp_of
from monitor.traffic.message import Direction, Message, MessageKind, read_state

COLUMNS = (
    "bucket",
    "ts",
    "id",
    "n",
    "direction",
    "kind",
    "offset_ms",
    "name",
    "event_id",
    "size",
    "wire_size",
    "state",
    "data",
)


class MessageReader:
    """The one reader of messages, for /v1 and pages alike."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, id: UUID, *, limit: int, offset: int
    ) -> tuple[list[Message], int] | None:
        """Messages in the order they passed, and how many are kept of them.

        None where there is no such log.
        """
        if not is_log_id(id):
            return None
        key = (bucket_of(id), timestamp_of(id), id)
        async with (
            self._database.reading(Share.LOOKUPS) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            if not await _exists(connection, key):
                return None
            found = await _messages(connection, key, limit=limit, offset=offset)
            total = await connection.fetchval(
                """
                SELECT count(*)
                  FROM log_messages
                 WHERE bucket = $1 AND ts = $2 AND id = $3
                """,
                *key,
            )
        return found, total

    async def all(self, id: UUID) -> list[Message]:
        """Every message that is kept of a log: CAPTURE_MESSAGES at most."""
        key = (bucket_of(id), timestamp_of(id), id)
        async with self._database.reading(Share.LOOKUPS) as connection:
            return await _messages(connection, key, limit=None, offset=0)


def rows_of(exchanges: Sequence[Exchange]) -> list[tuple[Any, ...]]:
    """The messages of *exchanges*, as COLUMNS."""
    return [row for exchange in exchanges for row in _rows(exchange)]


def _rows(exchange: Exchange) -> Iterator[tuple[Any, ...]]:
    id = exchange.id
    key = (bucket_of(id), exchange.started_at, id)
    for n, message in enumerate(exchange.messages.kept if exchange.messages else ()):
        yield (
            *key,
            n,
            message.direction.value,
            message.kind.value,
            message.offset_ms,
            message.name,
            message.event_id,
            message.size,
            message.wire_size,
            message.written_state,
            message.kept,
        )


async def _messages(
    connection: asyncpg.Connection,
    key: tuple[Any, ...],
    *,
    limit: int | None,
    offset: int,
) -> list[Message]:
    rows = await connection.fetch(
        """
        SELECT direction, kind, offset_ms, name, event_id, size, wire_size, state, data
          FROM log_messages
         WHERE bucket = $1 AND ts = $2 AND id = $3
           AND n >= $4
         ORDER BY n
         LIMIT $5
        """,
        *key,
        offset,
        limit,
    )
    return [_message_of(row) for row in rows]


async def _exists(connection: asyncpg.Connection, key: tuple[Any, ...]) -> bool:
    """A deleted service's logs are gone at once."""
    found = await connection.fetchval(
        """
        SELECT true
          FROM logs AS l
          JOIN services AS s ON s.id = l.service_id
         WHERE l.bucket = $1 AND l.ts = $2 AND l.id = $3
        """,
        *key,
    )
    return bool(found)


def _message_of(row: asyncpg.Record) -> Message:
    state, is_limited = read_state(row["state"])
    return Message(
        direction=Direction(row["direction"]),
        kind=MessageKind(row["kind"]),
        offset_ms=row["offset_ms"],
        kept=row["data"],
        size=row["size"],
        wire_size=row["wire_size"],
        state=state,
        is_limited=is_limited,
        name=row["name"],
        event_id=row["event_id"],
    )
