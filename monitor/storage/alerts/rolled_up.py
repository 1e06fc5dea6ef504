"""Long windows of rules, measured from rollups."""

from datetime import datetime, timedelta

import asyncpg

from monitor.alerts.asked import parts_of
from monitor.alerts.rule import Alert
from monitor.alerts.window import Aggregate
from monitor.logs.metrics import Scope, ceiling
from monitor.record.cells import STEP_S
from monitor.storage.logs.measured import EXACT_LOGS, FromRollups, measured_by
from monitor.storage.rollups.coverage import complete_from
from monitor.storage.rollups.spans import Span
from monitor.storage.rollups.window import Window
from monitor.storage.search.asked import Asked, asked_of_parts
from monitor.storage.search.clauses import clause
from monitor.storage.search.where import Conditions

# Shorter windows are measured from their logs: rollups are by five minutes.
SHORTEST_WINDOW_S = 1_800
STEP = timedelta(seconds=STEP_S)
# When an exchange ended. A pushed latency may be any number, an interval may not.
ENDED = "l.ts + make_interval(secs => least(coalesce(l.latency_ms, 0), 1e9) / 1000)"


class TooFew(Exception):
    """The logs are so few that they are better read one by one."""


async def measure(
    connection: asyncpg.Connection,
    alert: Alert,
    asked: Asked,
    reach: timedelta,
    now: datetime,
    timeout_ms: int,
) -> float | None:
    """What a rule of *alert* compares at *now*; None where there is nothing.

    Those that began before the window and ended within it are read one by one. Raises
    TooFew where percentiles are asked for.
    """
    assert alert.window is not None
    since = now - timedelta(seconds=alert.window.seconds)
    # All that begin from there on ended within the window, or will be counted so.
    first = ceiling(since, STEP)
    scope = Scope(service_id=alert.service_id, since=first, until=now)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(f"SET LOCAL statement_timeout = {timeout_ms}")
        assert asked.table is not None
        window = Window(scope, await complete_from(connection), asked.table)
        made = Conditions(window.arguments)
        for part in asked.parts:
            window.narrow(clause(part, made))
        ended = f"{ENDED} >= {window.place(since)}"
        window.add_logs(Span(since - reach, first), ended)
        statement, arguments = measured_by(window)
        row = await connection.fetchrow(statement, *arguments)
    found = FromRollups.measured(row)
    match alert.window.aggregate:
        case Aggregate.ERROR_RATE:
            return found.error_rate if found.requests else None
        case Aggregate.P95_LATENCY_MS:
            if found.requests <= EXACT_LOGS:
                raise TooFew
            return found.p95_ms
        case _:
            return float(found.requests)


def asked_of(alert: Alert, now: datetime) -> Asked | None:
    """What rollups are asked of the logs; None where they do not hold what the rule
    compares, or its window is short.
    """
    window = alert.window
    if window is None or window.seconds < SHORTEST_WINDOW_S or alert.condition:
        return None
    asked = asked_of_parts(parts_of(alert.query, now))
    is_all_time = asked.bounds == (None, None)
    return asked if is_all_time and asked.are_errors is None and asked.table else None
