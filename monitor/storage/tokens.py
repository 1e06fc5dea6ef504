"""Which admin tokens are valid."""

import hashlib
import secrets
from datetime import UTC, datetime
from uuid import uuid4

from monitor.storage.pool import Database

PREFIX = "mtok_"


class Tokens:
    """Admin tokens of /v1; only their SHA-256 is stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, name: str) -> str:
        """A new token, shown this once."""
        raw = PREFIX + secrets.token_urlsafe(32)
        async with self._database.connection() as connection:
            await connection.execute(
                """
                INSERT INTO admin_tokens (id, name, token_hash, created_at)
                VALUES ($1, $2, $3, $4)
                """,
                uuid4(),
                name,
                _digest(raw),
                datetime.now(UTC),
            )
        return raw

    async def is_valid(self, raw: str) -> bool:
        if not raw.startswith(PREFIX):
            return False
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                "SELECT true FROM admin_tokens WHERE token_hash = $1", _digest(raw)
            )
        return bool(found)


def _digest(raw: str) -> bytes:
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).digest()
