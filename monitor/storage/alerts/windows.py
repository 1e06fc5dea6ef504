"""Windows of rules: how these are judged, each by one process at a time."""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from monitor.alerts.asked import parts_of
from monitor.alerts.condition import Condition, ConditionOperator
from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.state import AlertStanding, AlertState
from monitor.alerts.window import Aggregate, AlertWindow
from monitor.storage.alerts import rolled_up
from monitor.storage.alerts.events import REFUSED, add, event_of, mark
from monitor.storage.alerts.notifications import notify_late
from monitor.storage.alerts.rolled_up import ENDED
from monitor.storage.alerts.rows import COLUMNS, alert_of
from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.logs.columns import FROM
from monitor.storage.logs.measured import MEASURED
from monitor.storage.search.clauses import clause
from monitor.storage.search.where import Conditions
from monitor.traffic.ids import lowest_at

MEASURE_TIMEOUT_MS = 2_000
# A rule is judged so many times a window, but not more often or more seldom than this.
TIMES_A_WINDOW = 60
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 2, 60
PAUSE = f"""make_interval(secs => least({LONGEST_PAUSE_S},
    greatest({SHORTEST_PAUSE_S}, due.window_s / {TIMES_A_WINDOW})))"""
# Judged so far ahead of now it was by a clock that has stepped back since.
STEPPED = f"make_interval(secs => {LONGEST_PAUSE_S})"
# An exchange that ended in the window may have begun before it: by the service's
# timeout and a little more, but not by more than this.
MARGIN, LONGEST_REACH = timedelta(seconds=5), timedelta(minutes=10)
COUNTED = "count(*) AS requests, count(*) FILTER (WHERE l.is_error) AS errors"
TOO_LONG = "measuring takes too long; a shorter window takes less"
QUERY_TOO_LONG = f"{TOO_LONG}, and so does a query that asks for less"
SQL_OPERATORS = {ConditionOperator.EQUAL: "=", ConditionOperator.UNEQUAL: "<>"}


class AlertWindows:
    """*listening_since*: silence before that says nothing."""

    def __init__(
        self,
        database: Database,
        *,
        listening_since: datetime,
        timeout_ms: int = MEASURE_TIMEOUT_MS,
    ) -> None:
        self._database = database
        self._timeout_ms = timeout_ms
        self._listening_since = listening_since

    async def judge_due(self, now: datetime) -> int:
        """Judge each rule whose time it is at *now*; how many there were."""
        judged = 0
        while True:
            async with self._database.connection(
                timeout_s=5, held_s=NO_DEADLINE
            ) as connection:
                row = await _claim(connection, now)
                if row is None:
                    return judged
                try:
                    await self._judge(connection, row, now)
                except ValueError as error:
                    await mark(connection, row["id"], str(error))
                except asyncpg.QueryCanceledError:
                    reason = TOO_LONG if row["query"] is None else QUERY_TOO_LONG
                    await mark(connection, row["id"], reason)
                except REFUSED:
                    await mark(connection, row["id"], "an event could not be stored")
            judged += 1

    async def _judge(
        self, connection: asyncpg.Connection, row: asyncpg.Record, now: datetime
    ) -> None:
        """Raises ValueError where the rule is broken."""
        alert = alert_of(row)
        if alert.window is None or alert.standing is None:
            return
        created_at = row["service_created_at"] or self._listening_since
        listening_since = max(self._listening_since, created_at)
        heard = now - listening_since
        if alert.window.asks_for_traffic() and heard < _length(alert.window):
            return
        reach = min(timedelta(seconds=row["timeout_s"]) + MARGIN, LONGEST_REACH)
        logs = logs_within(alert, alert.window, reach, now)
        value = await self._measured(connection, alert, logs, reach, now)
        async with connection.transaction():
            limit = f"SET LOCAL statement_timeout = {self._timeout_ms}"
            await connection.execute(limit)
            standing = alert.standing.next(
                holds=alert.window.holds(value),
                is_over=alert.window.is_over(value),
                for_s=alert.window.for_s,
                now=now,
            )
            if not await _keep(connection, alert, standing, value, now):
                return
            if standing.state is not alert.standing.state:
                await _tell(connection, alert, standing, value, logs)
            elif standing.state is AlertState.FIRING:
                await notify_late(connection, alert, now)

    async def _measured(
        self,
        connection: asyncpg.Connection,
        alert: Alert,
        logs: Conditions,
        reach: timedelta,
        now: datetime,
    ) -> float | None:
        asked = rolled_up.asked_of(alert, now)
        if asked is not None:
            with suppress(rolled_up.TooFew):
                return await rolled_up.measure(
                    connection, alert, asked, reach, now, self._timeout_ms
                )
        assert alert.window is not None
        async with connection.transaction():
            limit = f"SET LOCAL statement_timeout = {self._timeout_ms}"
            await connection.execute(limit)
            return await _measure(connection, alert.window.aggregate, logs)


async def _claim(
    connection: asyncpg.Connection, now: datetime
) -> asyncpg.Record | None:
    """The rule that waits longest and is due; nobody else judges it now."""
    return await connection.fetchrow(
        f"""
        UPDATE alerts AS a
           SET evaluated_at = $1::timestamptz
         WHERE a.id = (SELECT due.id
                         FROM alerts AS due
                        WHERE due.is_active
                          AND due.window_s IS NOT NULL
                          AND (due.evaluated_at IS NULL
                               OR due.evaluated_at <= $1::timestamptz - {PAUSE}
                               OR due.evaluated_at > $1::timestamptz + {STEPPED})
                        ORDER BY due.evaluated_at NULLS FIRST
                        LIMIT 1
                          FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING {COLUMNS},
                  (SELECT coalesce(max(s.timeout_s), 0)
                     FROM services AS s
                    WHERE s.id = a.service_id OR a.service_id IS NULL) AS timeout_s,
                  (SELECT s.created_at
                     FROM services AS s
                    WHERE s.id = a.service_id) AS service_created_at
        """,
        now,
    )


def logs_within(
    alert: Alert, window: AlertWindow, reach: timedelta, now: datetime
) -> Conditions:
    """The logs that are measured: those that ended within the window, no replays."""
    since = now - _length(window)
    made = Conditions()
    made.add("l.service_id = {}", alert.service_id)
    made.add("l.id >= {}", lowest_at(since - reach))
    made.bound(">= {}", since - reach)
    made.bound("< {}", now)
    made.add(f"{ENDED} >= {{}}", since)
    made.clauses.append("l.source <> 'replay'")
    if window.aggregate is Aggregate.COUNT and alert.condition is not None:
        add_condition(made, alert.condition)
    elif window.aggregate is Aggregate.COUNT and alert.query is None:
        raise ValueError("a count needs a condition or a query")
    made.clauses += [clause(part, made) for part in parts_of(alert.query, now)]
    return made


def add_condition(made: Conditions, condition: Condition) -> None:
    """As a Condition has it: what is null matches nothing, but for "is it set"."""
    operator = SQL_OPERATORS.get(condition.operator, condition.operator.value)
    wanted = condition.wanted()
    if isinstance(wanted, bool):
        made.add(f"(l.error IS NOT NULL) {operator} {{}}", wanted)
    else:
        made.add(f"l.{condition.field} {operator} {{}}", wanted)


async def _measure(
    connection: asyncpg.Connection, aggregate: Aggregate, logs: Conditions
) -> float | None:
    """What the metrics say of *logs*; None where there is nothing to measure."""
    what = MEASURED if aggregate is Aggregate.P95_LATENCY_MS else COUNTED
    row = await connection.fetchrow(
        f"SELECT {what} {FROM} {logs.joins} WHERE {logs.where}", *logs.arguments
    )
    assert row is not None
    match aggregate:
        case Aggregate.COUNT | Aggregate.REQUEST_COUNT:
            return float(row["requests"])
        case Aggregate.ERROR_RATE:
            return row["errors"] / row["requests"] if row["requests"] else None
        case Aggregate.P95_LATENCY_MS:
            percentiles: list[float | None] | None = row["percentiles"]
            return percentiles[1] if percentiles else None


async def _keep(
    connection: asyncpg.Connection,
    alert: Alert,
    standing: AlertStanding,
    value: float | None,
    now: datetime,
) -> bool:
    """False where the rule was changed or taken away meanwhile."""
    return bool(
        await connection.fetchval(
            """
            UPDATE alerts
               SET state = $3, state_since = $4, value = $5, error = NULL
             WHERE id = $1 AND evaluated_at = $2 AND is_active
            RETURNING true
            """,
            alert.id,
            now,
            standing.state.value,
            standing.since,
            value,
        )
    )


async def _tell(
    connection: asyncpg.Connection,
    alert: Alert,
    standing: AlertStanding,
    value: float | None,
    logs: Conditions,
) -> None:
    event = await event_at(connection, alert, standing, value, logs)
    if event is not None:
        await add(connection, [(alert, [event])])


async def event_at(
    connection: asyncpg.Connection,
    alert: Alert,
    standing: AlertStanding,
    value: float | None,
    logs: Conditions,
) -> AlertEvent | None:
    """An event where the rule has begun or ceased to fire."""
    if alert.window is None:
        return None
    message = alert.window.message(value, alert.condition, alert.query)
    log_id: UUID | None = None
    match standing.state:
        case AlertState.FIRING:
            log_id = await _log_behind(connection, alert.window.aggregate, logs)
        case AlertState.RESOLVED:
            message = f"resolved: {message}"
        case _:
            return None
    return event_of(
        alert,
        state=standing.state,
        message=message,
        log_id=log_id,
        now=standing.since,
    )


async def _log_behind(
    connection: asyncpg.Connection, aggregate: Aggregate, logs: Conditions
) -> UUID | None:
    """The log that says most of what was measured: the newest error, the slowest …"""
    further, order = "", "l.id DESC"
    if aggregate is Aggregate.ERROR_RATE:
        order = "l.is_error DESC, l.id DESC"
    if aggregate is Aggregate.P95_LATENCY_MS:
        further, order = "AND l.latency_ms IS NOT NULL", "l.latency_ms DESC, l.id DESC"
    id: UUID | None = await connection.fetchval(
        f"""
        SELECT l.id
          {FROM} {logs.joins}
         WHERE {logs.where} {further}
         ORDER BY {order}
         LIMIT 1
        """,
        *logs.arguments,
    )
    return id


def _length(window: AlertWindow) -> timedelta:
    return timedelta(seconds=window.seconds)
