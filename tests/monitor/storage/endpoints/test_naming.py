"""Each log has its endpoint, which all processes on a database agree on."""

import asyncio
from uuid import UUID

from monitor.endpoints.tree import OTHER
from monitor.storage.database.pool import Database
from tests.support.endpoint_names import LIMITS, Process, counted_otherwise, stored

ME = ["/a/me"] * 20


async def test_processes_that_learn_at_once_agree_and_so_does_one_that_is_new(
    database: Database, service_id: UUID
) -> None:
    one, two = Process(database), Process(database)
    for n in range(6):
        await asyncio.gather(
            one.store(service_id, [*(f"/a/x{n}-{m}z" for m in "ab"), *ME]),
            two.store(service_id, [*(f"/a/y{n}-{m}z" for m in "abc"), "/b", f"/{n}"]),
        )
    for each in (one, two):
        await each.names.tell()
    paths = ["/a/new", "/a/me", "/b", "/a/x0-az", "/77", "/a/me/b-c"]
    await asyncio.gather(one.store(service_id, paths), two.store(service_id, paths))
    late = Process(database)
    await late.store(service_id, paths)
    found = await stored(database)
    assert found["/a/new"] == {"/a/{slug}"}
    assert found["/a/me"] == {"/a/me"}
    assert found["/77"] == found["/0"] == {"/{id}"}
    assert found["/a/me/b-c"] == {"/a/me/b-c"}
    async with database.connection() as connection:
        templates = await connection.fetch("SELECT template FROM endpoint_templates")
        seen = await connection.fetch("SELECT * FROM endpoint_seen")
    assert sorted(row["template"] for row in templates) == sorted(
        {"/a/{slug}", "/a/me", "/b", "/{id}", "/a/me/b-c"}
    )
    assert {row["endpoint"] for row in seen} >= {"/a/{slug}", "/a/me", "/b", "/{id}"}
    assert all(row["first_seen"] <= row["last_seen"] for row in seen)
    assert await counted_otherwise(database) == []


async def test_a_scanner_is_counted_under_one_name(
    database: Database, service_id: UUID
) -> None:
    process = Process(database)
    await process.store(service_id, ["/orders/1", "/orders"])
    await process.store(service_id, [f"/{n}.php" for n in range(2_000)], 404)
    await process.store(service_id, [f"/{'z/' * n}" for n in range(30)], 401)
    await process.store(service_id, ["/orders/2", "/invoices"])
    found = await stored(database)
    assert found["/invoices"] == {"/invoices"}
    assert found["/orders/2"] == {"/orders/{id}"}
    names = [name for each in found.values() for name in each]
    assert len(set(names)) == 3 + LIMITS.endpoints // 5 + 1
    assert names.count(OTHER) == 2_030 - LIMITS.endpoints // 5
    metrics = process.counters.exposition().decode()
    assert f"apimonitor_endpoints_other_logs_total {names.count(OTHER)}.0" in metrics
    # What others saw as not there may be an endpoint later.
    await process.store(service_id, ["/1.php", "/new"])
    assert (await stored(database))["/new"] == {"/new"}


async def test_a_place_that_no_log_took_is_learned_all_the_same(
    database: Database, service_id: UUID
) -> None:
    process = Process(database)
    await process.store(service_id, ["/a"])
    async with database.connection() as connection:
        await connection.execute("UPDATE services SET name = 'other'")
    await process.store(service_id, ["/\u00fc/%2F/..//b", "/" + "x" * 9_000, "*"])
    assert (await stored(database)) == {
        "/a": {"/a"},
        "/\u00fc/%2F/..//b": {"/\u00fc/%2F/..//b"},
        "/" + "x" * 9_000: {"/{long}"},
        "*": {"*"},
    }
