"""Any filter finds what a plain filter over the same rows finds."""

# Letters of other alphabets are what is looked for.
# ruff: noqa: RUF001

import gzip
import random
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from monitor.logs.cursor import decode_cursor
from monitor.logs.filter import LogFilter, Page
from monitor.storage.commit.commit import commit
from monitor.storage.database.migrate import migrate
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.logs.marks import Marks
from monitor.storage.logs.narrowing import narrowed
from monitor.storage.logs.reader import LogReader
from monitor.storage.logs.search import listing
from monitor.storage.registry.services import Services
from monitor.traffic.exchange import Body, Exchange, Source
from tests.support.databases import MIGRATIONS
from tests.support.queries import query as parse
from tests.support.random_logs import (
    IDS,
    matches,
    random_exchange,
    random_filter,
)


@pytest.mark.parametrize("is_direct", [True, False])
async def test_random_filters_over_random_rows(
    database: Database,
    service_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
    is_direct: bool,
) -> None:
    if not is_direct:
        # That way is given up at once, as where it takes too long.
        monkeypatch.setattr("monitor.storage.logs.reader.DIRECT_SHARE", 0.0)
    chance = random.Random(1)
    rows = [random_exchange(chance, service_id) for _ in range(400)]
    async with database.connection() as connection:
        await commit(connection, Partitions(), rows)
    reader = LogReader(database, timeout_ms=60_000)
    for _ in range(150):
        asked = random_filter(chance, rows)
        expected = [row.id for row in reversed(rows) if matches(row, asked)]
        found: list[UUID] = []
        page = Page(limit=chance.choice([7, 100, 500]))
        while True:
            got = await reader.page(asked, page)
            found += [item.id for item in got.items]
            if got.complete:
                assert got.total in (None, len(expected))
            if got.next_cursor is None:
                break
            page = Page(limit=page.limit, cursor=decode_cursor(got.next_cursor))
        assert found == expected, asked


@pytest_asyncio.fixture
async def plain_database(database_url: str) -> AsyncIterator[Database]:
    """One whose locale knows the cases of ASCII alone."""
    parts = urlsplit(database_url)
    name = f"plain_{uuid4().hex}"
    admin = await asyncpg.connect(database_url)
    made = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
    await admin.execute(made)
    url = urlunsplit(parts._replace(path=f"/{name}"))
    connection = await asyncpg.connect(url)
    await migrate(connection, MIGRATIONS)
    await connection.close()
    database = await Database.open(url, size=2)
    yield database
    await database.close()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


FOUND_BY = {
    "body": ["ärger", "ÄRGER", "ПРИВЕТ", "пРиВеТ", "σίσυφος", "GRÖßE ärg", "R п"],
    "coded": ["köln", "KÖLN", '"STADT": "kö'],
    "charset": ["МОСКВА", "москва"],
    "error": ["ÜBERLAST", "überlast", "Connect_Refused: Ü"],
    "query": ["anna@X.de", "MÜNCHEN", "münchen süd", "?MAIL=", "p?mail=anna%40"],
    "path": ["/STRAßE", "/Straße/éTÉ", "%c3%9f"],
    "captured": ['A "Q" ü', "x-trace: a", "X-TRACE", "b: zwei"],
    "pushed": ["ёЛКА", "x-pushed: ё", "X-Pushed", "TWO"],
    "tags": ["release-ä", "NEXT"],
    "note": ["RÜCKFRAGE", "zoË"],
}


def said(service_id: UUID) -> dict[str, Exchange]:
    """A log for each place where a text may stand."""

    def log(**fields: Any) -> Exchange:
        made = {"url": "http://host/p", "path": "/p", "method": "GET", **fields}
        return Exchange(
            id=IDS.new(), service_id=service_id, source=Source.PROXY, **made
        )

    def body(text: bytes) -> Body:
        return Body(kept=text, size=len(text))

    coded = (("Content-Encoding", "gzip"),)
    russian = (("Content-Type", "text/plain; charset=windows-1251"),)
    zipped = gzip.compress('{"stadt": "KÖLN"}'.encode())
    return {
        "body": log(request_body=body("größe ÄRGER Привет ΣΊΣΥΦΟΣ 100%".encode())),
        "coded": log(response_body=body(zipped), response_headers=coded),
        "charset": log(
            response_body=body("Москва".encode("cp1251")), response_headers=russian
        ),
        "error": log(error="connect_refused: Überlast"),
        "query": log(url="http://host/p?mail=Anna%40x.de&city=M%C3%9cnchen+S%c3%BCd"),
        "path": log(path="/stra%C3%9Fe/\u00c9t\u00e9"),
        "captured": log(request_headers=(("X-Trace", 'a "q" Ünique'), ("B", "Zwei"))),
        "pushed": log(response_headers={"X-Pushed": "Ёлка", "N": [1, "two"]}),
        "tags": log(tags=("Release-Ä", "next")),
        "note": log(),
    }


def ways_to_say(id: UUID) -> list[str]:
    return [
        f"{id}",
        f"  {str(id).upper()} ",
        f"http://localhost:8000/log/{id}",
        f"https://m.example/api/v1/logs/{id}?a=b#c",
    ]


@pytest.mark.parametrize("is_plain", [True, False])
async def test_a_text_is_found_wherever_it_stands_in_any_case(
    database: Database, plain_database: Database, is_plain: bool
) -> None:
    there = plain_database if is_plain else database

    async def publish() -> None:
        """No proxy is there to be told."""

    service_id = (await Services(there, publish=publish).create({"name": "pay"})).id
    rows = said(service_id)
    async with there.connection() as connection:
        await commit(connection, Partitions(), list(rows.values()))
    await Marks(there).change(rows["note"].id, {"note": "Rückfrage an Zoë"})
    names = {row.id: name for name, row in rows.items()}
    reader = LogReader(there, timeout_ms=60_000)

    async def found(q: str) -> list[str]:
        page = await reader.page(LogFilter(q=q), Page())
        return [names[item.id] for item in page.items]

    for name, row in rows.items():
        for q in (*FOUND_BY[name], *ways_to_say(row.id)):
            assert await found(q) == [name], q
    # A part of an id, or of the host, is in too many.
    assert await found(str(rows["body"].id)[:8]) == []
    assert await found("host") == []
    assert len(await found("http://HOST/p")) == len(rows)
    for q in ("ä", "[", ",", '","', "[[", "a%b", "100%%", "%_%"):
        assert len(await found(q)) == (2 if q == "ä" else 0), q


async def test_the_newer_page_ends_where_one_came_from(
    database: Database, service_id: UUID
) -> None:
    chance = random.Random(2)
    rows = [random_exchange(chance, service_id) for _ in range(30)]
    async with database.connection() as connection:
        await commit(connection, Partitions(), rows)
    reader = LogReader(database, timeout_ms=60_000)
    newest = [row.id for row in reversed(rows)]
    page = await reader.page(LogFilter(), Page(limit=10, cursor=newest[9]))
    assert [item.id for item in page.items] == newest[10:20]
    newer = await reader.page(
        LogFilter(), Page(limit=10, cursor=page.items[0].id, newer=True)
    )
    assert [item.id for item in newer.items] == newest[:10]


# What a list is asked for, as a filter and as a query, and the index it goes along.
PLANS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "", "logs_newest"),
    ({"service_id": "pay"}, "service:pay", "logs_service"),
    ({"is_error": True}, "is:error", "logs_errors"),
    ({"pinned": True}, "is:pinned", "logs_pinned"),
    ({"tag": "rare"}, "tag:rare", "logs_tags"),
    ({"id": "first"}, "id:{id}", "logs_pkey|logs_newest"),
    ({"status_class": 5}, "status:5xx", "logs_newest"),
    ({"status_code": 500}, "status:500", "logs_newest"),
    ({"has_status": True}, "has:status", "logs_newest"),
    ({"method": "get"}, "method:get", "logs_newest"),
    ({"source": Source.PROXY}, "source:proxy", "logs_newest"),
    ({"is_replay": False}, "-is:replay", "logs_newest"),
    ({"has_error": True}, "has:error", "logs_newest"),
    ({"min_latency_ms": 50.0}, "latency:>=50", "logs_newest"),
    ({"max_latency_ms": 50.0}, "latency:<=50", "logs_newest"),
    ({"path": "alpha"}, "path:alpha", "logs_newest"),
    ({"endpoint": "/alpha"}, "endpoint:/alpha", "logs_newest"),
    ({"q": "alpha"}, "alpha", "logs_newest"),
    ({"is_error": True, "method": "get"}, "is:error method:get", "logs_errors"),
    ({"service_id": "pay", "path": "al"}, "service:pay path:al", "logs_service"),
]
# Forms that have no filter of their own.
WALKS = [
    "status:(404 OR 5xx)",
    "size:>10",
    "body:alpha",
    "body:/al.ha/",
    "header.x:y",
    "param.x:y",
    "$.a:b",
    "host:x",
    "-tag:a",
    "al*ha",
    "/al.ha/",
]


async def indexes(connection: asyncpg.Connection) -> dict[str, str]:
    """Those of partitions, by what they are called in the migrations."""
    rows = await connection.fetch(
        """
        SELECT part.relname AS part, whole.relname AS whole
          FROM pg_inherits AS i
          JOIN pg_class AS part ON part.oid = i.inhrelid
          JOIN pg_class AS whole ON whole.oid = i.inhparent
         WHERE part.relkind = 'i'
        """
    )
    return {row["part"]: row["whole"] for row in rows}


async def test_lists_go_along_their_indexes(
    database: Database, service_id: UUID
) -> None:
    chance = random.Random(3)

    async def publish() -> None:
        """No proxy is there to be told."""

    other = (await Services(database, publish=publish).create({"name": "shop"})).id
    owners = [service_id, *[other] * 50]
    rows = [random_exchange(chance, chance.choice(owners)) for _ in range(5000)]
    async with database.connection() as connection:
        await commit(connection, Partitions(), rows)
        await connection.execute("ANALYZE")
        # So few are as soon read and sorted.
        await connection.execute("SET enable_seqscan = off")
        names = await indexes(connection)

        async def used(asked: LogFilter) -> set[str]:
            asked = await narrowed(connection, asked, 60_000)
            sql, arguments = listing(asked, Page())
            lines = await connection.fetch(f"EXPLAIN {sql}", *arguments)
            plan = "\n".join(line[0] for line in lines)
            found = re.findall(r"Scan (?:Backward )?(?:using|on) (\w+)", plan)
            return {names[name] for name in found if name in names}

        for given, query, index in PLANS:
            sorting = "on" if index == "logs_tags" else "off"
            await connection.execute(f"SET enable_sort = {sorting}")
            known = {"pay": service_id, "first": rows[0].id}
            filter = LogFilter(
                **{n: known.get(str(value), value) for n, value in given.items()}
            )
            parsed = parse(query.format(id=rows[0].id)) if query else None
            for asked in (filter, LogFilter(query=parsed)):
                found = await used(asked)
                assert found & set(index.split("|")), (asked, found)
        for query in WALKS:
            assert "logs_newest" in await used(LogFilter(query=parse(query))), query
        # What is bound in time leaves the other days out.
        old = LogFilter(query=parse("since:1990-01-01 until:2000-01-01 body:x"))
        assert await used(old) == set()


async def test_a_slow_search_for_newer_logs_finds_just_those(
    database: Database, service_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The direct way is given up at once, as where it takes too long.
    monkeypatch.setattr("monitor.storage.logs.reader.DIRECT_SHARE", 0.0)
    chance = random.Random(4)
    rows = [random_exchange(chance, service_id) for _ in range(6_000)]
    async with database.connection() as connection:
        await commit(connection, Partitions(), rows)
    reader = LogReader(database, timeout_ms=60_000)
    newest = [row.id for row in reversed(rows)]
    asked = LogFilter(q="alpha")
    expected = [row.id for row in reversed(rows) if matches(row, asked)]
    for place in (3_000, 40, 5_990):
        page = Page(limit=10, cursor=newest[place], newer=True)
        got = await reader.page(asked, page)
        before = [id for id in expected if id > newest[place]]
        assert [item.id for item in got.items] == before[-10:], place
        assert got.complete
