"""Services that are registered."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from monitor.errors import Conflict, FieldError
from monitor.registry.resources import SERVICE_FIELDS, ServiceResource
from monitor.registry.routes_file import ROUTED
from monitor.registry.table import Service
from monitor.storage.alerts.ends import end_all
from monitor.storage.database.limits import counted
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share

# First segments that are the appliance's own, or that `*.localhost` needs.
RESERVED_SLUGS = frozenset(
    {
        "alerts-ui",
        "dashboard",
        "docs",
        "health",
        "healthz",
        "livez",
        "localhost",
        "log",
        "metrics",
        "metrics-ui",
        "openapi",
        "readyz",
        "redoc",
        "replay",
        "signin",
        "signout",
        "static",
        "status",
        "troubleshooting",
        "v1",
    }
)
MAX_SLUG_LENGTH = 63
COLUMNS = tuple(field.name for field in SERVICE_FIELDS if field.said.has_column)
READ = ", ".join(
    f"s.{name}" for name in ("id", "slug", *COLUMNS, "created_at", "updated_at")
)
SELECT = f"""
    SELECT {READ},
           ARRAY(SELECT h.host
                   FROM service_hosts AS h
                  WHERE h.service_id = s.id
                  ORDER BY h.host) AS hosts
      FROM services AS s
"""
LOCK = "SELECT pg_advisory_xact_lock(hashtext('apimonitor.services'))"


class Services:
    """Changes are published, to the proxies of this machine, before they return."""

    def __init__(
        self, database: Database, *, publish: Callable[[], Awaitable[None]]
    ) -> None:
        self._database = database
        self._publish = publish

    async def create(self, fields: Mapping[str, Any]) -> ServiceResource:
        """Register a service. Raises Conflict where its name or a host is taken."""
        id, now = uuid4(), datetime.now(UTC)
        given = {name: fields[name] for name in COLUMNS if name in fields}
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(LOCK)
            await _refuse_taken(connection, id, fields)
            slug = await _free_slug(connection, fields["name"])
            values = {
                "id": id,
                "slug": slug,
                "created_at": now,
                "updated_at": now,
                **given,
            }
            places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
            await connection.execute(
                f"INSERT INTO services ({', '.join(values)}) VALUES ({places})",
                *values.values(),
            )
            await _set_hosts(connection, id, fields.get("hosts") or ())
            created = await _one(connection, id)
            await connection.execute("NOTIFY apimonitor_services")
        await self._publish()
        assert created is not None
        return created

    async def page(
        self, *, limit: int, offset: int
    ) -> tuple[list[ServiceResource], int]:
        """Services by name, and how many there are in all."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                f"{SELECT} ORDER BY lower(s.name), s.id LIMIT $1 OFFSET $2",
                limit,
                offset,
            )
            total = await counted(connection, "services")
        return [_resource(row) for row in rows], total

    async def get(self, id: UUID) -> ServiceResource | None:
        async with self._database.reading(Share.LOOKUPS) as connection:
            return await _one(connection, id)

    async def change(
        self, id: UUID, changes: Mapping[str, Any]
    ) -> ServiceResource | None:
        """Set what *changes* names; None where there is no such service.

        Raises Conflict as *create* does.
        """
        given = {name: changes[name] for name in COLUMNS if name in changes}
        values = {**given, "updated_at": datetime.now(UTC)}
        settings = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=2))
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(LOCK)
            await _refuse_taken(connection, id, changes)
            found = await connection.fetchval(
                f"UPDATE services SET {settings} WHERE id = $1 RETURNING id",
                id,
                *values.values(),
            )
            if found is None:
                return None
            if "hosts" in changes:
                await _set_hosts(connection, id, changes["hosts"] or ())
            changed = await _one(connection, id)
            await connection.execute("NOTIFY apimonitor_services")
        await self._publish()
        return changed

    async def delete(self, id: UUID) -> bool:
        """Remove a service; its logs are hidden at once and cleared later."""
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            # Before its rules, as whoever stores a log does.
            found = await connection.fetchval(
                "SELECT id FROM services WHERE id = $1 FOR UPDATE", id
            )
            if found is None:
                return False
            now = datetime.now(UTC)
            await end_all(connection, id, now)
            await connection.execute("DELETE FROM services WHERE id = $1", id)
            await connection.execute(
                "INSERT INTO deletions (service_id, deleted_at) VALUES ($1, $2)",
                id,
                now,
            )
            await connection.execute("NOTIFY apimonitor_services")
        await self._publish()
        return True

    async def routes(self) -> list[Service]:
        """What the proxies have to know of all services."""
        async with self._database.reading(Share.WRITES) as connection:
            rows = await connection.fetch(f"{SELECT} ORDER BY s.created_at, s.id")
        return [_route(_resource(row)) for row in rows]


def slug_of(name: str) -> str:
    """*name* as a host label (RFC 1123 2.1)."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    slug = label[:MAX_SLUG_LENGTH].strip("-") or "service"
    return f"{slug[: MAX_SLUG_LENGTH - 8]}-service" if slug in RESERVED_SLUGS else slug


async def _free_slug(connection: asyncpg.Connection, name: str) -> str:
    slug = slug_of(name)
    rows = await connection.fetch(
        "SELECT slug FROM services WHERE starts_with(slug, $1)",
        slug[: MAX_SLUG_LENGTH - 8],
    )
    taken = {row["slug"] for row in rows}
    if slug not in taken:
        return slug
    number = 2
    while f"{slug[: MAX_SLUG_LENGTH - 8]}-{number}" in taken:
        number += 1
    return f"{slug[: MAX_SLUG_LENGTH - 8]}-{number}"


async def _refuse_taken(
    connection: asyncpg.Connection, id: UUID, fields: Mapping[str, Any]
) -> None:
    if fields.get("name") is not None:
        await _refuse_taken_name(connection, id, fields["name"])
    host = await connection.fetchval(
        """
        SELECT host
          FROM service_hosts
         WHERE host = ANY($1) AND service_id <> $2
         LIMIT 1
        """,
        list(fields.get("hosts") or ()),
        id,
    )
    if host is not None:
        raise _conflict("hosts", f"another service has the host {host}")


async def _refuse_taken_name(
    connection: asyncpg.Connection, id: UUID, name: str
) -> None:
    """Compared as the proxy does: what SQL takes for lower case is its locale's.

    Older names that differ by their case alone stay as they are.
    """
    rows = await connection.fetch("SELECT id, name FROM services")
    names = {row["id"]: row["name"] for row in rows}
    if names.pop(id, None) == name:
        return
    if name in names.values():
        raise _conflict("name", "another service has this name")
    if name.casefold() in {taken.casefold() for taken in names.values()}:
        raise _conflict("name", "another service has this name in another letter case")


def _conflict(field: str, reason: str) -> Conflict:
    return Conflict(reason, errors=[FieldError(("body", field), reason, "conflict")])


async def _set_hosts(
    connection: asyncpg.Connection, id: UUID, hosts: tuple[str, ...]
) -> None:
    await connection.execute("DELETE FROM service_hosts WHERE service_id = $1", id)
    await connection.executemany(
        "INSERT INTO service_hosts (host, service_id) VALUES ($1, $2)",
        [(host, id) for host in hosts],
    )


async def _one(connection: asyncpg.Connection, id: UUID) -> ServiceResource | None:
    row = await connection.fetchrow(f"{SELECT} WHERE s.id = $1", id)
    return None if row is None else _resource(row)


def _resource(row: asyncpg.Record) -> ServiceResource:
    read = {field.name: field.read(row[field.name]) for field in SERVICE_FIELDS}
    return ServiceResource(**{**row, **read})


def _route(service: ServiceResource) -> Service:
    return Service(**{name: getattr(service, name) for name in ROUTED})
