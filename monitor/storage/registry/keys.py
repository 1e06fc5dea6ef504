"""Keys, and which service each belongs to."""

import asyncio
import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

from monitor.registry.resources import KeyResource
from monitor.storage.database.limits import need_room
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share

PREFIX = "mkey_"
# A key revoked in another process is refused after this time at the latest.
REMEMBER_S = 5.0
MAX_REMEMBERED = 10_000
NOTE_USE_EVERY = timedelta(minutes=1)


class Keys:
    """API keys; only their SHA-256 is stored, which is enough for 32 random bytes."""

    def __init__(self, database: Database, *, most: int = 100) -> None:
        """*most* that are active, of a service."""
        self._database = database
        self._most = most
        # Digest: until when it holds, the service, or None for a key that is unknown.
        self._remembered: dict[bytes, tuple[float, UUID | None]] = {}
        # Held while one asks PostgreSQL; the others of a burst wait for what it hears.
        self._asking: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    async def create(self, service_id: UUID, name: str) -> KeyResource | None:
        """A new key, its *raw_key* set this once; None where there is no service.

        Raises Conflict where the service has too many.
        """
        raw = PREFIX + secrets.token_urlsafe(32)
        key = KeyResource(
            id=uuid4(),
            service_id=service_id,
            name=name,
            key_prefix=raw[: len(PREFIX) + 6],
            is_active=True,
            created_at=datetime.now(UTC),
            raw_key=raw,
        )
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            if not await need_room(
                connection,
                "api_keys",
                service_id,
                most=self._most,
                setting="KEYS_LIMIT",
                which="is_active",
            ):
                return None
            await connection.execute(
                """
                INSERT INTO api_keys
                       (id, service_id, name, key_prefix, key_hash, created_at)
                VALUES ($1, $2, $3, $4, $5, $6)
                """,
                key.id,
                service_id,
                name,
                key.key_prefix,
                _digest(raw),
                key.created_at,
            )
        return key

    async def page(
        self, service_id: UUID, *, limit: int, offset: int
    ) -> tuple[list[KeyResource], int] | None:
        """Keys of a service, newest first, and how many; None without the service."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            total = await connection.fetchval(
                """
                SELECT count(k.id)
                  FROM services AS s
                  LEFT JOIN api_keys AS k ON k.service_id = s.id
                 WHERE s.id = $1
                 GROUP BY s.id
                """,
                service_id,
            )
            if total is None:
                return None
            rows = await connection.fetch(
                """
                SELECT id, service_id, name, key_prefix, is_active, created_at,
                       last_used_at
                  FROM api_keys
                 WHERE service_id = $1
                 ORDER BY created_at DESC, id DESC
                 LIMIT $2 OFFSET $3
                """,
                service_id,
                limit,
                offset,
            )
        return [KeyResource(**dict(row)) for row in rows], total

    async def revoke(self, service_id: UUID, key_id: UUID) -> bool:
        """Make a key useless, on this machine before this returns."""
        async with self._database.connection() as connection:
            digest = await connection.fetchval(
                """
                UPDATE api_keys
                   SET is_active = false
                 WHERE id = $1 AND service_id = $2
             RETURNING key_hash
                """,
                key_id,
                service_id,
            )
        if digest is None:
            return False
        self._remembered.pop(digest, None)
        return True

    def remembered(self, raw: str) -> UUID | None:
        """As *service_of* says without asking, if it can."""
        until, service_id = self._remembered.get(_digest(raw), (0.0, None))
        return service_id if time.monotonic() < until else None

    async def service_of(self, raw: str) -> UUID | None:
        """The service that *raw* is an active key of."""
        digest = _digest(raw)
        until, service_id = self._remembered.get(digest, (0.0, None))
        if time.monotonic() < until:
            return service_id
        async with self._asking.setdefault(digest, asyncio.Lock()):
            now = time.monotonic()
            until, service_id = self._remembered.get(digest, (0.0, None))
            if now < until:
                return service_id
            service_id = await self._look_up(digest)
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[digest] = (now + REMEMBER_S, service_id)
        return service_id

    async def _look_up(self, digest: bytes) -> UUID | None:
        """Notes the use too, at most once a minute: a write for each log would cost."""
        now = datetime.now(UTC)
        async with self._database.reading(Share.WRITES) as connection:
            row = await connection.fetchrow(
                """
                SELECT service_id, last_used_at
                  FROM api_keys
                 WHERE key_hash = $1 AND is_active
                """,
                digest,
            )
            if row is None:
                return None
            if (
                row["last_used_at"] is None
                or row["last_used_at"] < now - NOTE_USE_EVERY
            ):
                await connection.execute(
                    "UPDATE api_keys SET last_used_at = $2 WHERE key_hash = $1",
                    digest,
                    now,
                )
        service_id: UUID = row["service_id"]
        return service_id

    def forget(self, service_id: UUID) -> None:
        """A service is gone, and its keys with it."""
        self._remembered = {
            digest: held
            for digest, held in self._remembered.items()
            if held[1] != service_id
        }


def _digest(raw: str) -> bytes:
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).digest()
