"""Headers of logs as sets: stored once, read as they were, gone with their last log."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import orjson

from monitor.logs.filter import LogFilter, Page
from monitor.storage.clearing.clearing import Clearing, remove_logs
from monitor.storage.commit.commit import commit, store
from monitor.storage.database.partitions import Partitions, day_of
from monitor.storage.database.pool import Database
from monitor.storage.logs.reader import LogReader
from monitor.traffic.exchange import Exchange
from tests.support.exchanges import an_exchange
from tests.support.queries import query as parse

# Order, repeats, letter case, what JSON escapes, what it does not.
COMMON = (
    ("Host", "shop"),
    ("host", "Shop"),
    ("X-Tenant", "acme"),
    ("X-Tenant", "acme"),
    ("X-Quote", 'a","b'),
    ("X-Latin", "\xe9\x01"),
)


def exchanges(service_id: UUID, count: int) -> list[Exchange]:
    return [
        an_exchange(
            service_id,
            request_headers=(*COMMON[:3], ("X-Id", f"id-{n}"), *COMMON[3:]),
            response_headers={"Server": "nginx", "X-Trace": f"t-{n}"},
        )
        for n in range(count)
    ]


async def counted(database: Database, what: str) -> int:
    async with database.connection() as connection:
        count: int = await connection.fetchval(f"SELECT count(*) FROM {what}")
    return count


async def found(reader: LogReader, query: str) -> int:
    page = await reader.page(LogFilter(query=parse(query)), Page(limit=100))
    assert page.total is not None
    return page.total


async def in_the_former_way(connection: asyncpg.Connection, id: UUID) -> None:
    """As a version stored it whose headers were in log_details."""
    row = await connection.fetchrow("SELECT ts, bucket FROM logs WHERE id = $1", id)
    assert row is not None
    day = day_of(row["ts"])
    await connection.execute(
        f"""
        CREATE TABLE log_details_{day:%Y%m%d} PARTITION OF log_details
           FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')
        """
    )
    await connection.execute(
        """
        INSERT INTO log_details
               (bucket, ts, id, request_headers, response_headers, ttfb_ms)
        VALUES ($1, $2, $3, $4, $5, 7.5)
        """,
        row["bucket"],
        row["ts"],
        id,
        orjson.dumps((*COMMON, ("X-Id", "id-former"))),
        orjson.dumps({"Server": "former"}),
    )
    await connection.execute(
        """
        UPDATE logs
           SET request_set = NULL, response_set = NULL,
               request_fields = NULL, response_fields = NULL
         WHERE id = $1
        """,
        id,
    )


async def test_headers_are_stored_once_and_read_and_found_as_they_were(
    database: Database, service_id: UUID
) -> None:
    partitions, reader = Partitions(), LogReader(database, timeout_ms=60_000)
    made = exchanges(service_id, 21)
    for start in range(0, 21, 3):
        async with database.connection() as connection:
            await commit(connection, partitions, made[start : start + 3])
    # Two of each side: of names alone, of names and of what is common.
    assert await counted(database, "header_sets") == 4
    assert await counted(database, "header_sets WHERE form ~ 'id-|t-'") == 0
    for exchange in made:
        detail = await reader.get(exchange.id)
        assert detail is not None
        assert detail.request_headers == exchange.request_headers
        assert detail.response_headers == exchange.response_headers

    async with database.connection() as connection:
        await in_the_former_way(connection, made[0].id)
    detail = await reader.get(made[0].id)
    assert detail is not None
    assert detail.request_headers == (*COMMON, ("X-Id", "id-former"))
    assert detail.response_headers == {"Server": "former"}
    assert detail.timings.ttfb_ms == 7.5
    for query, count in {
        "header.x-tenant:acme": 21,
        "req.header.x-tenant:acme": 21,
        "req.header.X-TENANT:ac*": 21,
        "req.header.x-id:id-7": 1,
        "req.header.x-id:id-former": 1,
        "-req.header.x-id:id-7": 20,
        "req.header.x-latin:é\x01": 21,
        "has:req.header.x-id": 21,
        "has:req.header.x-none": 0,
        "res.header.server:nginx": 20,
        "res.header.server:former": 1,
        "res.header.x-trace:/t-1[0-9]/": 10,
        "acme": 21,
        "id-former": 1,
        '"X-Id: id-7"': 1,
        '"x-trace: t-7"': 1,
        '"X-Tenant: acme"': 21,
        "ttfb:7.5": 1,
    }.items():
        assert await found(reader, query) == count, query


async def test_a_set_goes_with_its_last_log_and_not_before(
    database: Database, service_id: UUID, database_url: str
) -> None:
    partitions, clearing = Partitions(), Clearing(database)
    made = exchanges(service_id, 6)

    async def remove(those: list[Exchange]) -> None:
        async with database.connection() as connection, connection.transaction():
            rows = await connection.fetch(
                "SELECT bucket, ts, id FROM logs WHERE id = ANY($1)",
                [one.id for one in those],
            )
            await remove_logs(connection, rows, pinned=True)
        while await clearing.step():
            pass

    async with database.connection() as connection:
        await commit(connection, partitions, made)
    await remove(made[:-1])
    assert await counted(database, "header_sets") == 2
    assert await counted(database, "header_sets WHERE doubted_at IS NOT NULL") == 0

    # What a commit is about to use stays, though no log that is seen has it.
    late = exchanges(service_id, 1)
    async with database.connection() as connection:
        begun = connection.transaction()
        await begun.start()
        await store(connection, partitions.sets, late, None)
        await remove(made[-1:])
        await begun.commit()
    assert await counted(database, "header_sets") == 2
    detail = await LogReader(database, timeout_ms=60_000).get(late[0].id)
    assert detail is not None
    assert detail.request_headers == late[0].request_headers

    await remove(late)
    assert await counted(database, "header_sets") == 0
    # Remembered, and gone: it is stored anew. So it is where it was rolled back.
    for is_kept in (False, True):
        again = exchanges(service_id, 1)
        async with database.connection() as connection:
            begun = connection.transaction()
            await begun.start()
            await store(connection, partitions.sets, again, None)
            await (begun.commit() if is_kept else begun.rollback())
    assert await counted(database, "header_sets") == 2
    detail = await LogReader(database, timeout_ms=60_000).get(again[0].id)
    assert detail is not None
    assert detail.request_headers == again[0].request_headers


async def test_commits_that_need_the_same_set_do_not_wait_for_each_other(
    database: Database, service_id: UUID
) -> None:
    partitions = Partitions()
    reader = LogReader(database, timeout_ms=60_000)
    async with database.connection() as one:
        await commit(one, partitions, exchanges(service_id, 1))
        mine, others = exchanges(service_id, 5), exchanges(service_id, 5)
        begun = one.transaction()
        await begun.start()
        await store(one, partitions.sets, mine, None)
        async with database.connection() as other:
            await asyncio.wait_for(commit(other, partitions, others), 60)
        await store(one, partitions.sets, more := exchanges(service_id, 5), None)
        await begun.commit()
    for exchange in (*mine, *others, *more):
        detail = await reader.get(exchange.id)
        assert detail is not None
        assert detail.request_headers == exchange.request_headers
