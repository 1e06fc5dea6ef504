"""Rights that the caller of /v1 holds."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from aiohttp import web

from api.parts import Parts
from monitor.access.guard import RequestFacts
from monitor.access.sessions import SESSION_COOKIE
from monitor.errors import Forbidden, MonitorError, Unauthorized
from monitor.storage.registry import keys


class Right(StrEnum):
    READ = "read"
    MANAGE = "manage"
    REPLAY = "replay"


ALL_RIGHTS = frozenset(Right)
READ_ONLY = frozenset({Right.READ})


@dataclass(frozen=True, slots=True)
class Caller:
    """*service_id* is set where a service key came with the request.

    *is_known*: it is an admin token's or a session's.
    """

    rights: frozenset[Right]
    service_id: UUID | None = None
    is_known: bool = False


async def caller_of(request: web.Request, parts: Parts) -> Caller:
    """Raises Unauthorized, Forbidden (the guard), Unavailable."""
    bearer = _bearer(request)
    opened = ALL_RIGHTS if parts.access.is_open else frozenset[Right]()
    if bearer is not None and bearer.startswith(keys.PREFIX):
        service_id = await parts.stores.keys.service_of(bearer)
        if service_id is None:
            raise Unauthorized("the key is unknown or revoked")
        return Caller(opened, service_id)
    parts.access.guard.check(RequestFacts.of(request.method, request.headers))
    if bearer is not None:
        token = await parts.stores.tokens.holder(bearer)
        if token is None:
            raise Unauthorized("the token is unknown, revoked or has run out")
        return Caller(READ_ONLY if token.read_only else ALL_RIGHTS, is_known=True)
    if parts.access.sessions.holds(request.cookies.get(SESSION_COOKIE)):
        return Caller(ALL_RIGHTS, is_known=True)
    return Caller(opened)


async def need(request: web.Request, parts: Parts, right: Right) -> Caller:
    """The caller, who holds *right*."""
    caller = await caller_of(request, parts)
    if right in caller.rights:
        return caller
    raise lacking(caller, right)


def lacking(caller: Caller, right: Right) -> MonitorError:
    if caller.service_id is not None:
        return Forbidden(f"a service key does not hold the right to {right}")
    if caller.is_known:
        return Forbidden(f"a read-only token does not hold the right to {right}")
    return Unauthorized(
        "sign in, or send an admin token as Bearer"
        + (", or a key of the service" if right is Right.REPLAY else "")
    )


async def need_service(request: web.Request, parts: Parts) -> UUID:
    """The service whose key came with the request."""
    caller = await caller_of(request, parts)
    if caller.service_id is None:
        raise Unauthorized("send a key of the service as Bearer: mkey_…")
    return caller.service_id


async def need_to_fill(request: web.Request, parts: Parts, service_id: UUID) -> UUID:
    """*service_id*, whose key came with the request; or who manages fills any."""
    caller = await caller_of(request, parts)
    if caller.service_id is None:
        if Right.MANAGE not in caller.rights:
            raise lacking(caller, Right.MANAGE)
    elif caller.service_id != service_id:
        raise Forbidden("a service key fills its own service only")
    return service_id


def known_service(request: web.Request, parts: Parts) -> UUID | None:
    """The same where its key was asked for a moment ago; None: *need_service* asks."""
    bearer = _bearer(request)
    if bearer is None or not bearer.startswith(keys.PREFIX):
        return None
    return parts.stores.keys.remembered(bearer)


def sender_of(request: web.Request) -> bytes:
    """Which key a request came with, without holding the key."""
    return hashlib.sha256((_bearer(request) or "").encode("utf-8", "replace")).digest()


def _bearer(request: web.Request) -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return value.strip() or None
