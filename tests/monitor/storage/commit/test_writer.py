"""An ingested log is committed when that is said, and nobody's waits for all others."""

import asyncio
import math
from uuid import UUID

import asyncpg
import pytest

from monitor.counters import Counters
from monitor.loop.fair_queue import FairQueue
from monitor.storage.commit.writer import LogWriter
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.endpoints.naming import EndpointNames
from monitor.traffic.ids import LogIds
from tests.support.exchanges import an_exchange

IDS = LogIds()


async def test_a_commit_is_durable_whatever_the_server_defaults_to(
    database_url: str, database: Database
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    finally:
        await connection.close()
    made = await Database.open(database_url, size=2)
    try:
        async with made.connection() as held:
            assert await held.fetchval("SHOW synchronous_commit") == "on"
            await held.execute("SELECT set_config('work_mem', '1MB', false)")
        async with made.connection() as held:
            assert await held.fetchval("SHOW synchronous_commit") == "on"
    finally:
        await made.close()


async def test_a_quiet_key_is_in_one_of_the_next_two_commits(
    database: Database, service_id: UUID
) -> None:
    commits = 0

    def committed() -> None:
        nonlocal commits
        commits += 1

    writer = LogWriter(
        database,
        partitions=Partitions(),
        names=EndpointNames(database, counters=Counters()),
        counters=Counters(),
        committed=committed,
        timeout_s=30,
    )
    turns = FairQueue(places=64, most_waiting=1_000)

    async def store(sender: str) -> None:
        async with turns.turn(sender):
            await writer.write(an_exchange(service_id), until=math.inf)

    async def greedy() -> None:
        while True:
            await store("greedy")

    running = asyncio.create_task(writer.run())
    crowd = [asyncio.create_task(greedy()) for _ in range(500)]
    while commits < 3:
        await asyncio.sleep(0)
    try:
        for _ in range(30):
            before = commits
            await store("quiet")
            assert commits - before <= 2
    finally:
        for task in (running, *crowd):
            task.cancel()
        await asyncio.wait([running, *crowd])


async def test_a_caller_that_is_cancelled_gives_its_connection_back(
    database: Database,
) -> None:
    """Five connections: a sixth caller would wait for ever if one were kept."""

    async def sleep() -> None:
        async with database.connection() as held:
            await held.execute("SELECT pg_sleep(60)")

    for _ in range(6):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await sleep()
    async with database.connection() as held:
        assert await held.fetchval("SELECT 1") == 1
