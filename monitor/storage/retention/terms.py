"""Terms: how long each service's logs and bodies are kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

# Stands for all services where a key begins with one.
ALL_SERVICES: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What holds where a service has nothing of its own."""

    days: int
    body_days: int
    limit_bytes: int | None


@dataclass(frozen=True, slots=True)
class Term:
    """Before which moments a service's logs, and its bodies, are past their time."""

    service_id: UUID
    logs: datetime
    bodies: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """All of them, that of what belongs to all services, and before which moments those
    of every service are past.
    """

    each: tuple[Term, ...]
    of_all: Term
    logs: datetime
    bodies: datetime


async def terms_at(
    connection: asyncpg.Connection, policy: Policy, now: datetime
) -> Terms:
    rows = await connection.fetch(
        "SELECT id, retention_days, body_retention_days FROM services"
    )
    each = tuple(
        _term(row["id"], policy, row["retention_days"], row["body_retention_days"], now)
        for row in rows
    )
    default = _term(ALL_SERVICES, policy, None, None, now)
    return Terms(
        each=each,
        of_all=default,
        logs=min((term.logs for term in each), default=default.logs),
        bodies=min((term.bodies for term in each), default=default.bodies),
    )


def _term(
    service_id: UUID,
    policy: Policy,
    days: int | None,
    body_days: int | None,
    now: datetime,
) -> Term:
    logs = now - timedelta(days=policy.days if days is None else days)
    bodies = now - timedelta(days=policy.body_days if body_days is None else body_days)
    # A body goes with its log at the latest.
    return Term(service_id, logs, max(logs, bodies))
