"""Tokens by `apimonitor token`: made, listed, revoked."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from appliance.data.database import MIGRATIONS, connected
from monitor import times
from monitor.registry.resources import TokenResource
from monitor.settings import Settings
from monitor.storage.database.migrate import migrate_database
from monitor.storage.registry.tokens import Tokens

AT_ONCE = 500


async def create(
    settings: Settings, name: str, *, read_only: bool, expires_at: datetime | None
) -> str:
    """A new admin token: shown once, kept as a digest. Raises Conflict."""
    async with _tokens(settings) as tokens:
        made = await tokens.create(name, read_only=read_only, expires_at=expires_at)
    return made.raw_token or ""


async def listed(settings: Settings) -> list[str]:
    """A line for each: id, name, prefix, rights, state, made, last used, runs out."""
    found: list[TokenResource] = []
    async with _tokens(settings) as tokens:
        while True:
            page, total = await tokens.page(limit=AT_ONCE, offset=len(found))
            found += page
            if not page or len(found) >= total:
                return [_line(token) for token in found]


async def revoke(settings: Settings, ids: Sequence[UUID]) -> set[UUID]:
    """Those of *ids* that are no token's."""
    async with _tokens(settings) as tokens:
        return {id for id in ids if not await tokens.revoke(id)}


@asynccontextmanager
async def _tokens(settings: Settings) -> AsyncIterator[Tokens]:
    async with connected(settings) as database:
        await migrate_database(database, MIGRATIONS)
        yield Tokens(database, most=settings.tokens_limit)


def _line(token: TokenResource) -> str:
    return "\t".join(
        (
            str(token.id),
            _printable(token.name),
            f"{token.token_prefix or 'mtok_'}…",
            "read" if token.read_only else "all rights",
            _state(token),
            f"made {times.format(token.created_at)}",
            f"used {_time(token.last_used_at)}",
            f"runs out {_time(token.expires_at)}",
        )
    )


def _state(token: TokenResource) -> str:
    if token.is_active:
        return "active"
    return "ran out" if token.revoked_at is None else "revoked"


def _printable(name: str) -> str:
    """Whoever manages may name one; no terminal is to obey it, no line to break."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def _time(moment: datetime | None) -> str:
    return "never" if moment is None else times.format(moment)
