"""Logs of many kinds, of the last hours, put into the database at once."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.traffic.exchange import Exchange, Source
from monitor.traffic.ids import LogIds

PATHS = (
    "/charge",
    "/charge?amount=5",
    "/users/7/orders/19",
    "/users/8/orders/20",
    "/<script>window.stolen=1</script>",
    f"/{'long-segment-of-a-path/' * 20}",
)
METHODS = ("GET", "GET", "POST", "DELETE", "PROPFIND")
STATUSES = (None, 200, 200, 200, 204, 302, 404, 418, 500, 503)
ERRORS = (None, None, None, "client_disconnect: gone", "upstream_timeout: 60 s")


def traffic(
    service_id: UUID, count: int, *, seed: int = 1, ago: timedelta = timedelta(0)
) -> list[Exchange]:
    chance, ids, now = random.Random(seed), LogIds(), datetime.now(UTC) - ago
    return [
        Exchange(
            id=ids.at(now - timedelta(minutes=chance.uniform(1, 600))),
            service_id=service_id,
            source=chance.choice((Source.PROXY, Source.INGEST, Source.REPLAY)),
            method=chance.choice(METHODS),
            url="https://pay.internal/",
            path=chance.choice(PATHS),
            status_code=chance.choice(STATUSES),
            latency_ms=chance.choice((None, *(chance.lognormvariate(4, 1),) * 9)),
            error=chance.choice(ERRORS),
        )
        for _ in range(count)
    ]


async def store(database_url: str, exchanges: list[Exchange]) -> None:
    async with _connection(database_url) as connection:
        await commit(connection, Partitions(), exchanges)


@asynccontextmanager
async def held(database_url: str, table: str) -> AsyncIterator[None]:
    """Whoever reads *table* waits until the block is left."""
    async with _connection(database_url) as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


@asynccontextmanager
async def _connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    database = await Database.open(database_url, size=1)
    try:
        async with database.connection() as connection:
            yield connection
    finally:
        await database.close()
