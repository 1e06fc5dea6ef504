"""Searches that leave blocks out find what they find without."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from monitor.logs.asked import parts_of
from monitor.logs.filter import LogFilter, Page
from monitor.storage.blocks.candidates import candidates
from monitor.storage.clearing.clearing import remove_logs
from monitor.storage.commit.commit import publish, store_living
from monitor.storage.database.partitions import BODIES, Partitions
from monitor.storage.database.pool import Database
from monitor.storage.logs.marks import Marks
from monitor.storage.logs.reader import LogReader
from monitor.storage.retention import kept_days
from monitor.traffic.ids import bucket_of, timestamp_of
from tests.support.blocks import make_blocks
from tests.support.queries import query
from tests.support.searched import START, WHOLE, a_log, found, store

WORDS = ("declined", "accepted", "Pending", "SKU-00017", "tax/\u00dcbung")


def any_values(chance: random.Random) -> dict[str, Any]:
    """What a log has beside its texts."""
    return {
        "method": chance.choice(("GET", "POST", "brew")),
        "status_code": chance.choice((None, 200, 204, 404, 418, 500)),
        "latency_ms": chance.choice((None, 0.0, 0.3, 12.5, 800.0, 5e6)),
        "duration_ms": chance.choice((None, 1.0, 90_000.0)),
        "tags": chance.choice(((), ("health",), ("health check", "x"))),
        "error": chance.choice((None, None, "upstream_timeout: after 30 s")),
    }


VALUED = (
    "status:404",
    "status:5xx",
    "status:>=418 status:<500",
    "status:(404 OR 500)",
    "-has:status",
    "latency:>799.5",
    "latency:<=0",
    "latency:0.2..0.4",
    "has:latency duration:>1m",
    "size:>16",
    "size:<16 method:brew",
    "has:error",
    "is:error tag:x",
    "tag:health",
    "has:tag -tag:x",
    "method:Post latency:12.5",
    "source:replay",
    "is:truncated",
    "body:/it (dec|acc).*ted/",
)


async def blocks_read(database: Database, text: str) -> int:
    async with database.connection() as connection:
        where = await candidates(
            connection, parts_of(LogFilter(query=query(text))), 60_000
        )
    assert where is not None
    return sum(span.is_block for span in where.spans())


async def test_whatever_comes_goes_and_changes_is_found(
    database: Database, service_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By the blocks, also where most of them have it.
    monkeypatch.setattr("monitor.storage.blocks.candidates.MANY", 2)
    chance = random.Random(11)
    kept: list[UUID] = []
    for turn in range(4):
        logs = [
            a_log(
                service_id,
                chance.uniform(0, 60 + 20 * turn),
                f"it {chance.choice(WORDS)}",
                **any_values(chance),
            )
            for _ in range((100, 40, 70, 60)[turn])
        ]
        await store(database, logs)
        kept += [log.id for log in logs]
        for id in chance.sample(kept, 5):
            await Marks(database).change(id, {"note": f"noted {chance.choice(WORDS)}"})
        gone = chance.sample(kept, 5)
        async with database.connection() as connection, connection.transaction():
            keys = [
                {"bucket": bucket_of(id), "ts": timestamp_of(id), "id": id}
                for id in gone
            ]
            await remove_logs(connection, keys, pinned=True)  # type: ignore[arg-type]
        kept = [id for id in kept if id not in gone]
        if turn != 1:
            await make_blocks(database)
        for text in (
            *WORDS,
            "nothing",
            "note:declined",
            "declined -accepted",
            "absent OR tax",
            *(VALUED if turn % 2 else ()),
        ):
            ids = await found(database, text)
            if len(ids) > 4:
                page = Page(limit=3, cursor=ids[2])
                assert await found(database, text, page) == ids[3:6]
                newer = Page(limit=2, cursor=ids[4], newer=True)
                assert await found(database, text, newer) == ids[2:4]
    for text in ("nothing", "status:302", "latency:>2h", "size:>1k", "method:PUT"):
        assert await blocks_read(database, text) == 0, text
    assert 0 < await blocks_read(database, "status:404") < 100
    for text in ("latency:12.5", "tag:x", "accepted", "status:404"):
        alone = len(await found(database, text))
        shown = await LogReader(database, timeout_ms=60_000).page(
            LogFilter(query=query(f"{text} nothing")), WHOLE
        )
        assert [part.alone for part in shown.parts] == [alone, 0]
        assert [part.without for part in shown.parts] == [0, alone]
    since = (START + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await found(database, f"declined since:{since}")


async def test_what_is_stored_while_a_block_is_made_is_not_missed(
    database: Database, service_id: UUID
) -> None:
    """Its transaction has begun before, and may not have heard of the block."""
    await store(database, [a_log(service_id, n, "it accepted") for n in range(70)])
    late = a_log(service_id, 5.5, "it declined")
    async with database.connection() as connection, connection.transaction():
        await store_living(connection, Partitions().sets, [late], None)
        await publish(connection, [late])
        making = asyncio.create_task(make_blocks(database))
        # It waits for the transaction, however long; a turn of it is enough here.
        await asyncio.sleep(0.3)
        async with database.connection() as other:
            assert await other.fetchval("SELECT count(*) FROM search_chunks") == 0
    await making
    assert await found(database, "declined") == [late.id]
    assert await blocks_read(database, "declined") == 1


async def test_logs_of_the_past_in_great_numbers_get_blocks_of_their_own(
    database: Database, service_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.storage.blocks.upkeep.MOST_ADDED", 50)
    await store(database, [a_log(service_id, n, "it accepted") for n in range(128)])
    await make_blocks(database)
    many = [a_log(service_id, n / 4, "it declined") for n in range(100)]
    await store(database, many)
    assert len(await found(database, "declined")) == 100
    await make_blocks(database)
    assert len(await found(database, "declined")) == 100
    assert 100 <= await blocks_read(database, "declined") < 128
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM search_late") == 0
        assert await connection.fetchval("SELECT count(*) FROM search_chunks") == 4


async def test_days_that_were_dropped_leave_no_blocks(
    database: Database, service_id: UUID
) -> None:
    await store(database, [a_log(service_id, n, "it declined") for n in range(64)])
    await make_blocks(database)
    assert await blocks_read(database, "declined") == 64
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    async with database.connection() as connection:
        await connection.execute("UPDATE attics SET before = $1", tomorrow)
    await make_blocks(database)
    assert await blocks_read(database, "declined") == 0
    async with database.connection() as connection:
        for table in ("search_chunks", "search_slices"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    # What is left of them is found all the same.
    assert len(await found(database, "declined")) == 64


async def test_blocks_forget_bodies_whose_days_were_dropped(
    database: Database, service_id: UUID
) -> None:
    logs = [a_log(service_id, n, "it declined") for n in range(63)]
    logs.append(a_log(service_id, 63, "it declined", error="oddity"))
    await store(database, logs)
    await make_blocks(database)
    assert await blocks_read(database, "declined") == 64
    days = sorted({timestamp_of(log.id).date() for log in logs})
    async with database.connection() as connection:
        for day in days:
            await kept_days.drop_day(connection, day, BODIES)
    assert await found(database, "declined") == []
    # Somebody may still store one of such a day, or change it: it is noted as ever.
    noted = a_log(service_id, 5.5, "it declined")
    await store(database, [noted])
    await make_blocks(database)
    assert await blocks_read(database, "declined") == 1
    assert await found(database, "declined") == [noted.id]
    assert await blocks_read(database, "error:oddity") == 1
