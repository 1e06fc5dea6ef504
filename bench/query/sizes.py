"""What a log takes on the disk: as it comes, and once its day is over; of each kind."""

import asyncio
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

from api.ingest.intake import Intake
from api.input.pushed_log import pushed_log
from appliance.data.database import MIGRATIONS
from appliance.data.masking import redaction
from appliance.fill.templates import Moment, Template, records
from bench.corpus.contents import words
from bench.corpus.logs import Log, logs
from bench.processes import postgres_server
from bench.query.inserting import templates_of
from monitor.counters import Counters
from monitor.record.batch import Storable
from monitor.settings import Settings
from monitor.storage.commit.commit import commit
from monitor.storage.database.migrate import migrate_database
from monitor.storage.database.partitions import Partitions, day_of
from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.database.shares import Share
from monitor.storage.endpoints.naming import EndpointNames
from monitor.storage.packs.packing import BodyPacking, Pace
from monitor.traffic.ids import LogIds

LOGS: Final = int(os.environ.get("BENCH_LOGS", "30000"))
BATCH: Final = 600
DAY: Final = timedelta(days=1)
MORE_HEADERS: Final = 12
ANSWER_WORDS: Final = 51
TABLES: Final = re.compile(r"_\d{8}")
RELATIONS: Final = """
    SELECT c.relname AS name,
           pg_relation_size(c.oid) + coalesce(
               pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) AS bytes
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = 'apimonitor'
       AND c.relkind IN ('r', 'i')
       AND c.relname ~ '^(logs|log_bodies|body_packs|header_sets)_[0-9]{8}'
"""
Sizes = Counter[str]


def main() -> None:
    print(f"{LOGS:,} logs each, bytes a log")
    for kind in KINDS:
        with (
            tempfile.TemporaryDirectory() as name,
            postgres_server(Path(name)) as (dsn, _),
        ):
            came, over = asyncio.run(_sizes(dsn, kind))
        print(f"{kind}: {_total(came):.0f} as they come, {_total(over):.0f} over")
        for part in sorted(came | over, key=lambda part: -came[part]):
            before, after = came[part] / LOGS, over[part] / LOGS
            if before + after > 0.5:
                print(f"    {part}: {before:.1f} → {after:.1f}")


def _total(sizes: Sizes) -> float:
    return sizes.total() / LOGS


async def _sizes(dsn: str, kind: str) -> tuple[Sizes, Sizes]:
    """Before and after its day was over."""
    database = await Database.open(dsn, size=3)
    try:
        await migrate_database(database, MIGRATIONS)
        templates, weights = await templates_of(database)
        async with database.reading(Share.LISTS) as connection:
            found = await connection.fetch("SELECT id FROM services ORDER BY id")
        services = [row["id"] for row in found]
        begin = datetime.combine(day_of(datetime.now(UTC)) - DAY, time(), UTC)
        if kind == "fill":
            made: Iterator[Storable] = _filled(templates, weights, begin)
        else:
            made = _pushed(KINDS[kind], services, begin)
        await _store(database, made)
        came = await _measured(database)
        packing = BodyPacking(
            database, counters=Counters(), pace=Pace(timedelta(), 10_000_000)
        )
        await packing.pack()
        return came, await _measured(database)
    finally:
        await database.close()


async def _store(database: Database, made: Iterator[Storable]) -> None:
    partitions = Partitions()
    names = EndpointNames(database, counters=Counters())
    while batch := list(islice(made, BATCH)):
        async with database.connection(held_s=NO_DEADLINE) as connection:
            await commit(connection, partitions, batch, names)
    async with database.connection(held_s=NO_DEADLINE) as connection:
        await connection.execute("VACUUM ANALYZE", timeout=600)


async def _measured(database: Database) -> Sizes:
    found = Sizes()
    async with database.connection(held_s=NO_DEADLINE) as connection:
        for row in await connection.fetch(RELATIONS):
            found[TABLES.sub("", row["name"])] += row["bytes"]
    return found


def _filled(
    templates: list[Template], weights: list[float], begin: datetime
) -> Iterator[Storable]:
    random, ids, start = Random(3), LogIds(), int(begin.timestamp() * 1000)
    each = int(DAY.total_seconds() * 1000) * BATCH // LOGS
    for number in range(LOGS // BATCH):
        at = start + number * each
        yield from records(
            templates, weights, Moment(at, at + each, BATCH), ids, random
        )


def _pushed(
    made: Sequence[Log], services: Sequence[UUID], begin: datetime
) -> Iterator[Storable]:
    settings = Settings(data_dir=Path("/nowhere"))
    masks, ids = redaction(settings, None), LogIds()
    intakes = [Intake(id, (), 3650, masks, ids) for id in services]
    for number, log in enumerate(made):
        intake = intakes[number % len(intakes)]
        id = ids.at(begin + DAY * number / LOGS)
        yield intake.masked(intake.made(pushed_log(log), id))


def _with_more(log: Log, random: Random) -> Log:
    more = {f"X-More-{n}": f"of the client, number {n}" for n in range(MORE_HEADERS)}
    answer = {"id": log["path"][-36:], "note": words(random, ANSWER_WORDS)}
    return {
        **log,
        "request_headers": log["request_headers"] | more,
        "request_body": None,
        "response_body": json.dumps(answer)[:408],
    }


def _all_with_more() -> list[Log]:
    random = Random(5)
    return [_with_more(log, random) for log in logs(LOGS)]


KINDS = {"pushed": _all_with_more(), "rows": logs(LOGS), "fill": ()}

if __name__ == "__main__":
    main()
