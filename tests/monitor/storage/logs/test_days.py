"""What is asked of many days is asked of few at a time, and finds the same."""

import json
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from monitor.errors import Busy
from monitor.logs.cursor import decode_cursor, encode_cursor
from monitor.logs.filter import LogFilter, Page
from monitor.logs.values import ValuesAsked
from monitor.search.table import field_called
from monitor.storage.commit.commit import commit
from monitor.storage.counts.reader import CountReader
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.database.session import begun
from monitor.storage.database.shares import Share
from monitor.storage.logs import replays, search
from monitor.storage.logs.reader import LogReader
from monitor.storage.logs.replays import Replays
from monitor.storage.logs.search import in_windows
from monitor.storage.logs.values import ValueReader
from monitor.storage.search import days
from monitor.storage.search.days import Days, spans_of
from monitor.traffic.exchange import Exchange
from monitor.traffic.ids import LogIds
from tests.support.queries import query
from tests.support.random_logs import (
    matches,
    random_exchange,
    random_filter,
)

DAYS, LOGS = 16, 300
# Of DAYS and those ahead, what one statement may open.
FEW = 7
LONG_MS = 600_000
Ask = Callable[[], Awaitable[object]]

IDS = LogIds()


async def some_days(
    database: Database, service_id: UUID, chance: random.Random
) -> list[Exchange]:
    """Oldest first; of some days there are none, of some there are many."""
    now = datetime.now(UTC)
    back = sorted((chance.random() ** 2 * DAYS for _ in range(LOGS)), reverse=True)
    rows = []
    for n in back:
        id = IDS.at(now - timedelta(days=n))
        rows.append(replace(random_exchange(chance, service_id), id=id))
    rows.sort(key=lambda row: row.id)
    async with database.connection() as connection:
        await commit(connection, Partitions(), rows)
    return rows


async def test_pages_over_many_days_are_those_of_one_list(
    database: Database, service_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "FIRST_BYTES", 1)
    chance = random.Random(7)
    rows = await some_days(database, service_id, chance)
    reader = LogReader(database, timeout_ms=600_000)
    for _ in range(15):
        asked = random_filter(chance, rows)
        expected = [row.id for row in reversed(rows) if matches(row, asked)]
        page = Page(limit=chance.choice([1, 20, 500]))
        got = await reader.page(asked, page)
        assert [item.id for item in got.items] == expected[: page.limit], asked
        assert (got.total, got.complete) == (len(expected), True), asked
        place = chance.randrange(len(expected) + 1)
        got = await reader.page(asked, replace(page, offset=place))
        assert [item.id for item in got.items] == expected[place:][: page.limit]
        assert got.total == len(expected)
        if not expected:
            continue
        at = chance.choice(expected)
        got = await reader.page(asked, replace(page, cursor=at))
        older = [id for id in expected if id < at]
        assert [item.id for item in got.items] == older[: page.limit]
        assert got.next_cursor is None or decode_cursor(got.next_cursor) in older
        got = await reader.page(asked, replace(page, cursor=at, newer=True))
        newer = [id for id in expected if id > at]
        assert [item.id for item in got.items] == newer[-page.limit :]


class OneTurn:
    """Others are always at work: of each call, one turn is had."""

    def __init__(self, database: Database) -> None:
        self._database, self._taken = database, 0

    def reading(
        self, share: Share, *, timeout_s: float
    ) -> AbstractAsyncContextManager[asyncpg.Connection]:
        self._taken += 1
        if self._taken > 1:
            raise Busy("others are at work", retry_after_s=1)
        return self._database.reading(share, timeout_s=timeout_s)


async def test_a_search_in_windows_goes_on_from_where_it_was_broken_off(
    database: Database, service_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "FIRST_BYTES", 1)
    monkeypatch.setattr(search, "FIRST_WINDOW", 20)
    chance = random.Random(9)
    rows = await some_days(database, service_id, chance)
    for newer in (False, True) * 5:
        asked = random_filter(chance, rows)
        page = Page(limit=LOGS, cursor=None if not newer else rows[0].id, newer=newer)
        expected = [row.id for row in rows[newer:] if matches(row, asked)]
        found, edges = list[UUID](), list[UUID]()
        is_all = False
        while not is_all:
            turn = cast(Database, OneTurn(database))
            deadline = time.monotonic() + 600
            got, edge, is_all = await in_windows(turn, asked, page, deadline)
            found += [row["id"] for row in got]
            if edge is not None:
                assert decode_cursor(encode_cursor(edge)) == edge
                edges.append(edge)
                page = replace(page, cursor=edge)
        assert sorted(found) == expected, asked
        # Each of them leads further.
        assert edges == sorted(set(edges), reverse=not newer)
        # There are more days than one, and of a day more windows.
        assert len(edges) > 3 or asked.since or asked.until


async def test_a_statement_opens_few_days_and_more_follow_only_where_these_have_less(
    database_url: str,
    database: Database,
    service_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(days, "FIRST_BYTES", 1)
    monkeypatch.setattr(replays, "LOOKED_AT_ROWS", 10)
    monkeypatch.setattr(replays, "GOOD_WITHIN_ROWS", 10)
    sent: list[asyncpg.connection.LoggedQuery] = []

    async def noting(connection: asyncpg.Connection) -> None:
        await begun(connection)
        connection.add_query_logger(sent.append)

    rows = await some_days(database, service_id, random.Random(8))
    there = {row.started_at.date() for row in rows}
    monkeypatch.setattr("monitor.storage.database.pool.begun", noting)
    watched = await Database.open(database_url, size=3)
    try:
        plans = Plans(database, sent)
        for name, ask in (await reads_of(watched)).items():
            opened = await plans.of(ask)
            assert opened, name
            assert max(map(len, opened)) <= FEW, (name, opened)
            if not name.startswith("of all"):
                assert len(set.union(*opened)) < len(there) // 2, name
    finally:
        await watched.close()


async def reads_of(database: Database) -> dict[str, Ask]:
    """What reads logs, and could read all of them."""
    logs, page = LogReader(database, timeout_ms=LONG_MS), Page(limit=1)
    counts = CountReader(database, timeout_ms=LONG_MS, most_logs=10)
    values = ValueReader(database, timeout_ms=LONG_MS, most_logs=10)
    of_replays, path = Replays(database), "/nobody has this"
    method = field_called("method")
    assert method is not None
    [item] = (await logs.page(LogFilter(service_id=None), page)).items
    asked = ValuesAsked(called=method)
    of_nobody = query("path:nobody method:GET")
    return {
        "newest, in windows": lambda: in_windows(
            database, LogFilter(), page, time.monotonic() + LONG_MS
        ),
        "of all: none, in windows": lambda: in_windows(
            database, LogFilter(path=path), page, time.monotonic() + LONG_MS
        ),
        "newest": lambda: logs.ids(LogFilter(), page),
        "of all: how many": lambda: logs.page(LogFilter(), page),
        "of all: none": lambda: logs.page(LogFilter(path=path), page),
        "of all: none, and why": lambda: logs.page(LogFilter(query=of_nobody), page),
        "facets": lambda: counts.facets(LogFilter(path="/")),
        "of all: since when": lambda: counts.timeline(LogFilter(path="/"), None),
        "values": lambda: values.most_frequent(LogFilter(), asked),
        "like it": lambda: of_replays.earlier_like(item, most=3),
        "good": lambda: of_replays.last_good(item),
    }


class Plans:
    """Which days each statement about logs opens, as PostgreSQL plans it."""

    def __init__(
        self, database: Database, sent: list[asyncpg.connection.LoggedQuery]
    ) -> None:
        self._database = database
        self._sent = sent

    async def of(self, ask: Ask) -> list[set[str]]:
        self._sent.clear()
        await ask()
        statements = [q for q in self._sent if re.search(r"\bFROM logs\b", q.query)]
        found = []
        async with self._database.connection() as connection:
            for statement in statements:
                sql = f"EXPLAIN (FORMAT json) {statement.query}"
                plan = json.loads(await connection.fetchval(sql, *statement.args))
                found.append({name for name in relations(plan) if name != "logs"})
        return found


def relations(plan: Any) -> Iterator[str]:
    """Of logs, in all of *plan*."""
    if isinstance(plan, list):
        for each in plan:
            yield from relations(each)
    if isinstance(plan, dict):
        if re.fullmatch(r"logs_\w+", name := plan.get("Relation Name", "")):
            yield name
        for each in plan.values():
            yield from relations(each)


def test_spans_are_of_some_size_and_hold_all_that_there_is() -> None:
    def day(n: int) -> datetime:
        return datetime(2026, 11, n, tzinfo=UTC)

    mega = 1024 * 1024
    assert spans_of([]) == (Days(),)
    assert spans_of([(day(n), mega) for n in range(9, 0, -1)]) == (Days(),)
    large = spans_of([(day(n), 32 * mega) for n in range(28, 0, -1)])
    assert large[0] == Days(day(28), None)
    assert large[1] == Days(day(26), day(28))
    assert large[2] == Days(day(22), day(26))
    assert large[-1] == Days(None, day(14))
