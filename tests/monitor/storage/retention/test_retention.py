"""What is past its time goes, what is pinned stays, and nothing waits for either."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from appliance.background import tasks
from monitor import trouble
from monitor.clock import HOLD_S, LARGE_STEP_S, Clock
from monitor.lifecycle import Lifecycle
from monitor.storage.clearing import clearing
from monitor.storage.clearing.clearing import Clearing
from monitor.storage.database.partitions import PARTITIONED
from monitor.storage.database.pool import Database
from monitor.storage.retention import clear_bodies, kept_days
from monitor.storage.retention import retention as module
from monitor.storage.retention.terms import Policy
from tests.support.alert_bench import QUIET, Bench
from tests.support.old_logs import IDS, NOW, House
from tests.support.packs import pack_bodies, packed
from tests.support.patience import PATIENCE_S


@pytest_asyncio.fixture
async def house(database: Database) -> AsyncIterator[House]:
    yield House(database)


async def test_logs_and_bodies_go_by_their_own_age(house: House) -> None:
    pay = await house.service("pay")
    ids = {age: await house.store(pay, age) for age in (0, 3, 6.9, 8.6, 29.9, 31.6, 40)}
    assert await house.retention.sweep(NOW)
    assert await house.paths() == ["/0", "/3", "/6.9", "/8.6", "/29.9"]
    for age, has_body in [(0, True), (3, True), (6.9, True), (8.6, False)]:
        assert await house.has_body(ids[age]) is has_body
    assert await house.logs.get(ids[40]) is None
    assert await house.rows("log_bodies") == 3
    assert await house.rows("log_messages") == 6
    assert await house.rows("log_details") == 0
    assert (await house.days("logs"), await house.days("log_bodies")) == (5, 3)
    assert house.counted('apimonitor_retention_rows_total{table="logs"}') == 2
    assert house.counted('apimonitor_retention_rows_total{table="log_bodies"}') == 4
    assert house.counted("apimonitor_retention_bytes_total") > 0


async def test_a_pinned_log_stays_with_its_body_and_is_found(house: House) -> None:
    pay = await house.service("pay")
    pinned = await house.store(pay, 40, count=5)
    await house.store(pay, 40)
    await house.store(pay, 35, count=5)
    young = await house.store(pay, 10)
    for id in (pinned, young):
        assert await house.marks.change(id, {"pinned": True, "note": "n"})
    await pack_bodies(house.database, now=NOW)
    assert await packed(house.database) == 12
    await house.retention.sweep(NOW)
    assert await packed(house.database) == 0
    assert await house.paths() == ["/10", "/40"]
    assert await house.paths(pinned=True, since=NOW - timedelta(days=41)) == [
        "/10",
        "/40",
    ]
    for id in (pinned, young):
        assert await house.has_body(id)
        detail = await house.logs.get(id)
        assert detail is not None
        assert (detail.note, detail.item.pinned) == ("n", True)
        assert detail.request_headers == {
            "Accept": "*/*",
            "X-Age": detail.item.path[1:],
        }
    # What it has in common with others of its day stays with it.
    assert await house.rows("header_sets_attic") == 1
    assert house.counted('apimonitor_retention_rows_total{table="logs"}') == 10
    # Pinned no longer: first its body is past its time, then all of it.
    for id in (pinned, young):
        assert await house.marks.change(id, {"pinned": False})
    await house.retention.sweep(NOW)
    assert await house.paths() == ["/10"]
    assert not await house.has_body(young)
    for table in PARTITIONED:
        assert await house.rows(f"{table}_attic") == 0


async def test_bodies_that_came_late_are_kept_from_their_arrival(house: House) -> None:
    """In days that go, in the attic, and of services with shorter terms."""
    pay = await house.service("pay")
    short = await house.service("short", body_retention_days=2)
    before = await house.store(pay, 20, arrived_days_ago=1)
    gone = await house.store(pay, 20, arrived_days_ago=8)
    of_short = await house.store(short, 5, arrived_days_ago=1)
    timely = await house.store(pay, 20)
    await pack_bodies(house.database, now=NOW)
    await house.retention.sweep(NOW)
    # Its day is gone already.
    after = await house.store(pay, 20, arrived_days_ago=0)
    late = await house.store(short, 20, arrived_days_ago=3)
    await house.retention.sweep(NOW)
    kept = {before: True, gone: False, of_short: True, timely: False, after: True}
    for id, has_body in {**kept, late: False}.items():
        assert await house.has_body(id) is has_body
    assert await house.rows("log_messages") == 6
    await house.retention.sweep(NOW + timedelta(days=1, hours=6))
    assert not await house.has_body(of_short)
    await house.retention.sweep(NOW + timedelta(days=8))
    for id in (before, after):
        assert not await house.has_body(id)
    detail = await house.logs.get(before)
    assert detail is not None
    assert detail.har == {"a": 1}
    await house.retention.sweep(NOW + timedelta(days=31))
    assert await house.rows("log_arrivals") == 0


async def test_each_service_has_its_own_terms(house: House) -> None:
    short = await house.service("short", retention_days=2, body_retention_days=1)
    long = await house.service("long", retention_days=60, body_retention_days=50)
    plain = await house.service("plain")
    ids = {}
    for service_id in (short, long, plain):
        for age in (0.5, 1.5, 2.5, 8.5, 31.5, 55.5, 62):
            ids[service_id, age] = await house.store(service_id, age)
    kept = await house.store(short, 20, count=3)
    assert await house.marks.change(kept, {"pinned": True})
    await house.retention.sweep(NOW)
    assert await house.paths(service_id=short) == ["/0.5", "/1.5", "/20"]
    assert await house.paths(service_id=plain) == ["/0.5", "/1.5", "/2.5", "/8.5"]
    assert await house.paths(service_id=long) == [
        f"/{age}" for age in (0.5, 1.5, 2.5, 8.5, 31.5, 55.5)
    ]
    with_body = [key for key, id in ids.items() if await house.logs.get(id)]
    with_body = [key for key in with_body if await house.has_body(ids[key])]
    assert set(with_body) == {
        (short, 0.5),
        *((plain, age) for age in (0.5, 1.5, 2.5)),
        *((long, age) for age in (0.5, 1.5, 2.5, 8.5, 31.5)),
    }
    assert await house.has_body(kept)


async def test_a_service_is_cleared_in_steps_that_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (module, clear_bodies, clearing):
        monkeypatch.setattr(place, "STEP_ROWS", 10)
    short = await house.service("short", retention_days=2, body_retention_days=1)
    await house.service("long")
    await house.store(short, 5, count=35)
    await house.store(short, 1.5, count=25)
    await house.store(short, 0.5, count=5)
    await house.retention.sweep(NOW)
    assert await house.rows("logs") == 30
    assert await house.rows("log_details") == 0
    assert await house.rows("log_bodies") == 5
    assert await house.rows("log_messages") == 10


async def test_what_comes_late_for_a_day_that_is_gone_is_kept_by_its_own_age(
    house: House,
) -> None:
    pay = await house.service("pay")
    await house.store(pay, 40)
    await house.store(pay, 10)
    await house.retention.sweep(NOW)
    late = await house.store(pay, 40)
    # The retention was raised meanwhile: it is not past its time, its body is not gone.
    patient = house.made(Policy(days=60, body_days=60, limit_bytes=None))
    await patient.sweep(NOW)
    assert await house.has_body(late)
    assert await house.rows("logs_attic") == 1
    await house.retention.sweep(NOW)
    assert await house.paths() == ["/10"]
    assert await house.rows("log_bodies_attic") == 0
    assert await house.rows("log_messages_attic") == 0


async def test_beyond_the_bytes_the_oldest_days_go_but_not_today(house: House) -> None:
    pay = await house.service("pay")
    for age in (0, 1, 2, 3):
        await house.store(pay, age, count=150)
    pinned = await house.store(pay, 3)
    assert await house.marks.change(pinned, {"pinned": True})
    async with house.database.connection() as connection:
        size = await kept_days.size_of_all(connection)
    half = house.made(Policy(days=30, body_days=30, limit_bytes=size * 7 // 10))
    await half.sweep(NOW)
    assert set(await house.paths()) == {"/0", "/1", "/3"}
    assert await house.paths(pinned=True) == ["/3"]
    none = house.made(Policy(days=30, body_days=30, limit_bytes=1))
    await none.sweep(NOW)
    assert set(await house.paths()) == {"/0", "/3"}
    assert await house.days("logs") == 1


async def test_each_time_that_the_bytes_are_exceeded_is_said_and_that_it_is_over(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = itertools.count(step=3600.0)
    monkeypatch.setattr(trouble, "monotonic", lambda: next(hours))
    caplog.set_level(logging.INFO, module.logger.name)
    pay = await house.service("pay")
    await house.store(pay, 0)
    async with house.database.connection() as connection:
        size = await kept_days.size_of_all(connection)
    retention = house.made(Policy(days=30, body_days=30, limit_bytes=size))
    for _ in range(2):
        await house.store(pay, 0, count=400)
        await retention.sweep(NOW)
        await retention.sweep(NOW)
        async with house.database.connection() as connection:
            for table in PARTITIONED:
                await connection.execute(f"TRUNCATE apimonitor.{table}")
        await retention.sweep(NOW)
    said = ["logs exceed RETENTION_BYTES", "they no longer do"]
    assert [record.message for record in caplog.records] == said * 2


async def test_a_day_in_use_waits_and_the_sweep_goes_on(
    house: House, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DROP_PAUSE_S", 0)
    monkeypatch.setattr(kept_days, "LOCK_TIMEOUT_MS", 20)
    short = await house.service("short", retention_days=2)
    long = await house.service("long")
    await house.store(long, 40)
    await house.store(short, 20)
    reader = await asyncpg.connect(database_url)
    try:
        async with reader.transaction():
            await reader.fetch("SELECT id FROM apimonitor.logs")
            assert await house.retention.sweep(NOW)
            # A day has to wait; what goes in steps went.
            assert await house.days("logs") == 2
            assert await house.rows("logs") == 1
        assert await house.retention.sweep(NOW)
        assert await house.days("logs") == 1
    finally:
        await reader.close()


async def test_one_sweeps_at_a_time(house: House, database_url: str) -> None:
    other = await asyncpg.connect(database_url)
    try:
        assert await other.fetchval(module.LOCK)
        assert not await house.retention.sweep(NOW)
    finally:
        await other.close()
    for _ in range(3_000):
        if await house.retention.sweep(NOW):
            return
        await asyncio.sleep(0.02)
    pytest.fail("the lock of a lost connection was not let go")


async def are_whole(house: House, ids: list[UUID]) -> None:
    """*ids* are all that there are."""
    for table, each in (("logs", 1), ("log_bodies", 1), ("log_messages", 2)):
        assert await house.rows(table) == each * len(ids)
    for id in ids:
        detail = await house.logs.get(id)
        assert detail is not None
        assert detail.request_headers == {
            "Accept": "*/*",
            "X-Age": detail.item.path[1:],
        }


async def test_storing_goes_on_while_days_are_dropped(house: House) -> None:
    """None of the batches fails, and none is lost."""
    pay = await house.service("pay")
    stop = asyncio.Event()
    stored: list[UUID] = []

    async def storing() -> None:
        while not stop.is_set():
            stored.append(await house.store(pay, len(stored) % 3))

    async def reading() -> None:
        while not stop.is_set():
            await house.paths()

    beside = [asyncio.create_task(work()) for work in (storing, reading)]
    for age in range(40, 50):
        await house.store(pay, age, count=20)
    for days in (48, 45, 40, 20):
        policy = Policy(days=days, body_days=days - 5, limit_bytes=None)
        assert await house.made(policy).sweep(NOW)
    stop.set()
    await asyncio.gather(*beside)
    await are_whole(house, stored)


async def test_replays_go_with_bodies_and_events_with_logs(
    house: House, bench: Bench, service_id: UUID
) -> None:
    kept, other = await house.store(service_id, 10), await house.store(service_id, 10)
    assert await house.marks.change(kept, {"pinned": True})
    rule = await bench.rule(**QUIET)
    async with house.database.connection() as connection:
        for age, log_id in [(8, kept), (8, other), (6, other)]:
            await connection.execute(
                """
                INSERT INTO replays (service_id, id, log_id, document, created_at)
                VALUES ($1, $2, $3, '', now())
                """,
                service_id,
                IDS.at(NOW - timedelta(days=age)),
                log_id,
            )
        for age in (29, 31):
            await connection.execute(
                """
                INSERT INTO alert_events (service_id, id, alert_id, fired_at, message)
                VALUES ($1, $2, $3, now(), '')
                """,
                service_id,
                IDS.at(NOW - timedelta(days=age)),
                rule,
            )
    await house.retention.sweep(NOW)
    async with house.database.connection() as connection:
        rows = await connection.fetch("SELECT log_id FROM replays ORDER BY id")
        assert [row["log_id"] for row in rows] == [kept, other]
    assert await house.rows("alert_events") == 1


async def test_a_deleted_services_logs_go_pinned_or_not(house: House) -> None:
    pay = await house.service("pay")
    pinned = await house.store(pay, 40)
    await house.marks.change(pinned, {"pinned": True})
    await house.retention.sweep(NOW)
    assert await house.rows("logs_attic") == 1
    assert await house.services.delete(pay)
    clearing = Clearing(house.database)
    while await clearing.step():
        pass
    for table in PARTITIONED:
        assert await house.rows(table) == 0


async def test_nothing_is_removed_by_a_clock_that_has_just_stepped(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tasks, "RETENTION_POLL_S", 0.01)
    await house.store(await house.service("pay"), 400)
    times = [1e9, 100.0]
    clock = Clock(wall=lambda: times[0], steady=lambda: times[1])
    times[0] += LARGE_STEP_S + 1
    task = asyncio.create_task(
        tasks.retain(house.retention, Lifecycle(is_ready=True), clock)
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            while "the clock has stepped" not in caplog.text:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            assert await house.paths() == ["/400"]
            assert caplog.text.count("retention waits") == 1
            times = [each + HOLD_S for each in times]
            while await house.paths():
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.wait([task])
