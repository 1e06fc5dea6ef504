"""Logs that are stored to be searched, and how they are found."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitor.logs.filter import LogFilter, Page
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.logs.reader import LogReader
from monitor.storage.logs.search import listing
from monitor.traffic.exchange import Body, Exchange
from monitor.traffic.ids import LogIds
from tests.support.exchanges import an_exchange
from tests.support.queries import query

IDS = LogIds()
START = datetime.now(UTC) - timedelta(hours=3)
WHOLE = Page(limit=500)


def a_log(service_id: UUID, minute: float, text: str, **values: Any) -> Exchange:
    return an_exchange(
        service_id,
        id=IDS.at(START + timedelta(minutes=minute)),
        response_body=Body(kept=text.encode(), size=len(text.encode())),
        **values,
    )


async def store(database: Database, logs: Sequence[Exchange]) -> None:
    async with database.connection() as connection:
        await commit(connection, Partitions(), logs)


async def found(database: Database, text: str, page: Page = WHOLE) -> list[UUID]:
    """The ids, as a reader finds them; and as one statement over all logs does."""
    filter = LogFilter(query=query(text))
    shown = await LogReader(database, timeout_ms=60_000).page(filter, page)
    assert shown.complete
    sql, arguments = listing(filter, page)
    async with database.connection() as connection:
        rows = await connection.fetch(sql, *arguments)
    expected = [row["id"] for row in rows][: page.limit]
    ids = [item.id for item in shown.items]
    assert ids == (expected[::-1] if page.newer else expected), text
    if page.cursor is None:
        assert shown.total == len(rows) or len(rows) > page.limit
    return ids
