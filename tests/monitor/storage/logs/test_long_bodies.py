"""Bodies longer than a page are in parts, and nobody who reads them sees that."""

import gzip
from uuid import UUID

import asyncpg

from monitor.logs.filter import LogFilter, Page
from monitor.storage.clearing.clearing import remove_logs
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.logs.reader import LogReader
from monitor.traffic.exchange import Body, Exchange, Source
from tests.support.blocks import make_blocks
from tests.support.exchanges import an_exchange
from tests.support.queries import query

# Within and around a page, with a character that each of the cuts may split.
SIZES = (0, 1, 2_000, *range(8_040, 8_180, 7), 16_128, 16_129, 70_000, 1_000_000)
OUTSIDE = """
    SELECT sum(pg_relation_size(c.reltoastrelid))
      FROM pg_inherits AS i
      JOIN pg_class AS c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'apimonitor.log_bodies'::regclass
"""


async def test_bodies_of_any_length_are_read_found_and_removed_whole(
    database: Database, service_id: UUID
) -> None:
    logs = [of_size(service_id, n, size) for n, size in enumerate(SIZES)]
    coded = an_exchange(
        service_id,
        source=Source.INGEST,
        request_body=Body(kept=b"\xff" * 20_000, size=20_000),
        response_headers=(("Content-Encoding", "gzip"),),
        response_body=zipped("€ " * 30_000 + "at its end"),
    )
    reader = LogReader(database, timeout_ms=10_000)
    async with database.connection() as connection:
        partitions = Partitions(compression="none")
        await commit(connection, partitions, [*logs, coded])
        assert await connection.fetchval(OUTSIDE) == 0
    for log in (*logs, coded):
        detail = await reader.get(log.id)
        assert detail is not None
        for stored, passed in (
            (detail.request_body.content, log.request_body),
            (detail.response_body.content, log.response_body),
        ):
            assert stored == (passed.kept if passed is not None else None)
    exported = [d async for d in reader.all(LogFilter(), cursor=None, limit=None)]
    assert [detail.item.id for detail in exported] == [
        e.id for e in [coded, *logs[::-1]]
    ]
    for detail, log in zip(exported, [coded, *logs[::-1]], strict=True):
        assert log.response_body is not None
        assert detail.response_body.content == log.response_body.kept

    async def found(text: str) -> set[UUID]:
        asked = LogFilter(query=query(text))
        return {item.id for item in (await reader.page(asked, Page())).items}

    for has_blocks in (False, True):
        if has_blocks:
            await make_blocks(database)
        for n in (0, len(SIZES) // 2, len(SIZES) - 1):
            assert await found(f'body:"{mark(n)}"') == {logs[n].id}
            assert await found(f'"{mark(n)}"') == {logs[n].id}
        assert await found("$.mark:last") == {log.id for log in logs}
        assert await found('"€ at its end"') == {coded.id}
        assert await found("req.size:20000 source:ingest") == {coded.id}

    async with database.connection() as connection:
        rows = "SELECT count(*) FROM log_bodies"
        assert await connection.fetchval(rows) > len(logs) + 1
        keys = await connection.fetch("SELECT bucket, ts, id FROM logs")
        await remove_logs(connection, keys, pinned=True)
        assert await connection.fetchval(rows) == 0


async def test_what_came_before_parts_were_is_read(
    database: Database, service_id: UUID
) -> None:
    log = of_size(service_id, 0, 40_000)
    assert log.response_body is not None
    async with database.connection() as connection:
        await commit(connection, Partitions(), [log])
        await as_before(connection, log.response_body.kept)
    detail = await LogReader(database, timeout_ms=5_000).get(log.id)
    assert detail is not None
    assert detail.response_body.content == log.response_body.kept


async def as_before(connection: asyncpg.Connection, body: bytes) -> None:
    await connection.execute("DELETE FROM log_bodies WHERE part > 0")
    await connection.execute(
        "UPDATE log_bodies SET part = NULL, response_body = $1", body
    )


def mark(n: int) -> str:
    return f"end-of-{n:04}-here"


def of_size(service_id: UUID, n: int, size: int) -> Exchange:
    filler = ("ä" * size).encode()[:size].decode(errors="ignore")
    received = f'{{"filler":"{filler}","mark":"last","{mark(n)}":1}}'.encode()
    sent = b"\xfe" * (size // 2)
    return an_exchange(
        service_id,
        request_body=Body(kept=sent, size=len(sent)) if n % 2 else None,
        request_size=len(sent),
        response_body=Body(kept=received, size=len(received)),
        response_size=len(received),
    )


def zipped(text: str) -> Body:
    # Stored, so that it is long itself.
    kept = gzip.compress(text.encode(), compresslevel=0)
    return Body(kept=kept, size=len(kept))
