"""Inserting: whether it slows down with what is there, and what indexing texts adds."""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

import uvloop

from appliance.data.database import MIGRATIONS
from appliance.fill.filling import PREFIX
from appliance.fill.shop import service_names, sketches
from appliance.fill.templates import Moment, Template, records
from bench.processes import cpu_seconds, postgres_server
from bench.query.filled import Filled
from bench.query.filling import SERVICES
from monitor.counters import Counters
from monitor.storage.blocks.grams import CHUNK_LOGS
from monitor.storage.blocks.upkeep import BlockUpkeep
from monitor.storage.commit.commit import commit
from monitor.storage.database.migrate import migrate_database
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.registry.services import Services
from monitor.traffic.ids import LogIds, lowest_at

BATCH, ROUNDS = 1_000, 90
# Of what is inserted, which is of a time of its own, and goes with it.
AGO = timedelta(minutes=10)
# Chunks of what was inserted; what is loaded with the first does not count.
CHUNKS = 4


def inserting(made: Filled) -> list[str]:
    """Lines of what was measured; what was inserted is taken back."""
    size = made.asked(
        "SELECT pg_total_relation_size('search_slices')"
        " + pg_total_relation_size('search_chunks')"
    )
    whole = made.asked("SELECT pg_database_size(current_database())")
    assert isinstance(size, int) and isinstance(whole, int)
    with tempfile.TemporaryDirectory() as name, postgres_server(Path(name)) as (dsn, _):
        fresh = uvloop.run(_fresh(dsn))
    now, ours, pg = uvloop.run(_behind(made))
    return [
        f"one process inserts {fresh:,.0f} logs a second behind the first 100,000,"
        f" {now:,.0f} behind {made.logs:,}: {now / fresh:.2f} of it (0.9)",
        f"indexing texts adds {ours + pg:.1f} µs of CPU a log"
        f" ({ours:.1f} ours, {pg:.1f} PostgreSQL's; 10), in the background,"
        f" and {size / made.logs:.0f} of {whole / made.logs:,.0f} bytes a log"
        f" ({size / whole:.0%}; 25 %)",
    ]


async def _fresh(dsn: str) -> float:
    database = await Database.open(dsn, size=2)
    try:
        await migrate_database(database, MIGRATIONS)
        return await _rate(database, datetime.now(UTC) - AGO, warm=100)
    finally:
        await database.close()


async def _behind(made: Filled) -> tuple[float, float, float]:
    """The rate, and what it costs to index what was inserted, as a minute later."""
    database, since = await Database.open(made.dsn, size=2), datetime.now(UTC) - AGO
    try:
        rate = await _rate(database, since, warm=10)
        indexing = await _indexing(database)
        await _take_back(database, since)
    finally:
        await database.close()
    return rate, *indexing


async def _rate(database: Database, since: datetime, *, warm: int) -> float:
    """Logs a second, behind *warm* batches; each is of one transaction."""
    templates, weights = await templates_of(database)
    random, ids, partitions = Random(3), LogIds(), Partitions()
    start_ms, taken = int(since.timestamp() * 1000), 0.0
    for number in range(warm + ROUNDS):
        moment = Moment(start_ms + number * 100, start_ms + number * 100 + 100, BATCH)
        made = records(templates, weights, moment, ids, random)
        began = time.perf_counter()
        async with database.connection(held_s=NO_DEADLINE) as connection:
            await commit(connection, partitions, made)
        taken += time.perf_counter() - began if number >= warm else 0
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


async def _indexing(database: Database) -> tuple[float, float]:
    """µs of CPU a log, ours and PostgreSQL's."""
    upkeep = BlockUpkeep(database, counters=Counters())
    # What was left of the logs before is in the first of them.
    await upkeep.step()
    pids = await _pids(database)
    began, pg = time.process_time(), cpu_seconds(pids)
    chunks = 0
    while chunks < CHUNKS and await upkeep.step():
        chunks += 1
    ours, theirs = time.process_time() - began, cpu_seconds(pids) - pg
    logs = max(chunks, 1) * CHUNK_LOGS
    return ours / logs * 1e6, theirs / logs * 1e6


async def _pids(database: Database) -> list[int]:
    """Not of what looks after the rows that were just inserted."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT pid
              FROM pg_stat_activity
             WHERE backend_type IN ('client backend', 'walwriter')
            """
        )
    return [row["pid"] for row in rows]


async def _take_back(database: Database, since: datetime) -> None:
    """The newest logs are those that were just inserted, and few of the others."""
    async with database.connection(held_s=NO_DEADLINE) as connection:
        for table in ("logs", "log_bodies"):
            await connection.execute(f"DELETE FROM {table} WHERE ts >= $1", since)
        await connection.execute("DELETE FROM search_late")
        await connection.execute("DELETE FROM rollup_changes WHERE start >= $1", since)
        await connection.execute(
            """
            WITH gone AS (
                DELETE FROM search_chunks
                 WHERE bounds[cardinality(bounds)] >= $1
                RETURNING id)
            DELETE FROM search_slices WHERE chunk_id IN (SELECT id FROM gone)
            """,
            lowest_at(since),
        )
