"""Who learns names of endpoints, and is killed at any moment, leaves them right."""

import asyncio
import random
import sys
from uuid import UUID

from monitor.counters import Counters
from monitor.endpoints.tree import OTHER
from monitor.storage.database.pool import Database
from monitor.storage.endpoints.renaming import Renaming
from monitor.storage.rollups.upkeep import Limits, RollupUpkeep
from tests.support.endpoint_names import Process, counted_otherwise, stored
from tests.support.patience import eventually

ROUNDS = 4
# Stores, learns, merges, tells, names anew and folds, until it is killed.
LEARNING = """
import asyncio, sys
from uuid import UUID
from monitor.storage.database.pool import Database
from tests.monitor.storage.endpoints.test_kills import learn, paths_of, tidy
from tests.support.endpoint_names import Process

async def work():
    database = await Database.open(sys.argv[1], size=3)
    process = Process(database)
    print("ready", flush=True)
    for n in range(10_000):
        await learn(process, UUID(sys.argv[2]), paths_of(int(sys.argv[3]) * 97 + n))
        await tidy(process)

asyncio.run(work())
"""


def paths_of(turn: int) -> list[str]:
    """Words that turn out to be values, some that stay, and ids."""
    return [
        *(f"/a/w{turn * 3 + n}" for n in range(3)),
        *(f"/b/w{turn % 7}/parts", "/a/me", "/c", f"/users/{turn}", f"/z{turn}.php"),
    ]


async def learn(process: Process, service_id: UUID, paths: list[str]) -> None:
    await process.store(service_id, paths)
    await process.names.tell()


async def tidy(process: Process) -> None:
    database = process.database
    async with database.connection() as connection:
        await connection.execute("UPDATE endpoint_renames SET due = now()")
    await Renaming(database, names=process.names, counters=Counters()).step()
    await RollupUpkeep(database, counters=Counters(), limits=Limits(0, 2)).step()


async def test_who_learns_and_is_killed_leaves_names_that_all_agree_on(
    database: Database, database_url: str, service_id: UUID
) -> None:
    chance = random.Random(5)
    beside = Process(database)
    for turn in range(ROUNDS):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", LEARNING, database_url),
            *(str(service_id), str(turn)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        # Another process learns the same, and other ones, at once.
        for n in range(3):
            await learn(beside, service_id, paths_of(turn * 97 + n * 2))
        await asyncio.sleep(chance.uniform(0, 0.3))
        process.kill()
        await process.wait()
    await eventually(lambda: _is_agreed(database, service_id))


async def _is_agreed(database: Database, service_id: UUID) -> bool:
    """What was killed holds its locks until PostgreSQL has heard of it."""
    fresh = Process(database)
    await fresh.names.take_over()
    before = await stored(database)
    # One who is new names each path as its logs are named.
    await fresh.store(service_id, before)
    for _ in range(40):
        await tidy(fresh)
    named = await stored(database)
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT template FROM endpoint_templates")
        planned = await connection.fetchval("SELECT count(*) FROM endpoint_renames")
    known = {row["template"] for row in rows} | {OTHER}
    assert {name for names in named.values() for name in names} <= known
    assert await counted_otherwise(database) == []
    return not planned and all(len(names) == 1 for names in named.values())
