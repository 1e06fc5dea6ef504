"""Rollups say what the logs say, whatever came, went, broke off or is at work."""

import asyncio
import re
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.counters import Counters
from monitor.logs.filter import LogFilter, Page
from monitor.logs.metrics import Measured, Scope
from monitor.storage.clearing import clearing
from monitor.storage.clearing.clearing import Clearing
from monitor.storage.commit.commit import commit
from monitor.storage.database import pool
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import FAILED, Database
from monitor.storage.ledger.totals import LedgerTotals
from monitor.storage.logs.deleting import Deletions
from monitor.storage.logs.marks import Marks
from monitor.storage.logs.measured import FromRollups
from monitor.storage.logs.metrics import MetricsReader
from monitor.storage.logs.reader import LogReader
from monitor.storage.logs.search import counting
from monitor.storage.registry.services import Services
from monitor.storage.retention.retention import Retention
from monitor.storage.retention.terms import Policy
from monitor.storage.rollups import fold
from monitor.storage.rollups.coverage import ALWAYS
from monitor.storage.rollups.upkeep import Limits, RollupUpkeep
from monitor.storage.rollups.window import ROWS
from monitor.traffic.exchange import Exchange, Source
from monitor.traffic.ids import LogIds

IDS = LogIds()
NOW = datetime.now(UTC).replace(minute=30, second=30, microsecond=0)
END = NOW + timedelta(days=9)
HOURS = 24 * 5
LOG = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST"]),
        "path": st.sampled_from(["/a", "/users/1", "/users/2"]),
        "status_code": st.sampled_from([None, 200, 499, 500]),
        "latency_ms": st.none()
        | st.sampled_from([0.0, -0.0, 1.0, 1e-300, 1e40])
        | st.floats(1e-6, 1e7),
        "error": st.sampled_from([None, "broken", "client_disconnect: gone"]),
        "source": st.sampled_from([Source.PROXY, Source.INGEST, Source.REPLAY]),
        "hours_ago": st.sampled_from([0, 0, 0, 1, 24, 48, 71, 72, -2, HOURS]),
        "seconds": st.sampled_from([0, 29, 30, 31, 60, 1799, 1800]),
        "which": st.integers(0, 1),
    }
)
WINDOW = st.tuples(
    st.none() | st.integers(0, HOURS * 120), st.none() | st.integers(0, HOURS * 120)
)


class House:
    """Two services, of which either may be replaced by a new one."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.partitions = Partitions()
        self.services = Services(database, publish=self._publish)
        self.metrics = MetricsReader(database, timeout_ms=60_000, exact_logs=-1)
        self.marks = Marks(database)
        self.ids: list[UUID] = []
        self.stored: list[UUID] = []
        self.deletions = Deletions(
            database,
            reader=LogReader(database, timeout_ms=60_000),
            ledger=LedgerTotals("here"),
            counters=Counters(),
        )

    async def begin(self) -> None:
        self.ids = [await self._new_service(), await self._new_service()]

    async def _new_service(self) -> UUID:
        return (await self.services.create({"name": f"s {IDS.new()}"})).id

    async def store(self, logs: list[dict[str, Any]]) -> None:
        made = []
        for log in logs:
            fields = dict(log)
            ago = timedelta(hours=fields.pop("hours_ago"))
            moment = NOW - ago - timedelta(seconds=fields.pop("seconds"))
            service_id = self.ids[fields.pop("which")]
            made.append(
                Exchange(
                    id=IDS.at(moment), service_id=service_id, url="http://x/", **fields
                )
            )
        async with self.database.connection() as connection:
            await commit(connection, self.partitions, made)
        self.stored += [exchange.id for exchange in made]

    async def delete(self, given: dict[str, Any]) -> None:
        await self.deletions.many(
            LogFilter(**given), after=None, limit=20, dry_run=False
        )

    async def pin(self, place: int) -> None:
        if self.stored:
            await self.marks.change(
                self.stored[place % len(self.stored)], {"pinned": True}
            )

    async def retain(self, days: int) -> None:
        policy = Policy(days=days, body_days=1, limit_bytes=None)
        await Retention(
            self.database,
            policy=policy,
            partitions=self.partitions,
            counters=Counters(),
        ).sweep(NOW)

    async def upkeep(self, limits: Limits) -> None:
        await RollupUpkeep(self.database, counters=Counters(), limits=limits).step()

    async def remove_service(self, which: int) -> None:
        gone, self.ids[which] = self.ids[which], await self._new_service()
        await self.services.delete(gone)
        await Clearing(self.database).step()

    async def clear(self, _: None) -> None:
        while await Clearing(self.database).step():
            pass

    async def upgrade(self, _: None) -> None:
        """As a version leaves the database that knew no rollups."""
        async with self.database.connection() as connection:
            await connection.execute(
                """
                TRUNCATE rollup_changes, endpoint_rollups, service_rollups;
                UPDATE rollup_state SET filled_from = '9999-12-31 00:00+00'
                """
            )

    async def _publish(self) -> None:
        """No proxy is there to be told."""


LIMITS = st.builds(
    Limits, few_changes=st.sampled_from([0, 5]), step_changes=st.sampled_from([1, 10])
)
STEPS: dict[str, st.SearchStrategy[Any]] = {
    "store": st.lists(LOG, min_size=1, max_size=12),
    "delete": st.fixed_dictionaries(
        {"method": st.just("GET")},
        optional={"status_code": st.sampled_from([200, 500])},
    ),
    "pin": st.integers(0, 99),
    "retain": st.integers(2, 4),
    "upkeep": LIMITS,
    "remove_service": st.integers(0, 1),
    "clear": st.none(),
}
STEP = st.one_of(
    [st.tuples(st.just(name), given) for name, given in STEPS.items()]
    + [st.tuples(st.just("store"), STEPS["store"]) for _ in range(3)]
    + [st.tuples(st.just("upkeep"), LIMITS) for _ in range(3)]
)
# Alone, all at once, or cut off after so many milliseconds.
TURN = st.one_of(
    st.tuples(STEP),
    st.lists(STEP, min_size=2, max_size=4).map(tuple),
    st.tuples(STEP, st.integers(0, 30)),
    st.just((("upgrade", None),)),
)


async def take(house: House, turn: Any) -> None:
    if isinstance(turn[-1], int):
        (name, given), milliseconds = turn
        try:
            async with asyncio.timeout(milliseconds / 1000):
                await getattr(house, name)(given)
        except TimeoutError:
            pass
        return
    work: list[Awaitable[None]] = [getattr(house, name)(given) for name, given in turn]
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        # Whoever loses against others at once tries again.
        if outcome is not None and not (isinstance(outcome, FAILED) and len(turn) > 1):
            raise outcome


def near(found: float | None, exact: float | None, rel: float) -> bool:
    if found is None or exact is None:
        return found is exact
    return found == pytest.approx(exact, rel=rel, abs=1e-7)


def alike(found: Measured, exact: Measured) -> None:
    assert (found.requests, found.errors) == (exact.requests, exact.errors)
    assert near(found.avg_ms, exact.avg_ms, 1e-9), (found, exact)
    for name in ("p50_ms", "p95_ms", "p99_ms"):
        assert near(getattr(found, name), getattr(exact, name), 0.01), (found, exact)


async def compare(house: House, scope: Scope) -> None:
    exactly = replace(scope, exact=True)
    found, exact = [await house.metrics.overview(one) for one in (scope, exactly)]
    alike(found[0].measured, exact[0].measured)
    assert found[0].by_method == exact[0].by_method
    assert found[0].by_status == exact[0].by_status
    places = [(e.method, e.endpoint) for e in exact[1].each]
    assert [(e.method, e.endpoint) for e in found[1].each] == places
    for mine, other in zip(found[1].each, exact[1].each, strict=True):
        alike(mine.measured, other.measured)
    ours, theirs = [await house.metrics.timeseries(one) for one in (scope, exactly)]
    assert (ours.since, ours.width) == (theirs.since, theirs.width)
    for here, there in zip(ours.buckets, theirs.buckets, strict=True):
        assert here.start == there.start
        alike(here.measured, there.measured)


async def compare_total(house: House, scope: Scope) -> None:
    """What a list says with what is counted one by one."""
    reader = LogReader(house.database, timeout_ms=600_000)
    for asked in ({}, {"method": "GET", "status_class": 5}, {"is_error": False}):
        filter = LogFilter(
            service_id=scope.service_id,
            source=scope.source,
            since=scope.since,
            until=scope.until,
            **asked,
        )
        async with house.database.connection() as connection:
            sql, arguments = counting(filter, 10_000)
            count = await connection.fetchval(sql, *arguments)
        page = await reader.page(filter, Page(limit=1))
        assert (page.total, page.total_at_least) == (count, count), filter


@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    turns=st.lists(TURN, min_size=4, max_size=12),
    windows=st.lists(WINDOW, min_size=2, max_size=2),
    source=st.none() | st.sampled_from(Source),
    of_service=st.none() | st.integers(0, 1),
)
async def test_rollups_say_what_the_logs_say(
    database: Database,
    turns: list[Any],
    windows: list[tuple[int | None, int | None]],
    source: Source | None,
    of_service: int | None,
) -> None:
    house = House(database)
    await house.begin()
    for turn in turns:
        await take(house, turn)
        for first, last in windows:
            since, until = [
                None if each is None else NOW - timedelta(seconds=30 * each)
                for each in (first, last)
            ]
            if since and until and since > until:
                since, until = until, since
            if since == until:
                since = None
            scope = Scope(
                since=since,
                until=until or END,
                source=source,
                service_id=None if of_service is None else house.ids[of_service],
            )
            await compare(house, scope)
            await compare_total(house, scope)


async def test_a_window_reads_rollups_and_the_logs_at_its_ends(
    database: Database,
) -> None:
    house = House(database)
    await house.begin()
    log = {"method": "GET", "path": "/a", "source": Source.PROXY, "which": 0}
    await house.store([{**log, "hours_ago": n, "seconds": 0} for n in range(72)])
    scope = Scope(since=NOW - timedelta(hours=60), until=NOW)
    measures = FromRollups(scope, ALWAYS)
    async with database.connection() as connection:
        await connection.execute("SET enable_seqscan = off")
        for statement, arguments in (measures.overall(), measures.by_endpoint()):
            rows = await connection.fetch(f"EXPLAIN {statement}", *arguments)
            plan = "\n".join(row[0] for row in rows)
            # No partition but those of the two ends, and these along their ids.
            assert "Seq Scan on logs" not in plan
            assert len(set(re.findall(r"on (logs_\w+) l", plan))) <= 4
            assert "id >= '" in plan
            assert "(width_s = 86400)" in plan and "(width_s = 3600)" in plan


@pytest.mark.parametrize("is_filling", [False, True])
async def test_what_comes_and_goes_while_a_step_counts_is_counted_once(
    database: Database, is_filling: bool
) -> None:
    house = House(database)
    await house.begin()
    log = {"path": "/a", "source": Source.PROXY, "which": 0, "latency_ms": 5.0}
    await house.store(
        [
            {**log, "method": method, "hours_ago": 1, "seconds": n}
            for n in range(9)
            for method in ("GET", "POST")
        ]
    )
    if is_filling:
        await house.upgrade(None)
    add = fold.add

    async def and_meanwhile(*arguments: Any) -> list[datetime]:
        starts = await add(*arguments)
        await house.store([{**log, "method": "PUT", "hours_ago": 1, "seconds": 0}])
        await house.delete({"method": "GET"})
        return starts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold, "add", and_meanwhile)
        await house.upkeep(Limits(few_changes=0))
    for _ in range(2):
        await compare(house, Scope(until=END))
        totals = await house.metrics.totals(Scope(until=END))
        assert totals.by_method == {"POST": 9, "PUT": 1}
        await house.upkeep(Limits(few_changes=0))


@pytest.mark.parametrize("is_filling", [False, True])
async def test_a_step_may_take_longer_than_what_others_ask_of_postgresql(
    database: Database, database_url: str, is_filling: bool
) -> None:
    house = House(database)
    await house.begin()
    log = {"method": "GET", "path": "/a", "source": Source.PROXY, "which": 0}
    await house.store([{**log, "hours_ago": 1, "seconds": 0}])
    if is_filling:
        await house.upgrade(None)
    async with database.connection() as connection:
        # Three of these are inserted into, at least.
        await connection.execute(
            """
            CREATE FUNCTION wait_a_little() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
            CREATE TRIGGER waits BEFORE INSERT ON service_rollups
            FOR EACH STATEMENT EXECUTE FUNCTION wait_a_little()
            """
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "COMMAND_TIMEOUT_S", 2)
        hasty = await Database.open(database_url, size=1)
    try:
        await RollupUpkeep(
            hasty, counters=Counters(), limits=Limits(few_changes=0)
        ).step()
    finally:
        await hasty.close()
    assert await steps_of(database) == {NOW.replace(second=0) - timedelta(hours=1)}


async def steps_of(database: Database) -> set[datetime]:
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT start FROM service_rollups WHERE width_s = 300"
        )
    return {row["start"] for row in rows}


async def test_rollups_go_with_their_service_a_few_in_a_step(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "BESIDE_ROWS", 4)
    house = House(database)
    await house.begin()
    log = {"method": "GET", "path": "/a", "source": Source.PROXY, "seconds": 0}
    await house.store(
        [{**log, "hours_ago": n, "which": which} for n in range(9) for which in (0, 1)]
    )
    await house.upkeep(Limits(few_changes=0))
    gone, stays = house.ids
    held = [await _rows_of(database, id) for id in (gone, stays)]
    assert held[0] == held[1] > 3 * 9
    await house.services.delete(gone)
    left = []
    while await Clearing(database).step():
        left.append(await _rows_of(database, gone))
    # The logs went first: a change of each hour says so.
    assert left[0] == held[0] + 9
    assert all(before - after <= 3 * 4 for before, after in pairwise(left))
    assert left[-1] == 0
    assert await _rows_of(database, stays) == held[1]


async def _rows_of(database: Database, service_id: UUID) -> int:
    async with database.connection() as connection:
        rows: int = await connection.fetchval(
            """
            SELECT (SELECT count(*) FROM rollup_changes WHERE service_id = $1)
                 + (SELECT count(*) FROM endpoint_rollups WHERE service_id = $1)
                 + (SELECT count(*) FROM service_rollups WHERE service_id = $1)
            """,
            service_id,
        )
    return rows


async def test_metrics_say_how_many_changes_wait_and_which_steps_were_done(
    database: Database,
) -> None:
    house = House(database)
    await house.begin()
    log = {"method": "GET", "path": "/a", "source": Source.PROXY, "which": 0}
    await house.store([{**log, "hours_ago": n, "seconds": 0} for n in range(5)])
    counters = Counters()
    limits = Limits(few_changes=1, step_changes=3)
    upkeep = RollupUpkeep(database, counters=counters, limits=limits)
    waited = []
    while await upkeep.step():
        waited.append(_said(counters, "rollup_changes"))
    assert [*waited, _said(counters, "rollup_changes")] == ["4.0", "1.0"]
    assert _said(counters, 'rollup_steps_total{kind="fold"}') == "1.0"
    await house.upgrade(None)
    while await upkeep.step():
        pass
    assert _said(counters, 'rollup_steps_total{kind="fill"}') == "6.0"


def _said(counters: Counters, name: str) -> str:
    """The value of a metric."""
    lines = counters.exposition().decode().splitlines()
    [line] = [line for line in lines if line.startswith(f"apimonitor_{name} ")]
    return line.rpartition(" ")[2]


async def test_what_was_folded_is_not_read_through_where_its_room_is_left(
    database: Database,
) -> None:
    """The last row stays, so that the table does not shrink."""
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO rollup_changes
            SELECT now(), gen_random_uuid(), 'proxy', 'GET', repeat('x', 200), 200,
                   1, 0, '{}'
              FROM generate_series(1, 20000)
            """
        )
        await connection.execute(
            """
            DELETE FROM rollup_changes
             WHERE ctid < (SELECT max(ctid) FROM rollup_changes)
            """
        )
        await connection.execute("VACUUM ANALYZE rollup_changes")
        pages = await connection.fetchval(
            "SELECT pg_relation_size('rollup_changes') / 8192"
        )
        plan = await connection.fetch(
            f"EXPLAIN SELECT sum(requests) FROM {ROWS['rollup_changes']} AS l"
        )
    assert pages > 500
    assert "rollup_changes_start" in "".join(row[0] for row in plan)
