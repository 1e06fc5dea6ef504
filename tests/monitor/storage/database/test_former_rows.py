"""Logs of former versions are read after an update as they were before it."""

import shutil
from pathlib import Path

import asyncpg

from monitor.logs.filter import LogFilter, Page
from monitor.storage.commit.commit import commit
from monitor.storage.database.migrate import migrate
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.logs.reader import LogReader
from monitor.traffic.ids import bucket_of, timestamp_of
from tests.support.databases import MIGRATIONS
from tests.support.exchanges import an_exchange
from tests.support.queries import query

# The last one before URLs were stored in parts.
LAST_WHOLE = 32
URL, PARAMETERS = "http://shop/a?page=3&page=4&q=1", '{"page": ["3", "4"], "q": "1"}'


async def store_former(connection: asyncpg.Connection, folder: Path) -> None:
    for path in MIGRATIONS.glob("*.sql"):
        if int(path.name[:4]) <= LAST_WHOLE:
            shutil.copy(path, folder)
    await migrate(connection, folder)
    await connection.execute("SET search_path TO apimonitor")
    row = an_exchange()
    await Partitions().ensure(connection, [timestamp_of(row.id).date()])
    await connection.execute(
        """
        INSERT INTO services (id, name, slug, created_at, updated_at)
        VALUES ($1, 'pay', 'pay', now(), now())
        """,
        row.service_id,
    )
    await connection.execute(
        """
        INSERT INTO logs (bucket, ts, id, service_id, source, method, url, path,
                          client_url, query_params, endpoint)
        VALUES ($1, $2, $3, $4, 'proxy', 'GET', $5, '/a', $5, $6, '/a')
        """,
        bucket_of(row.id),
        timestamp_of(row.id),
        row.id,
        row.service_id,
        URL,
        PARAMETERS,
    )


async def test_a_log_of_before_urls_had_parts_is_read_beside_one_that_has(
    empty_dsn: str, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(empty_dsn)
    await store_former(connection, tmp_path)
    assert len(await migrate(connection, MIGRATIONS)) > 1
    await connection.close()
    database = await Database.open(empty_dsn, size=2)
    now = an_exchange(
        url=URL,
        client_url=URL,
        query_params={"page": ["3", "4"], "q": "1"},
    )
    plain = an_exchange(
        url="http://shop/a?page=3",
        client_url="http://front/x/a?page=3",
        query_params={"page": "3"},
    )
    async with database.connection() as writing:
        await commit(writing, Partitions(), [now, plain])
    reader = LogReader(database, timeout_ms=60_000)
    found = await reader.page(LogFilter(query=query("param.page:3")), Page())
    last, *same = [await reader.get(item.id) for item in found.items]
    assert last is not None
    assert (last.item.url, last.client_url) == (plain.url, plain.client_url)
    assert last.item.query_params == plain.query_params
    assert len(same) == 2
    for one in same:
        assert one is not None
        assert (one.item.url, one.client_url) == (URL, URL)
        assert one.item.query_params == now.query_params
    await database.close()
