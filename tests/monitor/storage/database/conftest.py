"""A database that nothing is in yet."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import pytest

from monitor.storage.server.server import Server


@pytest.fixture
def empty_dsn(postgres: Server) -> Iterator[str]:
    name = f"empty_{uuid4().hex}"

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(postgres.dsn())
        await connection.execute(statement)
        await connection.close()

    asyncio.run(execute(f"CREATE DATABASE {name}"))
    yield postgres.dsn(name)
    asyncio.run(execute(f"DROP DATABASE {name} WITH (FORCE)"))
