"""What is read through the pool is of Python's own types."""

import asyncio
import socket
from pathlib import Path
from uuid import UUID, uuid4

import orjson

from monitor.storage.database.pool import Database
from monitor.storage.database.session import SEND_BYTES

MOST_BYTES = int(Path("/proc/sys/net/core/wmem_max").read_text())
QUERY = "SELECT $1::uuid AS one, $2::uuid[] AS many, ARRAY[$1::uuid, NULL] AS mixed"


async def test_ids_are_read_as_plain_uuids_and_written_from_their_bytes_too(
    database_url: str,
) -> None:
    one, other = uuid4(), uuid4()
    database = await Database.open(database_url, size=2)
    try:
        # Two, so that one is not the connection that the pool began with.
        async with database.connection() as first, database.connection() as second:
            for connection in (first, second):
                row = await connection.fetchrow(QUERY, one, [other.bytes, one])
                assert row is not None
                assert row["one"] == one
                assert row["many"] == [other, one]
                assert row["mixed"] == [one, None]
                assert {type(id) for id in (row["one"], *row["many"])} == {UUID}
                assert orjson.loads(orjson.dumps(row["many"])) == [str(other), str(one)]
                assert hash(row["one"]) == hash(one)
                await connection.execute("CREATE TEMPORARY TABLE ids (id uuid)")
                await connection.copy_records_to_table("ids", records=[(one,)])
                assert await connection.fetchval("SELECT id FROM ids") == one
                assert await connection.fetchval("SELECT 1 FROM ids WHERE id = $1", one)
    finally:
        await database.close()


async def test_a_connection_is_given_back_without_another_statement(
    database: Database,
) -> None:
    async with database.connection() as first:
        pid = first.get_server_pid()
        await first.execute("SELECT 'the last'")
    async with database.connection() as first, database.connection() as second:
        others = {first.get_server_pid(): second, second.get_server_pid(): first}
        last = await others[pid].fetchval(
            "SELECT query FROM pg_stat_activity WHERE pid = $1", pid
        )
    assert last == "SELECT 'the last'"


async def test_a_transaction_that_was_left_open_is_not_the_next_ones(
    database: Database,
) -> None:
    async with database.connection() as connection:
        await connection.execute("BEGIN")
        await connection.execute("CREATE TABLE apimonitor.left_open ()")
    async with database.connection() as connection:
        assert not connection.is_in_transaction()
        found = await connection.fetchval("SELECT to_regclass('left_open')")
    assert found is None


async def test_a_part_of_a_copy_is_taken_at_once_on_a_unix_socket(
    database: Database,
) -> None:
    """As far as the kernel lets us; it counts twice what it is asked for."""
    async with database.connection() as held:
        transport: asyncio.Transport = getattr(held, "_transport")  # noqa: B009
        own = transport.get_extra_info("socket")
        assert own.family == socket.AF_UNIX
        room = own.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    assert room == 2 * min(SEND_BYTES, MOST_BYTES)
