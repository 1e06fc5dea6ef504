"""The calls of /v1/tokens."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from api.input import json_input, read
from api.input.errors import answer, nothing
from api.input.key_schemas import NewToken
from api.output import lists
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.errors import NotFound
from monitor.registry.resources import TokenResource


class TokenCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def create(self, request: web.Request) -> web.Response:
        """201 with the raw token, which is shown this once."""
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        new, _ = await read.body(request, NewToken)
        if new.expires_at is not None and new.expires_at <= datetime.now(UTC):
            reason = "must be in the future"
            raise json_input.invalid(("expires_at",), reason, "value_error")
        token = await self._parts.stores.tokens.create(
            new.name, read_only=new.read_only, expires_at=new.expires_at
        )
        content = {**_shown(token), "raw_token": token.raw_token}
        return answer(content, status=201)

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        limit, offset = read.page(request)
        tokens, total = await self._parts.stores.tokens.page(limit=limit, offset=offset)
        items = [_shown(token) for token in tokens]
        return answer(lists.envelope(items, total, limit, offset))

    async def revoke(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        token_id = read.id_in_path(request, "token_id")
        if not await self._parts.stores.tokens.revoke(token_id):
            raise NotFound("there is no such token")
        return nothing()


def _shown(token: TokenResource) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "token_prefix": token.token_prefix,
        "read_only": token.read_only,
        "is_active": token.is_active,
        "created_at": times.format(token.created_at),
        "expires_at": _time(token.expires_at),
        "revoked_at": _time(token.revoked_at),
        "last_used_at": _time(token.last_used_at),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else times.format(moment)
