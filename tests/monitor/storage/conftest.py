"""A database with one service, for tests of what reads and writes logs."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio

from monitor.storage.database.pool import Database
from monitor.storage.registry.services import Services
from tests.support.alert_bench import Bench


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = await Database.open(database_url, size=5)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def service_id(database: Database) -> UUID:
    async def publish() -> None:
        """No proxy is there to be told."""

    services = Services(database, publish=publish)
    return (await services.create({"name": "pay"})).id


@pytest_asyncio.fixture
async def bench(database: Database, service_id: UUID) -> Bench:
    made = Bench(database, service_id)
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE services SET created_at = created_at - interval '1 day'"
        )
    return made
