"""Any filter finds what a plain filter over the same rows finds."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from monitor.endpoints import endpoint_of
from monitor.exchange import Body, Exchange, Source
from monitor.filters import LogFilter, Page, decode_cursor
from monitor.ids import LogIds
from monitor.storage.batch import commit
from monitor.storage.logs import LogReader
from monitor.storage.partitions import Partitions
from monitor.storage.pool import Database

IDS = LogIds()
WORDS = [
    "alpha",
    "Beta",
    "100%",
    "under_score",
    "back\\slash",
    "ünï",
    "o'hara",
    "",
    "7",
    "8",
]


def random_exchange(chance: random.Random, service_id: UUID) -> Exchange:
    word = chance.choice(WORDS)
    body = chance.choice(WORDS).encode()
    return Exchange(
        id=IDS.new(),
        service_id=service_id,
        source=chance.choice(list(Source)),
        method=chance.choice(["GET", "POST"]),
        url=f"http://x/{word}",
        path=f"/{word}",
        status_code=chance.choice([None, 200, 204, 404, 500, 503]),
        latency_ms=chance.choice([None, 1.0, 50.0, 100.0, 1000.5]),
        error=chance.choice([None, None, "client_disconnect: gone", "Alpha broke"]),
        tags=tuple(chance.sample(["a", "b", "c"], chance.randint(0, 2))),
        response_body=Body(kept=body, size=len(body)) if body else None,
    )


def random_filter(chance: random.Random, rows: list[Exchange]) -> LogFilter:
    options: dict[str, Any] = {
        "method": chance.choice(["get", "POST"]),
        "path": chance.choice(WORDS) or None,
        "status_code": chance.choice([200, 500]),
        "status_class": chance.choice([2, 5]),
        "has_status": chance.choice([True, False]),
        "endpoint": chance.choice(["/{id}", "/alpha", "/100%", "/7"]),
        "min_latency_ms": chance.choice([0.0, 50.0]),
        "max_latency_ms": chance.choice([50.0, 2000.0]),
        "has_error": chance.choice([True, False]),
        "is_error": chance.choice([True, False]),
        "tag": chance.choice(["a", "z"]),
        "source": chance.choice(list(Source)),
        "is_replay": chance.choice([True, False]),
        "since": rows[len(rows) // 3].started_at,
        "until": rows[-1].started_at + timedelta(milliseconds=chance.choice([0, 1])),
        "q": chance.choice(["ALPHA", "%", "_", "\\", "ünï", "O'H", "broke"]),
    }
    chosen = chance.sample(sorted(options), chance.randint(0, 3))
    return LogFilter(**{name: options[name] for name in chosen})


def matches(row: Exchange, asked: LogFilter) -> bool:
    body = row.response_body.kept.decode() if row.response_body else ""
    is_error = (row.status_code or 0) >= 500 or (
        row.error is not None and not row.error.startswith("client_disconnect")
    )
    searched = [row.path.lower(), body.lower(), (row.error or "").lower()]
    checks = [
        asked.method is None or row.method == asked.method.upper(),
        asked.path is None or asked.path in row.path,
        asked.status_code is None or row.status_code == asked.status_code,
        asked.status_class is None
        or (row.status_code or 0) // 100 == asked.status_class,
        asked.has_status is None or (row.status_code is not None) == asked.has_status,
        asked.endpoint is None or endpoint_of(row.path) == asked.endpoint,
        asked.is_replay is None or (row.source == Source.REPLAY) == asked.is_replay,
        asked.min_latency_ms is None
        or (row.latency_ms is not None and row.latency_ms >= asked.min_latency_ms),
        asked.max_latency_ms is None
        or (row.latency_ms is not None and row.latency_ms <= asked.max_latency_ms),
        asked.has_error is None or (row.error is not None) == asked.has_error,
        asked.is_error is None or is_error == asked.is_error,
        asked.tag is None or asked.tag in row.tags,
        asked.source is None or row.source == asked.source,
        asked.since is None or row.started_at >= asked.since,
        asked.until is None or row.started_at < asked.until,
        asked.q is None or any(asked.q.lower() in text for text in searched),
    ]
    return all(checks)


@pytest.mark.parametrize("is_direct", [True, False])
async def test_random_filters_over_random_rows(
    database: Database,
    service_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
    is_direct: bool,
) -> None:
    if not is_direct:
        # That way is given up at once, as where it takes too long.
        monkeypatch.setattr("monitor.storage.logs.DIRECT_SHARE", 0.0)
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


async def test_lists_use_their_indexes(database: Database, service_id: UUID) -> None:
    chance = random.Random(3)
    rows = [random_exchange(chance, service_id) for _ in range(5000)]
    async with database.connection() as connection:
        await commit(connection, Partitions(), rows)
        await connection.execute("ANALYZE")
        for where in ("true", "l.service_id = $1", "l.is_error"):
            arguments = [service_id] if "$1" in where else []
            plan = await connection.fetch(
                f"""
                EXPLAIN SELECT l.id
                  FROM logs AS l JOIN services AS s ON s.id = l.service_id
                 WHERE {where}
                 ORDER BY l.id DESC LIMIT 50
                """,
                *arguments,
            )
            text = "\n".join(row[0] for row in plan)
            assert "Index" in text, text
            assert "Seq Scan on logs" not in text, text


async def test_a_slow_search_for_newer_logs_finds_just_those(
    database: Database, service_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The direct way is given up at once, as where it takes too long.
    monkeypatch.setattr("monitor.storage.logs.DIRECT_SHARE", 0.0)
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
