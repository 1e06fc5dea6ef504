"""Admin tokens: which there are, and which are valid."""

import hashlib
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from monitor.errors import Conflict, Unavailable
from monitor.registry.resources import TokenResource
from monitor.storage.database.limits import counted
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share

PREFIX = "mtok_"
NOTE_USE_EVERY = timedelta(minutes=1)
# $1 is now.
ACTIVE = "(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1))"
COLUMNS = f"""
    id, name, token_prefix, read_only, {ACTIVE} AS is_active, created_at, expires_at,
    revoked_at, last_used_at
"""


class Tokens:
    """Admin tokens of /v1; only their SHA-256 is stored."""

    def __init__(self, database: Database, *, most: int = 100) -> None:
        """*most* that are active; as many that no longer are stay listed."""
        self._database = database
        self._most = most

    async def create(
        self, name: str, *, read_only: bool = False, expires_at: datetime | None = None
    ) -> TokenResource:
        """A new token, its *raw_token* set this once. Raises Conflict."""
        raw = PREFIX + secrets.token_urlsafe(32)
        token = TokenResource(
            id=uuid4(),
            name=name,
            token_prefix=raw[: len(PREFIX) + 6],
            read_only=read_only,
            is_active=True,
            created_at=datetime.now(UTC),
            expires_at=expires_at,
            raw_token=raw,
        )
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            # Who makes one at the same time waits, and counts this one.
            await connection.execute(
                "LOCK TABLE admin_tokens IN SHARE ROW EXCLUSIVE MODE"
            )
            await self._need_room(connection)
            await connection.execute(
                """
                INSERT INTO admin_tokens
                       (id, name, token_prefix, token_hash, read_only, created_at,
                        expires_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                token.id,
                name,
                token.token_prefix,
                _digest(raw),
                read_only,
                token.created_at,
                expires_at,
            )
        return token

    async def page(self, *, limit: int, offset: int) -> tuple[list[TokenResource], int]:
        """Tokens, newest first, and how many there are."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                f"""
                SELECT {COLUMNS}
                  FROM admin_tokens
                 ORDER BY created_at DESC, id DESC
                 LIMIT $2 OFFSET $3
                """,
                datetime.now(UTC),
                limit,
                offset,
            )
            total = await counted(connection, "admin_tokens")
        return [TokenResource(**dict(row)) for row in rows], total

    async def revoke(self, token_id: UUID) -> bool:
        """Make a token useless, everywhere before this returns; False: no such one."""
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                """
                UPDATE admin_tokens
                   SET revoked_at = coalesce(revoked_at, $2)
                 WHERE id = $1
             RETURNING true
                """,
                token_id,
                datetime.now(UTC),
            )
        return bool(found)

    async def holder(self, raw: str) -> TokenResource | None:
        """The active token that *raw* is; its use is noted, at most once a minute."""
        if not raw.startswith(PREFIX):
            return None
        now = datetime.now(UTC)
        async with self._database.reading(Share.LOOKUPS) as connection:
            row = await connection.fetchrow(
                f"""
                SELECT {COLUMNS}
                  FROM admin_tokens
                 WHERE token_hash = $2 AND {ACTIVE}
                """,
                now,
                _digest(raw),
            )
        if row is None:
            return None
        token = TokenResource(**dict(row))
        if token.last_used_at is None or token.last_used_at < now - NOTE_USE_EVERY:
            await self._note_use(token.id, now)
        return token

    async def _note_use(self, token_id: UUID, now: datetime) -> None:
        # A full disk takes no note; who reads is answered all the same.
        with suppress(Unavailable):
            async with self._database.connection() as connection:
                await connection.execute(
                    """
                    UPDATE admin_tokens
                       SET last_used_at = $2
                     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)
                    """,
                    token_id,
                    now,
                    now - NOTE_USE_EVERY,
                )

    async def _need_room(self, connection: asyncpg.Connection) -> None:
        now = datetime.now(UTC)
        count = await connection.fetchval(
            f"SELECT count(*) FROM admin_tokens WHERE {ACTIVE}", now
        )
        if count >= self._most:
            raise Conflict(
                f"there are {count} active tokens already: TOKENS_LIMIT is {self._most}"
            )
        await connection.execute(
            f"""
            DELETE FROM admin_tokens
             WHERE id IN (SELECT id
                            FROM admin_tokens
                           WHERE NOT {ACTIVE}
                           ORDER BY coalesce(revoked_at, expires_at) DESC
                          OFFSET $2)
            """,
            now,
            self._most,
        )


def _digest(raw: str) -> bytes:
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).digest()
