"""Processes that learn the names of endpoints, and what they stored."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from monitor.counters import Counters
from monitor.endpoints.tree import Limits
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.endpoints.naming import EndpointNames
from monitor.storage.search.places import ENDPOINT
from monitor.traffic.exchange import Exchange, Source
from monitor.traffic.ids import LogIds

IDS = LogIds()

LIMITS = Limits(endpoints=30, words=5)


class Process:
    """What stores logs, with what it knows of endpoints."""

    def __init__(
        self, database: Database, limits: Limits = LIMITS, *, learns: bool = True
    ) -> None:
        self.database = database
        self._learns = learns
        self.counters = Counters()
        self.names = EndpointNames(database, counters=self.counters, limits=limits)
        self.partitions = Partitions()

    async def store(
        self,
        service_id: UUID,
        paths: Iterable[str],
        status_code: int | None = 200,
        *,
        at: datetime | None = None,
        latency_ms: float | None = 1.0,
        error: str | None = None,
    ) -> None:
        made = [
            Exchange(
                id=IDS.at(at) if at else IDS.new(),
                service_id=service_id,
                source=Source.PROXY,
                method="GET",
                url=f"http://up.test{path}",
                path=path,
                status_code=status_code,
                latency_ms=latency_ms,
                error=error,
            )
            for path in paths
        ]
        async with self.database.connection() as connection:
            names = self.names if self._learns else None
            assert await commit(connection, self.partitions, made, names) == made


async def stored(database: Database) -> dict[str, set[str | None]]:
    """The endpoints that logs of each path have."""
    found: dict[str, set[str | None]] = {}
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"SELECT path, {ENDPOINT} AS endpoint FROM logs AS l"
        )
    for row in rows:
        found.setdefault(row["path"], set()).add(row["endpoint"])
    return found


async def counted_otherwise(database: Database) -> list[str]:
    """Endpoints that rollups have not as many logs of as there are."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"""
            SELECT endpoint
              FROM (SELECT endpoint, requests FROM rollup_changes
                     UNION ALL
                    SELECT endpoint, requests FROM endpoint_rollups
                     WHERE width_s = 3600
                     UNION ALL
                    SELECT {ENDPOINT}, -1 FROM logs AS l) AS counted
             GROUP BY endpoint
            HAVING sum(requests) <> 0
            """
        )
    return [row["endpoint"] for row in rows]
