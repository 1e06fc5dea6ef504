"""Idempotency keys: what each has stored, so that a retry stores nothing twice."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from monitor.errors import FieldError, InvalidInput
from monitor.storage.database.pool import NO_DEADLINE, Database

REMEMBERED = timedelta(hours=24)


class Repeated(Exception):
    """Another push with this key was committed first."""


@dataclass(frozen=True, slots=True)
class RepeatKey:
    """The hashes of an Idempotency-Key and of the body that came with it."""

    key_hash: bytes
    body_hash: bytes


def repeat_key(key: str, body_hash: bytes) -> RepeatKey:
    return RepeatKey(hashlib.sha256(key.encode()).digest(), body_hash)


async def find(
    connection: asyncpg.Connection, service_id: UUID, key: RepeatKey
) -> tuple[UUID, ...] | None:
    """The ids that were stored with *key*, if any.

    Raises InvalidInput where they came with another body.
    """
    row = await connection.fetchrow(
        """
        SELECT body_hash, log_ids
          FROM idempotency_keys
         WHERE service_id = $1
           AND key_hash = $2
           AND created_at > $3
        """,
        service_id,
        key.key_hash,
        datetime.now(UTC) - REMEMBERED,
    )
    if row is None:
        return None
    if row["body_hash"] != key.body_hash:
        reason = "was used with another body in the last 24 hours"
        error = FieldError(("header", "Idempotency-Key"), reason, "value_error")
        raise InvalidInput("the Idempotency-Key is not valid", errors=[error])
    return tuple(row["log_ids"])


async def remember(
    connection: asyncpg.Connection,
    service_id: UUID,
    key: RepeatKey,
    log_ids: list[UUID],
) -> None:
    """In the logs' own transaction; waits for another one with the same key.

    Raises Repeated where that one was committed.
    """
    now = datetime.now(UTC)
    is_new = await connection.fetchval(
        """
        INSERT INTO idempotency_keys AS held
               (service_id, key_hash, body_hash, log_ids, created_at)
        VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (service_id, key_hash)
            DO UPDATE SET body_hash = excluded.body_hash,
                          log_ids = excluded.log_ids,
                          created_at = excluded.created_at
             WHERE held.created_at <= $6
        RETURNING true
        """,
        service_id,
        key.key_hash,
        key.body_hash,
        log_ids,
        now,
        now - REMEMBERED,
    )
    if not is_new:
        raise Repeated


async def forget_old(database: Database) -> None:
    """Remove what is remembered no longer."""
    async with database.connection(held_s=NO_DEADLINE) as connection:
        await connection.execute(
            "DELETE FROM idempotency_keys WHERE created_at <= $1",
            datetime.now(UTC) - REMEMBERED,
        )
