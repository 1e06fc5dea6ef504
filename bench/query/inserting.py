"""Inserting: whether it slows down with what is there, and what indexing texts adds."""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

import asyncpg

from appliance.data.database import MIGRATIONS
from appliance.fill.filling import PREFIX
from appliance.fill.shop import service_names, sketches
from appliance.fill.templates import Moment, Template, records
from bench.processes import cpu_seconds, postgres_server
from bench.query.filled import SERVICES, Filled
from monitor.counters import Counters
from monitor.storage.blocks.grams import BLOCK_LOGS, BLOCKS
from monitor.storage.blocks.upkeep import BlockUpkeep
from monitor.storage.commit.commit import commit
from monitor.storage.database.migrate import migrate_database
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.registry.services import Services
from monitor.traffic.ids import LogIds

BATCH, ROUNDS = 1_000, 30
CHUNKS = 4


def inserting(made: Filled) -> list[str]:
    """Lines of what was measured; what was inserted is taken back."""
    with tempfile.TemporaryDirectory() as name, postgres_server(Path(name)) as (dsn, _):
        fresh = asyncio.run(_rate(dsn, warm=100))
    now = asyncio.run(_rate(made.dsn, warm=10))
    indexing, pg = asyncio.run(_indexing(made))
    size = made.asked(
        "SELECT pg_total_relation_size('search_slices')"
        " + pg_total_relation_size('search_chunks')"
    )
    whole = made.asked("SELECT pg_database_size(current_database())")
    assert isinstance(size, int) and isinstance(whole, int)
    return [
        f"one process inserts {fresh:,.0f} logs a second behind the first 100,000,"
        f" {now:,.0f} behind {made.logs:,}: {now / fresh:.2f} of it (0.9)",
        f"indexing texts adds {indexing + pg:.1f} µs of CPU a log"
        f" ({indexing:.1f} ours, {pg:.1f} PostgreSQL's; 10), in the background,"
        f" and {size / made.logs:.0f} of {whole / made.logs:,.0f} bytes a log"
        f" ({size / whole:.0%}; 25 %)",
    ]


async def _rate(dsn: str, *, warm: int) -> float:
    """Logs a second, behind *warm* batches; each is of one transaction."""
    database = await Database.open(dsn, size=2)
    try:
        await migrate_database(database, MIGRATIONS)
        templates, weights = await templates_of(database)
        random, ids, partitions = Random(3), LogIds(), Partitions()
        # Of a day of their own, which goes with them.
        start = datetime.now(UTC) - timedelta(minutes=10)
        start_ms, taken = int(start.timestamp() * 1000), 0.0
        for number in range(warm + ROUNDS):
            moment = Moment(
                start_ms + number * 100, start_ms + number * 100 + 100, BATCH
            )
            made = records(templates, weights, moment, ids, random)
            began = time.perf_counter()
            async with database.connection(held_s=NO_DEADLINE) as connection:
                await commit(connection, partitions, made)
            taken += time.perf_counter() - began if number >= warm else 0
        await _take_back(database, start)
    finally:
        await database.close()
    return BATCH * ROUNDS / taken


async def templates_of(database: Database) -> tuple[list[Template], list[float]]:
    async def nobody() -> None:
        """No proxy is there to be told."""

    services, random = Services(database, publish=nobody), Random(1)
    found, _ = await services.page(limit=100, offset=0)
    known = {service.name: service.id for service in found}
    made = []
    for name in service_names(SERVICES):
        if PREFIX + name not in known:
            fields = {"name": PREFIX + name, "base_url": "http://fill.invalid"}
            known[PREFIX + name] = (await services.create(fields)).id
        made += [
            Template(sketch, known[PREFIX + name])
            for sketch in sketches(name, random, variants=4)
        ]
    return made, list(accumulate(each.weight for each in made))


async def _take_back(database: Database, since: datetime) -> None:
    """The newest logs are those that were just inserted, and few of the others."""
    async with database.connection(held_s=NO_DEADLINE) as connection:
        for table in ("logs", "log_bodies"):
            await connection.execute(f"DELETE FROM {table} WHERE ts >= $1", since)
        await connection.execute("DELETE FROM search_late")
        await connection.execute("DELETE FROM rollup_changes WHERE start >= $1", since)


async def _indexing(made: Filled) -> tuple[float, float]:
    """µs of CPU a log, ours and PostgreSQL's: the newest chunks are made once more."""
    database = await Database.open(made.dsn, size=2)
    try:
        async with database.connection() as connection:
            await _undo(connection)
        upkeep = BlockUpkeep(database, counters=Counters())
        # What is loaded with the first of them does not count.
        await upkeep.step()
        began, pg = time.process_time(), cpu_seconds(made.pids())
        chunks = 0
        while chunks < CHUNKS - 1 and await upkeep.step():
            chunks += 1
        ours = time.process_time() - began
        theirs = cpu_seconds(made.pids()) - pg
    finally:
        await database.close()
    logs = max(chunks, 1) * BLOCKS * BLOCK_LOGS
    return ours / logs * 1e6, theirs / logs * 1e6


async def _undo(connection: asyncpg.Connection) -> None:
    await connection.execute(
        f"""
        WITH gone AS (
            DELETE FROM search_chunks
             WHERE id IN (SELECT id FROM search_chunks
                           ORDER BY after_id DESC LIMIT {CHUNKS})
            RETURNING id)
        DELETE FROM search_slices WHERE chunk_id IN (SELECT id FROM gone)
        """
    )
