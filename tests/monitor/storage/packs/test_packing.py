"""Bodies that are packed are read, found and removed as they were before."""

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from appliance.data.database import MIGRATIONS
from monitor.counters import Counters
from monitor.logs.filter import LogFilter
from monitor.logs.log import LogDetail
from monitor.storage.clearing.clearing import remove_logs
from monitor.storage.database.pool import Database
from monitor.storage.logs.reader import LogReader
from monitor.storage.packs.packing import BodyPacking, Pace
from monitor.traffic.exchange import Body, Exchange
from monitor.traffic.ids import LogIds, bucket_of, timestamp_of
from tests.support.exchanges import an_exchange
from tests.support.packs import SMALL, pack_bodies, packed
from tests.support.patience import eventually
from tests.support.searched import START, found, store

IDS = LogIds()
SIZE = "SELECT pg_total_relation_size($1::text::regclass)"
WORDS = ("alpha", "beta", "gamma")
KEEPING = """
import asyncio, sys
from monitor.storage.database.pool import Database
from tests.support.packs import pack_bodies

async def keep():
    database = await Database.open(sys.argv[1], size=2)
    print("ready", flush=True)
    while True:
        await pack_bodies(database)

asyncio.run(keep())
"""


def a_log(chance: random.Random, service_id: UUID, minute: float) -> Exchange:
    """Of bodies of any kind: none, empty, of bytes, long, of a page."""
    long = "ä" * chance.choice([10, 3_000, 30_000])
    kept = [b"", b"\xff\x00", f'{{"a": "{chance.choice(WORDS)} {long}"}}'.encode()]
    bodies = [Body(kept=one, size=len(one)) for one in kept]
    return an_exchange(
        service_id,
        id=IDS.at(START - timedelta(days=1) + timedelta(minutes=minute)),
        request_body=chance.choice([None, *bodies]),
        response_body=chance.choice([None, bodies[2]]),
    )


async def test_packed_bodies_are_those_they_were_also_with_late_ones_between(
    database: Database, service_id: UUID
) -> None:
    chance = random.Random(3)
    before: dict[UUID, LogDetail] = {}
    for late in (0.0, 0.25, 0.75):
        # Of yesterday, which is over, and of today.
        minutes = chance.sample(range(-600, 1_500, 20), 60)
        logs = [a_log(chance, service_id, n + late) for n in sorted(minutes)]
        await store(database, logs)
        loose = await details(database)
        assert {id: loose[id] for id in before} == before
        await pack_bodies(database)
        before = loose
        assert await details(database) == before
    # One by one they are looked up by other ways than in a row.
    reader = LogReader(database, timeout_ms=60_000)
    for id, detail in chance.sample(sorted(before.items()), 30):
        assert await reader.get(id) == detail
    for text in ("body:alpha", "$.a:~beta", "res.body:/gam+a/", "size:>5k", "ä"):
        assert await found(database, text)
    async with database.connection() as connection:
        left = await connection.fetchval(
            """
            SELECT count(*)
              FROM log_bodies
             WHERE part IS NULL
               AND ts < date_bin('1 day', $1, '2000-01-01 00:00+00')
            """,
            START,
        )
        overlapping = await connection.fetchval(
            """
            SELECT count(*)
              FROM body_packs AS a
              JOIN body_packs AS b ON a.first_id < b.first_id
                                  AND b.first_id <= a.last_id
            """
        )
        longest = await connection.fetchval(
            "SELECT max(cardinality(ids)) FROM body_packs"
        )
    assert (left, overlapping) == (0, 0)
    assert longest <= 2 * SMALL.pack_logs


async def test_what_is_removed_while_bodies_are_packed_is_in_no_pack(
    database: Database, service_id: UUID
) -> None:
    chance = random.Random(5)
    logs = [a_log(chance, service_id, n / 10) for n in range(300)]
    await store(database, logs)
    expected = await details(database)
    going = chance.sample(list(expected), 200)

    async def remove() -> None:
        for at in range(0, len(going), 10):
            some = going[at : at + 10]
            async with database.connection() as connection, connection.transaction():
                keys = await connection.fetch(
                    """
                    SELECT bucket, ts, id
                      FROM logs
                     WHERE bucket = ANY($1) AND ts = ANY($2) AND id = ANY($3)
                    """,
                    [bucket_of(id) for id in some],
                    [timestamp_of(id) for id in some],
                    some,
                )
                assert len(await remove_logs(connection, keys, pinned=True)) == 10

    await asyncio.gather(pack_bodies(database), remove(), pack_bodies(database))
    await pack_bodies(database)
    for id in going:
        del expected[id]
    assert await details(database) == expected
    async with database.connection() as connection:
        held = await connection.fetch(
            """
            SELECT unnest(ids) AS id, false AS is_loose FROM body_packs
             UNION ALL
            SELECT id, true FROM log_bodies WHERE coalesce(part, 0) = 0
            """
        )
    ids = [row["id"] for row in held]
    assert len(ids) == len(set(ids))
    assert set(ids).isdisjoint(going)


async def test_the_room_of_a_day_that_is_packed_goes_back_to_the_disk(
    database: Database, service_id: UUID
) -> None:
    """Also where long ones stay, the last of which are at its end."""
    chance = random.Random(1)
    text = " ".join(chance.choices(["alpha", "beta", "gamma"], k=400)).encode()
    short, long = (Body(kept=text * n, size=len(text) * n) for n in (1, 9))
    moment = START - timedelta(days=2)
    logs = [
        an_exchange(
            service_id,
            id=IDS.at(moment),
            request_body=short,
            response_body=long if n > 1_150 else None,
            tags=("eu", "stable"),
        )
        for n in range(1_200)
    ]
    # What comes between those that are there leaves pages half full.
    for some in (logs[::2], logs[1::2]):
        await store(database, some)
    expected = await details(database)
    pace = Pace(after=timedelta(hours=1), per_second=100_000, least_pages=1)
    day = f"{moment:%Y%m%d}"
    tables = [f"log_bodies_{day}", f"body_packs_{day}"]
    tables += [f"logs_{day}_pkey", f"logs_{day}_tags_idx"]
    async with database.connection() as connection:
        before = [await connection.fetchval(SIZE, name) for name in tables]
        packing = await pack_bodies(database, pace)
        assert await packed(database) == 1_151
        after = [await connection.fetchval(SIZE, name) for name in tables]
        # What was made anew once is left alone.
        again = BodyPacking(database, counters=Counters(), pace=pace)
        assert not await again.step(datetime.now(UTC))
        assert after == [await connection.fetchval(SIZE, name) for name in tables]
    # 49 of 23 KB.
    assert 49 * len(text) * 10 < after[0] < 49 * len(text) * 10 * 1.3
    assert after[1] < before[0] / 4
    assert after[2] < before[2]
    assert after[3] < before[3]
    assert not await packing.step(datetime.now(UTC))
    assert await details(database) == expected


async def test_packing_that_is_killed_loses_no_body_and_has_none_twice(
    database: Database, database_url: str, service_id: UUID
) -> None:
    chance = random.Random(9)
    for turn in range(2):
        logs = [a_log(chance, service_id, turn + n * 4) for n in range(150)]
        await store(database, logs)
        expected = await details(database)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", KEEPING, database_url),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        had = await packed(database)
        await eventually(partial(_is_more, database, had))
        process.kill()
        await process.wait()
        assert await details(database) == expected
    await eventually(lambda: _is_all_there(database))
    assert await details(database) == expected


async def _is_more(database: Database, had: int) -> bool:
    return await packed(database) > had


async def _is_all_there(database: Database) -> bool:
    """What was killed holds its lock until PostgreSQL has heard of it."""
    await pack_bodies(database)
    async with database.connection() as connection:
        left: int = await connection.fetchval(
            "SELECT count(*) FROM log_bodies WHERE part IS NULL"
        )
    return left < SMALL.pack_logs


async def details(database: Database) -> dict[UUID, LogDetail]:
    reader = LogReader(database, timeout_ms=60_000)
    logs = reader.all(LogFilter(), cursor=None, limit=None)
    return {detail.item.id: detail async for detail in logs}


async def test_bodies_of_days_from_before_there_were_packs_are_packed(
    database: Database, service_id: UUID
) -> None:
    body = Body(kept=b"{}", size=2)
    ids = [IDS.at(START - timedelta(days=1, minutes=n)) for n in range(6)]
    logs = [an_exchange(service_id, id=id, response_body=body) for id in ids]
    await store(database, logs)
    there = await details(database)
    async with database.connection() as connection:
        for day in {f"{timestamp_of(id):%Y%m%d}" for id in ids}:
            await connection.execute(f"DROP TABLE body_packs_{day}")
        await connection.execute((MIGRATIONS / "0032_packs_of_days.sql").read_text())
    await pack_bodies(database)
    assert await packed(database) == len(logs)
    assert await details(database) == there
