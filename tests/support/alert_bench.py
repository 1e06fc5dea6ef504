"""Rules, logs and judgements at chosen times, for tests of alerts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.state import AlertState
from monitor.storage.alerts.rules import Alerts
from monitor.storage.alerts.windows import AlertWindows
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.traffic.exchange import Exchange, Source
from monitor.traffic.ids import LogIds

IDS = LogIds()
OK, PENDING, FIRING, RESOLVED = AlertState
RATE = {"aggregate": "error_rate", "condition_operator": ">", "condition_value": "0.5"}
QUIET = {
    "aggregate": "request_count",
    "condition_operator": "==",
    "condition_value": "0",
}
SLOW = {
    "aggregate": "p95_latency_ms",
    "condition_operator": ">=",
    "condition_value": "1000",
}


def counted(field: str, operator: str, value: str, threshold: int) -> dict[str, Any]:
    return {
        "aggregate": "count",
        "condition_field": field,
        "condition_operator": operator,
        "condition_value": value,
        "threshold": threshold,
    }


class Bench:
    """Rules of one service, logs at chosen times, and judgements at chosen times."""

    def __init__(self, database: Database, service_id: UUID) -> None:
        self.database, self.service_id = database, service_id
        self.start = datetime.now(UTC) + timedelta(seconds=1)
        self.alerts = Alerts(database)
        long_ago = self.start - timedelta(days=1)
        self.windows = AlertWindows(database, listening_since=long_ago)
        self.partitions = Partitions()

    def at(self, seconds: float) -> datetime:
        return self.start + timedelta(seconds=seconds)

    async def rule(self, **fields: Any) -> UUID:
        given = {"name": "r", "window_s": 60, **fields}
        whose = None if given.pop("of_all", False) else self.service_id
        made = await self.alerts.create(whose, given)
        assert made is not None
        return made.id

    async def log(self, seconds: float, **fields: Any) -> UUID:
        made: dict[str, Any] = {
            "id": IDS.at(self.at(seconds)),
            "service_id": self.service_id,
            "source": Source.PROXY,
            "method": "GET",
            "url": "http://x/a",
            "path": "/a",
        }
        exchange = Exchange(**{**made, **fields})
        async with self.database.connection() as connection:
            assert await commit(connection, self.partitions, [exchange])
        return exchange.id

    async def judge(self, id: UUID, seconds: float) -> Alert:
        await self.windows.judge_due(self.at(seconds))
        found = await self.alerts.get(id)
        assert found is not None
        return found

    async def state(self, id: UUID, seconds: float) -> AlertState:
        found = await self.judge(id, seconds)
        assert found.standing is not None
        return found.standing.state

    async def events(self, id: UUID) -> Sequence[AlertEvent]:
        found = await self.alerts.events(id, limit=50, offset=0)
        assert found is not None
        return found[0]
