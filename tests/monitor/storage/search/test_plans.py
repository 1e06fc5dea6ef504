"""Every form of the language names the index that it goes along, and its days only."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from monitor.logs.asked import parts_of
from monitor.logs.filter import FILTERS, LogFilter, Page
from monitor.search.table import FIELDS
from monitor.storage.blocks.candidates import candidates
from monitor.storage.blocks.walk import Walk
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.logs.columns import FROM, ITEM_COLUMNS
from monitor.storage.logs.narrowing import narrowed
from monitor.storage.logs.search import counting, listing
from monitor.storage.search.bounded import within
from monitor.storage.search.days import Days
from monitor.traffic.exchange import Body, Source
from monitor.traffic.ids import LogIds
from tests.support.blocks import SMALL, make_blocks
from tests.support.exchanges import an_exchange
from tests.support.queries import query

IDS = LogIds()
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = [TODAY - timedelta(days=n) for n in range(3)]
# What may be rare has an index of its own; all else goes along the newest.
OWN: dict[str, set[str]] = {
    "service:payments": {"logs_service"},
    "service:pay*": {"logs_service"},
    "tag:health": {"logs_tags"},
    "is:pinned": {"logs_pinned"},
    "service_id": {"logs_service"},
    "tag": {"logs_tags"},
    "pinned": {"logs_pinned"},
    "is_error": {"logs_errors"},
}
# What is read of a log that is found, or looked at.
BESIDE = re.compile(r"(log_bodies|log_details|header_sets|services|replays)")
COUNTED = ("q", "status_code", "body:/declin(e|ed)/i", "service:payments")
FORMS = [
    "alpha beta",
    '"card declined"',
    "al*ha",
    "/al.ha/i",
    "a (b OR -c)",
    "status:(404 OR 5xx)",
    "latency:100..200",
    "path:=/v1 path:~v",
    "-has:tag",
]
GIVEN: dict[str, Any] = {
    "method": "get",
    "path": "alpha",
    "endpoint": "/alpha",
    "status_code": 500,
    "status_class": 5,
    "has_status": False,
    "min_latency_ms": 50.0,
    "max_latency_ms": 50.0,
    "has_error": True,
    "is_error": True,
    "tag": "health",
    "source": Source.PROXY,
    "is_replay": False,
    "pinned": True,
    "since": DAYS[2],
    "until": TODAY + timedelta(days=1),
    "q": "alpha",
}


async def store(database: Database, service_id: UUID) -> None:
    logs = [
        an_exchange(
            service_id,
            id=IDS.at(day + timedelta(seconds=n)),
            tags=("health",) if n % 50 == 0 else (),
            status_code=500 if n % 50 == 1 else 200,
            response_body=Body(kept=b"it says alpha beta", size=18),
        )
        for day in DAYS[::-1]
        for n in range(500)
    ]
    async with database.connection() as connection:
        await commit(connection, Partitions(), logs)
        await connection.execute(
            "UPDATE logs SET pinned = true WHERE id = $1", logs[0].id
        )
        await connection.execute("ANALYZE")


def scans(node: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Tables that a plan reads, and by which index; not those it only might have."""
    if not node["Actual Loops"]:
        return
    if "Relation Name" in node:
        index = node.get("Index Name")
        if node["Node Type"] == "Bitmap Heap Scan":
            index = "+".join(sorted(_indexes(node)))
        yield node["Relation Name"], index
    for inner in node.get("Plans", ()):
        yield from scans(inner)


def _indexes(node: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in node:
        yield node["Index Name"]
    for inner in node.get("Plans", ()):
        yield from _indexes(inner)


class Explained:
    def __init__(self, connection: asyncpg.Connection, names: dict[str, str]) -> None:
        self._connection = connection
        self._names = names

    async def of(self, sql: str, arguments: list[object]) -> tuple[set[str], set[str]]:
        """Indexes by which logs are read, and the days of all that is read."""
        found = await self._connection.fetchval(
            f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", *arguments
        )
        indexes, days = set[str](), set[str]()
        for table, index in scans(json.loads(found)[0]["Plan"]):
            day = re.search(r"_([0-9]{8}|attic)$", table)
            # Details are of days that were there before these.
            if day is None or table.startswith("log_details_attic"):
                assert BESIDE.match(table), table
                continue
            days.add(day[1])
            # Forms of headers are few, and asked once a statement.
            if table.startswith("header_sets"):
                continue
            assert index is not None, f"{table} is read as a whole by {sql}"
            if table.startswith("logs_"):
                indexes |= {self._names[name] for name in index.split("+")}
        return indexes, days


async def test_every_form_names_its_index_and_its_days(
    database: Database, service_id: UUID
) -> None:
    async with database.connection() as connection:
        await connection.execute("UPDATE services SET name = 'payments'")
    await store(database, service_id)
    yesterday = Days(DAYS[1], DAYS[0])
    day = f"{DAYS[1]:%Y%m%d}"
    given = {**GIVEN, "service_id": service_id, "id": IDS.at(DAYS[1])}
    # Each filter there is; what has no value here is what the language is.
    assert {*given, "query"} == {*FILTERS, "id"}
    forms = [example for field in FIELDS for example in field.examples] + FORMS
    asked = [(name, LogFilter(**{name: value})) for name, value in given.items()]
    asked += [
        (text, LogFilter(query=query(text, datetime.now(UTC))))
        for text in forms
        # No log of that name.
        if not text.startswith("id:")
    ]
    assert len(asked) > 90
    async with database.connection() as connection:
        # So few are as soon read and sorted.
        await connection.execute("SET enable_seqscan = off")
        names = {
            row["part"]: row["whole"]
            for row in await connection.fetch(
                """
                SELECT part.relname AS part, whole.relname AS whole
                  FROM pg_inherits AS i
                  JOIN pg_class AS part ON part.oid = i.inhrelid
                  JOIN pg_class AS whole ON whole.oid = i.inhparent
                 WHERE part.relkind = 'i'
                """
            )
        }
        explained = Explained(connection, names)
        for name, filter in asked:
            filter = await narrowed(connection, filter, 60_000)
            sorting = "on" if OWN.get(name) == {"logs_tags"} else "off"
            await connection.execute(f"SET enable_sort = {sorting}")
            sql, arguments = listing(filter, Page(), yesterday)
            indexes, days = await explained.of(sql, arguments)
            assert days <= {day}, (name, days)
            if days:
                assert indexes == OWN.get(name, {"logs_newest"}), (name, indexes)
            if name in COUNTED:
                sql, arguments = counting(filter, 10_001, yesterday)
                _, days = await explained.of(sql, arguments)
                assert days == {day}, (name, days)


async def test_a_search_in_blocks_reads_their_days_along_their_ids(
    database: Database, service_id: UUID
) -> None:
    await store(database, service_id)
    await make_blocks(database, replace(SMALL, block_logs=8))
    filter = LogFilter(query=query('body:"alpha beta" status:500'))
    async with database.connection() as connection:
        where = await candidates(connection, parts_of(filter), 60_000)
        assert where is not None
        walk, taken = Walk(filter, where), set[str]()
        await connection.execute("SET enable_seqscan = off")
        while not walk.is_over:
            made = await walk.step(connection, 60_000)
            sql = f"SELECT {ITEM_COLUMNS} {FROM} {made.joins} WHERE {made.where}"
            asked = f"EXPLAIN {sql}", made.arguments
            plan = await within(connection, 60_000, *asked, reads_many=True)
            text = "\n".join(row[0] for row in plan)
            # Each log's body is not looked for among those of all.
            assert "Nested Loop Left Join" not in text
            days = set(re.findall(r" on logs_([0-9]{8})", text))
            assert len(days) <= 2, text
            # Also where the blocks of a step are far from each other.
            assert set(re.findall(r" on log_bodies_([0-9]{8})", text)) <= days, text
            assert "Seq Scan on log" not in text
            taken |= days
            walk.done()
        assert taken >= {f"{day:%Y%m%d}" for day in DAYS}
