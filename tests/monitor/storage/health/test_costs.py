"""What PostgreSQL says of its size and growth, and that asking harms nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from monitor.costs.growth import DAY
from monitor.costs.measures import CostCollector
from monitor.costs.stored_day import StoredDay
from monitor.counters import Counters
from monitor.storage.clearing.clearing import Clearing
from monitor.storage.commit.commit import commit
from monitor.storage.database.pool import Database
from monitor.storage.health import costs as module
from monitor.storage.health import stored_days
from monitor.storage.health.costs import Costs
from monitor.storage.packs.packing import Pace
from monitor.storage.retention.terms import Policy
from monitor.storage.server.server import Server
from monitor.traffic.exchange import Body
from tests.support.exchanges import an_exchange
from tests.support.old_logs import NOW, House
from tests.support.packs import pack_bodies

POLICY = Policy(days=30, body_days=7, limit_bytes=None)


def costs_of(database: Database, directory: Path, *, most_files: int = 1_000) -> Costs:
    return Costs(
        database,
        directory=directory,
        policy=POLICY,
        is_embedded=False,
        most_files=most_files,
    )


def shown(costs: Costs) -> dict[str, str]:
    """What /metrics says."""
    counters = Counters()
    counters.registry.register(CostCollector(lambda: costs.cost))
    lines = counters.exposition().decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


async def installed(database: Database, days_ago: float) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE schema_migrations SET applied_at = $1",
            NOW - timedelta(days=days_ago),
        )


async def taken(database: Database, *tables: str, days_ago: range) -> int:
    days = [f"{NOW - DAY * n:%Y%m%d}" for n in days_ago]
    async with database.connection() as connection:
        size: int = await connection.fetchval(
            "SELECT sum(pg_total_relation_size(name::regclass))::bigint"
            "  FROM unnest($1::text[]) AS name",
            [f"{table}_{day}" for table in tables for day in days],
        )
    return size


async def test_growth_is_what_came_in_the_days_that_are_there(
    database: Database, tmp_path: Path
) -> None:
    house = House(database)
    pay = await house.service("pay")
    for n in range(10):
        await house.store(pay, n, count=3 + n)
    costs = costs_of(database, tmp_path)

    # Of the last seven days, of which today is half.
    await installed(database, 20)
    await costs.ask(NOW)
    sizes = costs.cost.sizes
    assert sizes is not None
    came = await taken(database, "header_sets", "logs", days_ago=range(7))
    assert (sizes.logs.came, sizes.logs.until - sizes.logs.since) == (came, 6.5 * DAY)
    assert sizes.logs.held > came
    assert sizes.schema > sizes.logs.held + sizes.bodies.held
    assert sizes.database > sizes.schema
    assert (sizes.logs.days, sizes.bodies.days) == (31, 8)

    # Since it was installed, after a restart as before.
    await installed(database, 2.5)
    again = costs_of(database, tmp_path)
    await again.ask(NOW)
    sizes = again.cost.sizes
    assert sizes is not None
    bodies = await taken(
        database, "log_bodies", "body_packs", "log_messages", days_ago=range(3)
    )
    logs = await taken(database, "header_sets", "logs", days_ago=range(3))
    assert (sizes.logs.came, sizes.bodies.came) == (logs, bodies)
    assert again.cost.per_day == pytest.approx((logs + bodies) / 2.5)
    assert shown(again)["apimonitor_growth_measured_seconds"] == "216000.0"

    # Days that were dropped are not taken for days in which nothing came.
    short = Policy(days=30, body_days=1, limit_bytes=None)
    assert await house.made(short).sweep(NOW)
    await again.ask(NOW)
    sizes = again.cost.sizes
    assert sizes is not None
    assert sizes.logs.until - sizes.logs.since == 2.5 * DAY
    assert sizes.bodies.until - sizes.bodies.since == 1.5 * DAY

    # A service that keeps more has days stay longer.
    await house.service("shop", retention_days=90)
    await again.ask(NOW)
    assert again.cost.sizes is not None
    assert again.cost.sizes.logs.days == 91

    await installed(database, 0.5 / 24)
    await again.ask(NOW)
    assert again.cost.per_day is None
    assert shown(again)["apimonitor_growth_bytes_per_day"] == "NaN"


@asynccontextmanager
async def role(server: Server, name: str) -> AsyncIterator[str]:
    """One that may read, and nothing of the server's own."""
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(f"CREATE ROLE {name} LOGIN IN ROLE pg_read_all_data")
    try:
        yield name
    finally:
        await connection.execute(f"DROP ROLE {name}")
        await connection.close()


async def test_wal_is_what_the_role_may_see(
    database: Database, database_url: str, postgres: Server, tmp_path: Path
) -> None:
    costs = costs_of(database, tmp_path)
    await costs.ask(NOW)
    assert costs.cost.wal is not None
    assert costs.cost.wal >= 1 << 20
    async with role(postgres, f"reader_{uuid4().hex}") as name:
        url = database_url.replace("postgresql://apimonitor", f"postgresql://{name}")
        assert url != database_url
        reading = await Database.open(url, size=1)
        weak = costs_of(reading, tmp_path)
        await weak.ask(NOW)
        await reading.close()
    assert weak.cost.sizes is not None
    assert weak.cost.wal is None
    assert shown(weak)["apimonitor_wal_bytes"] == "NaN"
    assert float(shown(weak)["apimonitor_schema_bytes"]) > 0


async def test_what_was_known_stays_where_postgresql_does_not_answer(
    database: Database,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "STATEMENT_TIMEOUT_MS", 50)
    await House(database).store(await House(database).service("pay"), 0)
    costs = costs_of(database, tmp_path, most_files=1)
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("LOCK TABLE apimonitor.services IN ACCESS EXCLUSIVE MODE")
        await costs.ask(NOW)
        assert costs.cost.sizes is None
        assert database.is_up
    await other.close()
    monkeypatch.undo()
    await costs.ask(NOW)
    known = costs.cost.sizes
    assert known is not None
    await database.close()
    await costs.ask(NOW)
    assert costs.cost.sizes is known

    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"123")
    await asyncio.gather(costs.look(), costs.ask(NOW))
    figures = shown(costs)
    assert figures['apimonitor_data_bytes{part="rest"}'] == "3.0"
    assert figures["apimonitor_data_measurements_cut_total"] == "1.0"
    assert float(figures["apimonitor_disk_size_bytes"]) > 0
    assert figures["apimonitor_disk_days_left"] == "NaN"


async def test_a_day_is_shared_out_among_its_services(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_days, "SAMPLED_PAGES", 96)
    house = House(database)
    small, large = await house.service("small"), await house.service("large")
    for _ in range(3):
        await house.store(small, 1, count=500)
        await house.store(large, 1, count=100)
    await house.store(large, 0, count=30)
    made = [
        an_exchange(large, request_body=Body(kept=b"x" * 5_000, size=5_000))
        for _ in range(300)
    ]
    async with database.connection() as connection:
        await commit(connection, house.partitions, made)
    costs = costs_of(database, tmp_path)

    async def measured() -> dict[tuple[str, UUID], StoredDay]:
        await costs.ask(NOW)
        assert costs.cost.sizes is not None
        days = costs.cost.sizes.days
        return {(f"{one.day:%Y%m%d}", one.service_id): one for one in days}

    def day(days_ago: int) -> str:
        return f"{NOW - days_ago * DAY:%Y%m%d}"

    stored = await measured()
    one, other = stored[day(1), small], stored[day(1), large]
    assert (one.logs, other.logs) == (1_500, 300)
    tables = ("header_sets", "logs", "log_bodies", "body_packs", "log_messages")
    all_bytes = await taken(database, *tables, days_ago=range(1, 2))
    assert abs(one.bytes + other.bytes - all_bytes) <= 2
    # Their logs are alike, but for the sample.
    assert 0.5 < (one.bytes_per_log or 0) / (other.bytes_per_log or 1) < 2

    # Packed, their bodies are whose they were.
    monkeypatch.setattr(stored_days, "SAMPLED_PAGES", 1_000)
    await pack_bodies(database, Pace(timedelta(), 1_000_000, least_pages=1), NOW)
    stored = await measured()
    one, less = stored[day(1), small], stored[day(1), large]
    assert less.bodies > 0
    all_bytes = await taken(database, *tables, days_ago=range(1, 2))
    assert abs(one.bytes + less.bytes - all_bytes) <= 2
    assert 0.5 < (one.bytes_per_log or 0) / (less.bytes_per_log or 1) < 2

    monkeypatch.setattr(stored_days, "SAMPLED_PAGES", 96)

    # More of a day than it was: its sample is drawn anew, and logs that go are counted.
    await house.store(small, 0, count=1_000)
    stored = await measured()
    assert stored[day(0), small].logs == 1_000
    assert stored[day(0), large].logs == 30 + 300
    bodies = stored[day(0), large].bodies, stored[day(0), small].bodies
    # A third of the logs, each with ten times as much, but for the sample.
    assert bodies[0] > 2 * bodies[1]
    assert await house.services.delete(small)
    clearing = Clearing(database)
    while await clearing.step():
        pass
    assert (await measured())[day(0), large].logs == 330

    # Rollups that are not filled in yet know of no day.
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE rollup_state SET filled_from = '9999-12-31 00:00+00'"
        )
    assert (await measured())[day(0), large].logs is None
