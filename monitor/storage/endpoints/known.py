"""What PostgreSQL knows of the endpoints of a service, and what is learned anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from monitor.endpoints.tree import OFTEN, EndpointTree, Limits, Node
from monitor.record.naming import ServiceNames
from monitor.storage.endpoints import renames
from monitor.storage.rollups.changes import ALL_CHANGES

# How many of the endpoints are taken over that there were before any was learned.
TAKEN_OVER = 20_000

# What was counted of each endpoint of the service $1: the sums are of its logs.
REQUESTS = f"""
    SELECT endpoint, requests
      FROM endpoint_rollups
     WHERE service_id = $1
       AND width_s = 86400
     UNION ALL
    SELECT endpoint, requests
      FROM {ALL_CHANGES}
       AND service_id = $1
    """

# A path with what is known by its looks named, and whether it is answered.
Unknown = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Learned:
    added: int
    merged: int


async def names_of(
    connection: asyncpg.Connection, service_id: UUID, version: int, limits: Limits
) -> ServiceNames:
    """As they are at *version*, or later: what is read later is asked for again."""
    tree = EndpointTree(limits)
    for row in await connection.fetch(
        """
        SELECT template, is_answered, hits
          FROM endpoint_templates
         WHERE service_id = $1
        """,
        service_id,
    ):
        tree.put(row["template"], row["hits"], row["is_answered"])
    return ServiceNames(version, tree, await set_by_hand(connection, service_id))


async def set_by_hand(connection: asyncpg.Connection, service_id: UUID) -> list[str]:
    """Templates that were set and not undone, the latest first."""
    rows = await connection.fetch(
        """
        SELECT templates
          FROM endpoint_changes
         WHERE service_id = $1
           AND undone_at IS NULL
         ORDER BY created_at DESC, id DESC
        """,
        service_id,
    )
    return [template for row in rows for template in row["templates"]]


async def locked(connection: asyncpg.Connection, service_id: UUID) -> int | None:
    """The version, which nobody else changes before the transaction ends; None where
    the service is gone. Whoever stores its logs does not wait for it."""
    version: int | None = await connection.fetchval(
        "SELECT endpoints_version FROM services WHERE id = $1 FOR NO KEY UPDATE",
        service_id,
    )
    return version


async def changed(connection: asyncpg.Connection, service_id: UUID) -> int:
    """The new version, in the transaction in which it was *locked*."""
    version: int = await connection.fetchval(
        """
        UPDATE services
           SET endpoints_version = endpoints_version + 1
         WHERE id = $1
        RETURNING endpoints_version
        """,
        service_id,
    )
    return version


async def learn(
    connection: asyncpg.Connection,
    service_id: UUID,
    names: ServiceNames,
    unknown: Mapping[Unknown, int],
) -> Learned:
    """Have endpoints of *unknown*, each that often; *names* has them then.

    In a transaction that has the service *locked*. Where words turned out to be values,
    logs that are stored under them are named anew.
    """
    tree = names.tree
    before = {name: node.is_answered for name, node in tree.endpoints().items()}
    there = []
    if not names.version:
        there = await _there_already(connection, service_id)
        for name, hits in there:
            tree.learn(name, hits, True)
    for (path, is_answered), hits in unknown.items():
        tree.learn(path, hits, is_answered)
    after = tree.endpoints()
    gone = [name for name in before if name not in after]
    new = [name for name, node in after.items() if before.get(name) != node.is_answered]
    if not gone and not new:
        return Learned(0, 0)
    await _store(connection, service_id, gone, {name: after[name] for name in new})
    stale = [*gone, *(name for name, _ in there if not _is_name(tree, name))]
    if stale:
        await renames.plan(connection, service_id, stale)
    names.version = await changed(connection, service_id)
    return Learned(len(set(new) - set(before)), len(gone))


def _is_name(tree: EndpointTree, name: str) -> bool:
    node = tree.known(name, True)
    return node is not None and node.name == name


async def _store(
    connection: asyncpg.Connection,
    service_id: UUID,
    gone: list[str],
    new: Mapping[str, Node],
) -> None:
    await connection.execute(
        "DELETE FROM endpoint_templates WHERE service_id = $1 AND template = ANY($2)",
        service_id,
        [*gone, *new],
    )
    await connection.execute(
        """
        INSERT INTO endpoint_templates (service_id, template, is_answered, hits)
        SELECT $1, template, is_answered, hits
          FROM unnest($2::text[], $3::boolean[], $4::bigint[])
               AS new (template, is_answered, hits)
        """,
        service_id,
        list(new),
        [node.is_answered for node in new.values()],
        [min(node.hits, OFTEN) for node in new.values()],
    )
    for node in new.values():
        node.saved = node.hits


async def _there_already(
    connection: asyncpg.Connection, service_id: UUID
) -> list[tuple[str, int]]:
    """Endpoints of logs from before any were learned, those asked most first."""
    await connection.execute(
        """
        INSERT INTO endpoint_seen
               (service_id, key, method, endpoint, first_seen, last_seen)
        SELECT $1, substr(sha256(convert_to(method, 'UTF8') || '\\x00'
                                 || convert_to(endpoint, 'UTF8')), 1, 16),
               method, endpoint, min(start), max(start)
          FROM endpoint_rollups
         WHERE service_id = $1
           AND width_s = 3600
         GROUP BY method, endpoint
         ORDER BY sum(requests) DESC
         LIMIT $2
            ON CONFLICT (service_id, key) DO NOTHING
        """,
        service_id,
        TAKEN_OVER,
    )
    rows = await connection.fetch(
        f"""
        SELECT endpoint, sum(requests)::bigint AS hits
          FROM ({REQUESTS}) AS counted
         GROUP BY endpoint
        HAVING sum(requests) > 0
         ORDER BY hits DESC, endpoint
         LIMIT $2
        """,
        service_id,
        TAKEN_OVER,
    )
    return [(row["endpoint"], row["hits"]) for row in rows]
