"""Strips: when rules fired within the last day, for all rules at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from monitor.alerts.rule import Alert
from monitor.alerts.state import AlertState
from monitor.alerts.strip import PART, PARTS, Strip
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.traffic.ids import lowest_at

Found = Counter[tuple[UUID, int, AlertState]]


class StripReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, alerts: Sequence[Alert], now: datetime) -> dict[UUID, Strip]:
        since = now - PARTS * PART
        async with self._database.reading(Share.LISTS) as connection:
            rows = await connection.fetch(
                """
                SELECT e.alert_id, e.state, count(*) AS n,
                       floor(extract(epoch FROM e.fired_at - $2) / $4)::int AS part
                  FROM alert_events AS e
                 WHERE e.alert_id = ANY($1)
                   AND e.id >= $3
                   AND e.fired_at >= $2
                 GROUP BY e.alert_id, e.state, part
                """,
                [alert.id for alert in alerts],
                since,
                lowest_at(since - timedelta(minutes=1)),
                PART.total_seconds(),
            )
        found: Found = Counter()
        for row in rows:
            part = min(row["part"], PARTS - 1)
            found[row["alert_id"], part, AlertState(row["state"])] += row["n"]
        return {alert.id: _strip(alert, found) for alert in alerts}


def _strip(alert: Alert, found: Mapping[tuple[UUID, int, AlertState], int]) -> Strip:
    fired = [found[alert.id, at, AlertState.FIRING] for at in range(PARTS)]
    if alert.window is None:
        return Strip(tuple(n > 0 for n in fired), sum(fired))
    over = [found[alert.id, at, AlertState.RESOLVED] for at in range(PARTS)]
    is_firing = bool(alert.standing and alert.standing.state is AlertState.FIRING)
    # How it stood at the beginning follows from how it stands now.
    standing = is_firing - sum(fired) + sum(over)
    lit = []
    for begun, ended in zip(fired, over, strict=True):
        lit.append(standing > 0 or begun > 0)
        standing += begun - ended
    return Strip(tuple(lit), sum(fired))
