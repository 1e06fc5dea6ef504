"""Upkeep that is killed at any moment leaves nothing out, and nothing twice."""

import asyncio
import random
import sys
from itertools import pairwise
from uuid import UUID

from monitor.storage.blocks.grams import BLOCKS, PARTS
from monitor.storage.database.pool import Database
from tests.support.blocks import make_blocks
from tests.support.patience import eventually
from tests.support.searched import a_log, found, store

ROUNDS = 3
KEEPING = """
import asyncio, sys
from monitor.storage.database.pool import Database
from tests.support.blocks import make_blocks

async def keep():
    database = await Database.open(sys.argv[1], size=2)
    print("ready", flush=True)
    while True:
        await make_blocks(database)

asyncio.run(keep())
"""


async def test_upkeep_that_is_killed_loses_no_log_and_has_none_twice(
    database: Database, database_url: str, service_id: UUID
) -> None:
    chance = random.Random(9)
    texts = ("declined", "accepted")
    for turn in range(ROUNDS):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", KEEPING, database_url),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        # Some are new, and some come late into blocks that there are.
        for first in (turn * 40, 0):
            logs = [
                a_log(service_id, first + n / 2, f"it {chance.choice(texts)} {turn}")
                for n in range(70)
            ]
            await store(database, logs)
        await asyncio.sleep(chance.uniform(0, 0.3))
        process.kill()
        await process.wait()
        assert len(await found(database, f"declined {turn}"))
    await eventually(lambda: _is_all_there(database))
    for text in (*texts, "declined 2", "nothing", "status:404"):
        await found(database, text)


async def _is_all_there(database: Database) -> bool:
    """What was killed holds its lock until PostgreSQL has heard of it."""
    await make_blocks(database)
    async with (
        database.connection() as connection,
        connection.transaction(isolation="repeatable_read"),
    ):
        chunks = await connection.fetch(
            """
            SELECT c.after_id, c.bounds, count(s.part) AS parts
              FROM search_chunks AS c
              LEFT JOIN search_slices AS s ON s.chunk_id = c.id
             GROUP BY c.id
             ORDER BY c.after_id
            """
        )
        slices = await connection.fetchval("SELECT count(*) FROM search_slices")
        late = await connection.fetchval("SELECT count(*) FROM search_late")
        newer = await connection.fetchval(
            "SELECT count(*) FROM logs WHERE id > $1",
            chunks[-1]["bounds"][-1] if chunks else UUID(int=0),
        )
    assert {row["parts"] for row in chunks} <= {PARTS}
    assert slices == PARTS * len(chunks)
    for before, after in pairwise(chunks):
        assert before["bounds"][-1] <= after["after_id"]
    # What came late is in chunks that there were: how many there are is a race.
    return not late and newer < BLOCKS
