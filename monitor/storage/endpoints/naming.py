"""Naming: each log that is stored gets its endpoint; what is new is learned first."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from monitor.counters import Counters
from monitor.endpoints.tree import OFTEN, Limits
from monitor.record.columns import LENGTH_SIZE
from monitor.record.naming import Namer, Seen, ServiceNames, unknown_of
from monitor.settings import Settings
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.endpoints import known
from monitor.storage.endpoints.known import Unknown
from monitor.traffic.ids import bytes_of, known_uuid

TIMEOUT_S = 5.0
# Others may change what was learned just now; that often at most.
MOST_TRIES = 3
LIMITS = Limits()
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class EndpointNames:
    """Learns in transactions of its own, one at a time, before the logs' are over: so a
    name that a log has is known to all, also where the logs are not stored in the end.

    What others learned is seen with the next logs of the service.
    """

    def __init__(
        self, database: Database, *, counters: Counters, limits: Limits = LIMITS
    ) -> None:
        self._database = database
        self._limits = limits
        self._counters = counters
        self._namer = Namer()
        self._learning = asyncio.Lock()

    def note(self, versions: Mapping[UUID, int]) -> None:
        """Which versions there are, as the logs' transaction sees them."""
        services = self._namer.services
        for id, version in versions.items():
            names = services.get(bytes_of(id))
            if names is not None and names.version < version:
                names.is_stale = True

    def begin(self, rows: list[bytes], start: int) -> list[int]:
        """Name *rows* from *start* on; which are left for *finish*."""
        return self._namer.name(rows, start)

    async def finish(self, rows: list[bytes], left: list[int]) -> None:
        for _ in range(MOST_TRIES):
            if not left:
                break
            unknown: dict[bytes, dict[Unknown, int]] = {}
            for at in left:
                service, path, is_answered = unknown_of(rows[at])
                paths = unknown.setdefault(service, {})
                key = path, is_answered
                paths[key] = paths.get(key, 0) + 1
            for service, paths in sorted(unknown.items()):
                await self._learn(service, paths)
            left = self._namer.name_each(rows, left)
        self._count_others()

    async def names_of(
        self, service_id: UUID, logs: list[tuple[bytes, bytes]]
    ) -> list[str]:
        """What logs of a service are of, by their paths and statuses, as fields of a
        row. Raises Unavailable."""
        service = bytes_of(service_id)
        await self._learn(service, {})
        unknown: dict[Unknown, int] = {}
        for _ in range(MOST_TRIES):
            found, unknown = self._namer.names_of(service, logs)
            if not unknown:
                return found
            await self._learn(service, unknown)
        return found

    async def _learn(self, service: bytes, paths: dict[Unknown, int]) -> None:
        """Raises Unavailable."""
        async with (
            self._learning,
            self._database.connection(
                Share.NAMES, timeout_s=TIMEOUT_S, held_s=TIMEOUT_S
            ) as held,
            held.transaction(),
        ):
            id = known_uuid(service)
            version = await known.locked(held, id)
            if version is None:
                return
            names = await known.names_of(held, id, version, self._limits)
            self._take_over(service, names)
            learned = await known.learn(held, id, names, paths)
        self._namer.services[service] = names
        self._counters.endpoints_learned.inc(learned.added)
        self._counters.endpoints_merged.inc(learned.merged)

    def _take_over(self, service: bytes, names: ServiceNames) -> None:
        """What this process has seen, and not told of yet."""
        former = self._namer.services.get(service)
        if former is None:
            return
        names.seen, former.seen = former.seen, {}
        names.others, former.others = former.others, 0
        there = names.tree.endpoints()
        for name, node in former.tree.endpoints().items():
            if name in there:
                there[name].hits += node.hits - node.saved

    def _count_others(self) -> None:
        for names in self._namer.services.values():
            if names.others:
                self._counters.endpoints_other.inc(names.others)
                names.others = 0

    async def take_over(self) -> None:
        """Learn what services have from before anything was learned, a few of them."""
        async with self._database.connection(timeout_s=TIMEOUT_S) as connection:
            rows = await connection.fetch(
                """
                SELECT id
                  FROM services AS s
                 WHERE endpoints_version = 0
                   AND EXISTS (SELECT 1
                                 FROM endpoint_rollups AS r
                                WHERE r.service_id = s.id)
                 LIMIT 10
                """
            )
        for row in rows:
            await self._learn(bytes_of(row["id"]), {})

    async def tell(self) -> None:
        """Tell others what was seen since the last time. Raises Unavailable."""
        self._count_others()
        for service, names in list(self._namer.services.items()):
            hits = [
                (name, node.hits - node.saved, node)
                for name, node in names.tree.endpoints().items()
                if node.saved < OFTEN and node.hits > node.saved
            ]
            seen, names.seen = names.seen, {}
            if not hits and not seen:
                continue
            async with (
                self._database.connection(timeout_s=TIMEOUT_S) as connection,
                connection.transaction(),
            ):
                id = known_uuid(service)
                await _add_hits(connection, id, [(n, more) for n, more, _ in hits])
                await add_seen(connection, id, seen)
            for _, more, node in hits:
                node.saved += more


def limits_of(settings: Settings) -> Limits:
    return Limits(
        endpoints=settings.endpoints_per_service, words=settings.endpoint_words
    )


async def _add_hits(
    connection: asyncpg.Connection, service_id: UUID, hits: list[tuple[str, int]]
) -> None:
    if hits:
        await connection.execute(
            """
            UPDATE endpoint_templates AS t
               SET hits = least(t.hits + more.hits, $4)
              FROM unnest($2::text[], $3::bigint[]) AS more (template, hits)
             WHERE t.service_id = $1
               AND t.template = more.template
            """,
            service_id,
            [name for name, _ in hits],
            [more for _, more in hits],
            OFTEN,
        )


async def add_seen(
    connection: asyncpg.Connection, service_id: UUID, seen: Mapping[bytes, Seen]
) -> None:
    """In the order of their keys, so that two who do so never wait for each other."""
    told = sorted(
        (key_of(method, endpoint), method, endpoint, _time(one.first), _time(one.last))
        for field, one in seen.items()
        for method, endpoint in [_texts(field)]
    )
    if not told:
        return
    await connection.execute(
        """
        INSERT INTO endpoint_seen AS held
               (service_id, key, method, endpoint, first_seen, last_seen)
        SELECT s.id, seen.*
          FROM services AS s,
               unnest($2::bytea[], $3::text[], $4::text[], $5::timestamptz[],
                      $6::timestamptz[]) AS seen
         WHERE s.id = $1
            ON CONFLICT (service_id, key)
            DO UPDATE SET first_seen = least(held.first_seen, excluded.first_seen),
                          last_seen = greatest(held.last_seen, excluded.last_seen)
        """,
        service_id,
        *[[row[column] for row in told] for column in range(5)],
    )


def key_of(method: str, endpoint: str) -> bytes:
    return hashlib.sha256(f"{method}\0{endpoint}".encode()).digest()[:16]


def _texts(fields: bytes) -> tuple[str, str]:
    size = int.from_bytes(fields[:LENGTH_SIZE], "big")
    end = LENGTH_SIZE + size
    return fields[LENGTH_SIZE:end].decode(), fields[end + LENGTH_SIZE :].decode()


def _time(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
