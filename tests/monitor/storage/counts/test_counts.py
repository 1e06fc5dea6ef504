"""Facets and timelines are what a plain count over the same logs is, or say how far."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from monitor.counters import Counters
from monitor.errors import InvalidInput
from monitor.logs.asked import parts_of
from monitor.logs.facets import MOST_VALUES, Counted, FacetName, Facets, Timeline
from monitor.logs.filter import LogFilter, Page
from monitor.logs.metrics import MAX_BUCKETS, floor
from monitor.search.tree import State
from monitor.storage.commit.commit import commit
from monitor.storage.counts.reader import CountReader
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.logs.reader import LogReader
from monitor.storage.logs.search import counting
from monitor.storage.registry.services import Services
from monitor.storage.rollups.upkeep import Limits, RollupUpkeep
from monitor.storage.search.asked import asked_by
from monitor.traffic.endpoint import endpoint_of
from monitor.traffic.exchange import Body, Exchange, Source
from monitor.traffic.ids import LogIds, timestamp_of
from tests.support.blocks import make_blocks
from tests.support.exchanges import an_exchange
from tests.support.plain_search import Log, holds, is_so
from tests.support.queries import query

IDS = LogIds()
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
# Of no log: what asks for it is known to no rollup, and holds of all.
UNKNOWN = " -note:nobody"
QUERIES = [
    "",
    "method:post",
    "status:5xx OR status:404",
    "-(status:>=500 OR has:status)",
    "endpoint:=/users/{id} source:proxy",
    "source:(ingest OR replay) -method:GET",
    "service:shop",
    "-service:pay*",
    "service:(pay OR shop) since:2d",
    "since:50h until:3h status:200..299",
    "since:36h",
    "path:/v1 tag:a",
    "is:error",
    "-is:error method:POST",
    "is:error -is:error",
    "is:error OR status:404",
    "is:error tag:a latency:>100",
    "is:pinned",
    "has:error latency:>100",
    'body:"card declined"',
    "-tag:(a OR b) OR declined",
    "body:/declin(ed|ing)/",
    "status:999",
]
FILTERS: list[dict[str, Any]] = [
    {"method": "get", "status_class": 5},
    {"status_code": 404},
    {"has_status": False},
    {"endpoint": "/users/{id}", "source": Source.PROXY},
    {"since": NOW - 30 * HOUR, "until": NOW - 7 * HOUR},
    {"since": NOW - 7 * HOUR, "until": NOW - 7 * HOUR},
    {"is_replay": False},
    {"tag": "b", "is_error": True},
    {"q": "declined", "min_latency_ms": 10.0},
]


class House:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.logs: list[Log] = []
        self.ids: dict[UUID, str] = {}

    async def publish(self) -> None:
        """No proxy is there to be told."""

    async def fill(self, count: int) -> None:
        services = Services(self.database, publish=self.publish)
        for name in ("pay", "shop"):
            self.ids[(await services.create({"name": name})).id] = name
        chance = random.Random(7)
        rows = [self._exchange(chance) for _ in range(count)]
        self.logs = [Log(row, service=(self.ids[row.service_id],) * 2) for row in rows]
        self.logs.sort(key=lambda log: log.exchange.id, reverse=True)
        async with self.database.connection() as connection:
            await commit(connection, Partitions(), rows[: count // 2])
        # Some of them folded, and the rest as they came.
        for _ in range(3):
            await RollupUpkeep(
                self.database, counters=Counters(), limits=Limits(few_changes=0)
            ).step()
        async with self.database.connection() as connection:
            await commit(connection, Partitions(), rows[count // 2 :])

    def _exchange(self, chance: random.Random) -> Exchange:
        # Whole hours too, where one rollup ends and the next begins.
        ago = timedelta(seconds=chance.randrange(72 * 3600))
        moment = chance.choice([NOW - ago, floor(NOW - ago, HOUR)])
        path = chance.choice(["/users/7", "/users/8", f"/v1/{chance.randrange(40)}x"])
        said = chance.choice([b"ok", b"the card declined", b"\xff"])
        return an_exchange(
            chance.choice(list(self.ids)),
            id=IDS.at(moment),
            source=chance.choice(list(Source)),
            method=chance.choice(["GET", "GET", "POST", "HEAD"]),
            url=f"http://x{path}",
            path=path,
            status_code=chance.choice([None, 101, 200, 204, 404, 500, 503, 600]),
            latency_ms=chance.choice([None, 5.0, 800.0]),
            error=chance.choice([None, None, "broken", "client_disconnect: gone"]),
            tags=tuple(
                chance.sample(["a", "b", "x y", "o'hara"], chance.randint(0, 3))
            ),
            response_body=Body(kept=said, size=len(said)),
        )

    def reader(
        self, *, timeout_ms: int = 60_000, most_logs: int = 10**6
    ) -> CountReader:
        return CountReader(self.database, timeout_ms=timeout_ms, most_logs=most_logs)


@pytest.fixture
async def house(database: Database) -> House:
    made = House(database)
    await made.fill(300)
    return made


def filter_of(text: str) -> LogFilter:
    return LogFilter(query=query(text, now=datetime.now(UTC))) if text else LogFilter()


def found(logs: Sequence[Log], filter: LogFilter) -> list[Log]:
    return [log for log in logs if all(holds(part, log) for part in parts_of(filter))]


def counted(logs: Sequence[Log]) -> Counted:
    return Counted(len(logs), sum(is_so(State.ERROR, log) for log in logs))


def status(log: Log) -> str:
    code = log.exchange.status_code
    return "none" if code is None else f"{code // 100}xx"


VALUES: dict[FacetName, Callable[[Log], Sequence[str]]] = {
    FacetName.SERVICE: lambda log: [log.service[0]],
    FacetName.METHOD: lambda log: [log.exchange.method],
    FacetName.STATUS: lambda log: [status(log)],
    FacetName.ENDPOINT: lambda log: [endpoint_of(log.exchange.path)],
    FacetName.SOURCE: lambda log: [log.exchange.source.value],
    FacetName.TAG: lambda log: log.exchange.tags,
}


def are_facets_of(facets: Facets, logs: Sequence[Log]) -> None:
    assert facets.counted == counted(logs)
    assert [facet.name for facet in facets.each] == list(VALUES)
    for facet in facets.each:
        by_value: dict[str, list[Log]] = {}
        for log in logs:
            for value in VALUES[facet.name](log):
                by_value.setdefault(value, []).append(log)
        told = {one.value: one.counted for one in facet.values}
        assert told == {value: counted(by_value[value]) for value in told}
        sizes = sorted((len(logs) for logs in by_value.values()), reverse=True)
        assert [one.counted.requests for one in facet.values] == sizes[:MOST_VALUES]
        others = [logs for value, logs in by_value.items() if value not in told]
        assert facet.others == sum(map(counted, others), Counted())


def is_timeline_of(timeline: Timeline, logs: Sequence[Log]) -> None:
    expected: dict[datetime, list[Log]] = {}
    for log in logs:
        start = floor(timestamp_of(log.exchange.id), timeline.width)
        expected.setdefault(start, []).append(log)
    starts = [bucket.start for bucket in timeline.buckets]
    assert starts == [starts[0] + n * timeline.width for n in range(len(starts))]
    told = {b.start: b.counted for b in timeline.buckets if b.counted.requests}
    assert told == {start: counted(logs) for start, logs in expected.items()}
    assert timeline.counted == counted(logs)


async def test_they_are_what_a_plain_count_is(house: House) -> None:
    reader = house.reader()
    asked = filter_of("body:declined -note:nobody")
    without = await reader.facets(asked)
    await make_blocks(house.database)
    # Blocks leave out what cannot be found, so that less is looked at.
    within = await reader.facets(asked)
    assert within.counted == without.counted
    assert (within.covered.logs, without.covered.logs) == (within.counted.requests, 300)
    # By rollups, where these know what is asked, and by logs.
    by: Counter[bool] = Counter()
    filters = [filter_of(text) for text in QUERIES]
    filters += [filter_of(text + UNKNOWN) for text in QUERIES]
    filters += [LogFilter(**given) for given in FILTERS]
    filters += [LogFilter(service_id=id, method="GET") for id in house.ids]
    for filter in filters:
        logs = found(house.logs, filter)
        facets = await reader.facets(filter)
        assert all(facet.covered.is_exact for facet in facets.each), filter
        are_facets_of(facets, logs)
        by[facets.covered.logs is None] += 1
        for width in (
            None,
            HOUR,
            6 * HOUR,
            timedelta(days=1),
            7 * timedelta(minutes=5),
        ):
            timeline = await reader.timeline(filter, width)
            assert timeline.covered.is_exact, filter
            if timeline.buckets:
                is_timeline_of(timeline, logs)
            assert width is None or timeline.width == width
            assert len(timeline.buckets) <= MAX_BUCKETS + 1 or width is not None
            by[timeline.covered.logs is None] += 1
            assert timeline.buckets or not logs
    assert min(by.values()) > 50, by


async def test_totals_are_told_by_rollups_where_these_know_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = LogReader(house.database, timeout_ms=600_000)
    looked_at = list[LogFilter]()

    def noting(filter: LogFilter, *rest: Any) -> Any:
        looked_at.append(filter)
        return counting(filter, *rest)

    monkeypatch.setattr("monitor.storage.logs.reader.counting", noting)
    filters = [filter_of(text) for text in QUERIES]
    filters += [LogFilter(**given) for given in FILTERS]
    by: Counter[bool] = Counter()
    for most, filter in product((10_000, 60), filters):
        monkeypatch.setattr("monitor.storage.logs.reader.EXACT_TOTAL", most)
        count = len(found(house.logs, filter))
        expected = (None, most) if count > most else (count, count)
        looked_at.clear()
        got = await reader.page(filter, Page(limit=1))
        assert (got.total, got.total_at_least) == expected, filter
        is_known = asked_by(filter).table is not None
        assert not (is_known and looked_at), filter
        by[is_known] += 1
        # From far behind, too.
        got = await reader.page(filter, Page(offset=400))
        assert (got.total, got.total_at_least) == expected, filter
    assert min(by.values()) > 20, by


async def test_a_total_is_not_less_than_what_is_shown(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fewer(*_: object, **__: object) -> int:
        """As where some were deleted meanwhile."""
        return 3

    monkeypatch.setattr("monitor.storage.logs.search.count_of", fewer)
    got = await LogReader(house.database, timeout_ms=600_000).page(
        LogFilter(), Page(limit=5, offset=2)
    )
    assert (len(got.items), got.total, got.total_at_least) == (5, 8, 8)


async def test_a_term_asks_for_what_it_stands_beside(house: House) -> None:
    reader = house.reader()
    facets = await reader.facets(LogFilter())
    for facet in facets.each:
        for one in facet.values:
            assert one.query is not None
            again = await reader.facets(filter_of(one.query))
            assert again.counted == one.counted, one


async def test_of_many_the_newest_are_counted_and_that_is_said(house: House) -> None:
    reader = house.reader(most_logs=70)
    [pay, _] = house.ids
    for text in (UNKNOWN, "declined", "status:999 -tag:none", "-(is:error tag:a)"):
        for given in ({}, {"service_id": pay}, {"until": NOW - 20 * HOUR}):
            asked = filter_of(text)
            filter = LogFilter(query=asked.query, **given)
            looked_at = found(house.logs, LogFilter(**given))[:70]
            logs = found(looked_at, filter)
            facets = await reader.facets(filter)
            timeline = await reader.timeline(filter, None)
            for covered in (facets.covered, timeline.covered):
                assert (covered.is_exact, covered.logs) == (False, 70)
                assert covered.since == timestamp_of(looked_at[-1].exchange.id)
                assert covered.until == given.get("until")
            are_facets_of(facets, logs)
            is_timeline_of(timeline, logs)
    # Of tags no rollup knows.
    facets = await reader.facets(LogFilter())
    assert [facet.covered.is_exact for facet in facets.each] == [True] * 5 + [False]
    assert facets.counted == counted(house.logs)
    # An index leads to what is rare.
    for text in (
        'tag:"x y" since:2d declined',
        "is:error -tag:a method:POST status:503",
    ):
        logs = found(house.logs, filter_of(text))
        facets = await reader.facets(filter_of(text))
        assert (facets.covered.is_exact, facets.covered.logs) == (True, len(logs))
        are_facets_of(facets, logs)
        is_timeline_of(await reader.timeline(filter_of(text), None), logs)
    facets = await reader.facets(filter_of("tag:a"))
    assert (facets.covered.is_exact, facets.covered.logs) == (False, 70)
    # As many as there are, and no more, are all.
    whole = await house.reader(most_logs=300).facets(filter_of(UNKNOWN))
    assert (whole.covered.is_exact, whole.covered.logs) == (True, 300)


async def test_where_the_time_is_over_it_says_what_was_covered(house: House) -> None:
    reader = house.reader(timeout_ms=300)
    async with house.database.connection() as connection, connection.transaction():
        # Whoever reads logs waits for as long as it may.
        await connection.execute("LOCK TABLE logs IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        for text in (UNKNOWN, "tag:a", "body:/(a|b)+c$/", str(IDS.new())):
            facets = await reader.facets(filter_of(text))
            timeline = await reader.timeline(filter_of(text), HOUR)
            for covered in (facets.covered, timeline.covered):
                assert (covered.is_exact, covered.logs) == (False, 0), text
                assert covered.since == covered.until is not None
            assert facets.counted == timeline.counted == Counted()
        # What rollups know needs none of them, and on any machine less time.
        reader = house.reader(timeout_ms=2_000)
        for text in ("service:(pay OR shop)", "is:error method:POST"):
            filter = filter_of(text)
            facets = await reader.facets(filter)
            exact = [facet.covered.is_exact for facet in facets.each]
            assert exact == [True] * 5 + [False]
            assert facets.counted == counted(found(house.logs, filter))
        # Far more than nine times what it may take, on any machine.
        assert time.monotonic() - began < 60
    are_facets_of(await house.reader().facets(LogFilter()), house.logs)


async def test_of_nothing_there_is_nothing(database: Database) -> None:
    reader = House(database).reader()
    for filter in (LogFilter(), filter_of("declined"), filter_of("since:1h")):
        facets = await reader.facets(filter)
        assert (facets.counted, facets.covered.is_exact) == (Counted(), True)
        assert not any(facet.values for facet in facets.each)
        timeline = await reader.timeline(filter, None)
        assert (timeline.counted, timeline.covered.is_exact) == (Counted(), True)


async def test_too_many_buckets_are_refused(house: House) -> None:
    with pytest.raises(InvalidInput) as refused:
        await house.reader().timeline(LogFilter(), timedelta(seconds=1))
    [error] = refused.value.errors
    assert error.loc == ("query", "bucket_s")
    assert "500 is the most" in error.msg
    narrow = LogFilter(since=NOW - timedelta(seconds=499), until=NOW)
    timeline = await house.reader().timeline(narrow, timedelta(seconds=1))
    assert len(timeline.buckets) in (499, 500)
