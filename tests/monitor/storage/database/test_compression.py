"""Bodies are compressed as the setting says, each day's tables for themselves."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from monitor.storage.commit.commit import commit
from monitor.storage.database.compression import Compression
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.logs.reader import LogReader
from monitor.traffic.exchange import Body
from monitor.traffic.ids import LogIds
from tests.support.exchanges import an_exchange

CONTENT = b'{"name":"a body that is long, and repeats itself"}' * 200
BUILT_WITH = """
    SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'
"""
HELD = """
    SELECT min(pg_column_compression(response_body)) AS means,
           sum(pg_column_size(response_body)) AS size
      FROM log_bodies
     WHERE id = $1
"""


@pytest.mark.parametrize("compression", ["auto", "pglz", "none"])
async def test_a_body_is_compressed_as_is_said_and_read_as_it_was(
    database: Database, service_id: UUID, compression: Compression
) -> None:
    moment = datetime.now(UTC) - timedelta(days=1)
    older = an_exchange(service_id, id=LogIds().at(moment), response_body=_body())
    newer = an_exchange(service_id, response_body=_body())
    async with database.connection() as connection:
        # A day's tables stay as they were made.
        await commit(connection, Partitions(compression="pglz"), [older])
        await commit(connection, Partitions(compression=compression), [newer])
        before = await connection.fetchrow(HELD, older.id)
        held = await connection.fetchrow(HELD, newer.id)
        has_lz4 = "lz4" in await connection.fetchval(BUILT_WITH)
    assert before is not None and held is not None
    assert before["means"] == "pglz"
    means = {"auto": "lz4" if has_lz4 else None, "pglz": "pglz", "none": None}
    assert held["means"] == means[compression]
    assert (held["size"] < len(CONTENT)) == (held["means"] is not None)
    reader = LogReader(database, timeout_ms=5_000)
    for id in (older.id, newer.id):
        log = await reader.get(id)
        assert log is not None
        assert log.response_body.content == CONTENT


def _body() -> Body:
    return Body(kept=CONTENT, size=len(CONTENT))
