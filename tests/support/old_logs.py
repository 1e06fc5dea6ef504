"""Logs of some days, and a retention over them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitor.counters import Counters
from monitor.logs.filter import LogFilter, Page
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions, days_of
from monitor.storage.database.pool import Database
from monitor.storage.logs.marks import Marks
from monitor.storage.logs.reader import LogReader
from monitor.storage.registry.services import Services
from monitor.storage.retention.retention import Retention
from monitor.storage.retention.terms import Policy
from monitor.traffic.arrival import Arrival
from monitor.traffic.exchange import Body, Exchange, Source
from monitor.traffic.ids import LogIds
from monitor.traffic.message import Direction, Medium, Message, MessageKind, Messages

IDS = LogIds()
NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
HELLO = Message(
    direction=Direction.SENT,
    kind=MessageKind.TEXT,
    offset_ms=1,
    kept=b"hello",
    size=5,
    wire_size=5,
)


class House:
    """Services, logs of some days, and a retention over them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.counters = Counters()
        self.partitions = Partitions()
        self.services = Services(database, publish=self._publish)
        self.logs = LogReader(database, timeout_ms=60_000)
        self.marks = Marks(database)
        self.retention = self.made(Policy(days=30, body_days=7, limit_bytes=None))

    def made(self, policy: Policy) -> Retention:
        return Retention(
            self.database,
            policy=policy,
            partitions=self.partitions,
            counters=self.counters,
        )

    async def service(self, name: str, **fields: Any) -> UUID:
        return (await self.services.create({"name": name, **fields})).id

    async def store(
        self,
        service_id: UUID,
        days_ago: float,
        count: int = 1,
        *,
        arrived_days_ago: float | None = None,
    ) -> UUID:
        """The id of the last one."""
        late = None
        if arrived_days_ago is not None:
            late = Arrival(at=NOW - timedelta(days=arrived_days_ago), har=b'{"a":1}')
        moment = NOW - timedelta(days=days_ago)
        body = Body(kept=b"b" * 100, size=100)
        made = [
            Exchange(
                id=IDS.at(moment),
                service_id=service_id,
                source=Source.INGEST,
                method="GET",
                url="http://x/a",
                path=f"/{days_ago}",
                request_headers={"Accept": "*/*", "X-Age": f"{days_ago}"},
                request_body=body,
                response_body=body,
                messages=Messages(medium=Medium.WEBSOCKET, kept=(HELLO,) * 2, count=2),
                arrival=late,
            )
            for _ in range(count)
        ]
        async with self.database.connection() as connection:
            await commit(connection, self.partitions, made)
        return made[-1].id

    async def paths(self, **asked: Any) -> list[str]:
        page = await self.logs.page(LogFilter(**asked), Page(limit=500))
        return [item.path for item in page.items]

    async def has_body(self, id: UUID) -> bool:
        detail = await self.logs.get(id)
        assert detail is not None
        body = detail.response_body
        assert body.is_gone is (body.content is None)
        return body.content is not None

    async def rows(self, table: str) -> int:
        async with self.database.connection() as connection:
            count: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
        return count

    async def days(self, table: str) -> int:
        """How many days have a partition."""
        async with self.database.connection() as connection:
            return len(await days_of(connection, table))

    def counted(self, name: str) -> float:
        return sum(
            float(line.rpartition(" ")[2])
            for line in self.counters.exposition().decode().splitlines()
            if line.startswith(name)
        )

    async def _publish(self) -> None:
        """No proxy is there to be told."""
