"""Events, which come about in the transaction of the logs they are about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import asyncpg

from monitor.alerts.asked import shown
from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.state import AlertState
from monitor.loop.giving_way import give_way
from monitor.record.batch import Storable, exchange_of, services_of
from monitor.storage.alerts import queried
from monitor.storage.alerts.notifications import notify
from monitor.storage.alerts.rows import COLUMNS, alert_of
from monitor.storage.retention.terms import ALL_SERVICES
from monitor.traffic.arrival import LATE
from monitor.traffic.exchange import Exchange, Source
from monitor.traffic.ids import LogIds

EVENT_COLUMNS = (
    "service_id",
    "id",
    "alert_id",
    "log_id",
    "state",
    "fired_at",
    "message",
)
EVENT_IDS = LogIds()
EVENTS_AT_ONCE = 500
# No pushed latency counts for more.
MAX_MS = 7 * 86_400_000
# Rules that are kept ready to be tested.
MAX_KNOWN = 10_000
# Tests of a log in one turn of the event loop, and what other work costs of them.
WORK_AT_ONCE = 2_000
UNPACKING = 40
MAKING = 10
Found = tuple[Alert, list[AlertEvent]]
# What PostgreSQL says of an event that it will never take.
REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


# Rules AS a that look at each log of the services $1.
OF_EACH: Final = """
    a.is_active AND a.error IS NULL AND a.window_s IS NULL
    AND (a.service_id = ANY($1) OR a.service_id IS NULL)
"""


async def are_asked_for(connection: asyncpg.Connection, services: list[UUID]) -> bool:
    """Whether a rule looks at each log of *services*."""
    found = await connection.fetchval(
        f"SELECT true FROM alerts AS a WHERE {OF_EACH} LIMIT 1",
        services,
    )
    return bool(found)


async def evaluate(
    connection: asyncpg.Connection, exchanges: Sequence[Storable]
) -> None:
    """Add an event for each rule and log that match, in the logs' transaction.

    A rule that breaks is marked with its error, and blocks nothing.
    """
    # Held until the commit: a rule that is deleted meanwhile would refuse its events.
    # One that is being deleted is passed over. By id, so that batches at the same time
    # take the rules' rows in the same order.
    rows = await connection.fetch(
        f"""
        SELECT {COLUMNS}
          FROM alerts AS a
         WHERE {OF_EACH}
         ORDER BY a.id
           FOR KEY SHARE SKIP LOCKED
        """,
        services_of(exchanges),
    )
    if not rows:
        return
    logs = await _by_service(exchanges, {row["service_id"] for row in rows})
    now = datetime.now(UTC)
    found: list[Found] = []
    breath = Breath()
    for row in rows:
        try:
            rule = _rule(tuple(row.items()))
            matching = _matching(rule, logs[rule.alert.service_id])
            matching = await queried.of(connection, rule.alert, matching, now)
        except ValueError as error:
            await mark(connection, row["id"], str(error))
            continue
        if matching:
            found += _of_each_service(rule.alert, await _events(rule.alert, matching))
        await breath.after(len(logs[rule.alert.service_id]))
    if found:
        await _add_all(connection, found)


async def _add_all(connection: asyncpg.Connection, found: Sequence[Found]) -> None:
    """Together; where one of them is refused, each by itself."""
    try:
        # A savepoint: what these events run into is undone alone.
        async with connection.transaction():
            await add(connection, found)
        return
    except (*REFUSED, ValueError) as error:
        if len(found) == 1:
            await mark(connection, found[0][0].id, _refusal(error))
            return
    for one in found:
        await _add_all(connection, [one])


def _refusal(error: Exception) -> str:
    is_ours = isinstance(error, ValueError)
    return str(error) if is_ours else "an event could not be stored"


async def add(connection: asyncpg.Connection, found: Sequence[Found]) -> None:
    """Store events of rules, and what is to be told of them."""
    await keep(connection, [event for _, each in found for event in each])
    for _, group in groupby(found, key=lambda one: one[1][0].service_id):
        await notify(connection, list(group))


async def keep(connection: asyncpg.Connection, events: Sequence[AlertEvent]) -> None:
    for start in range(0, len(events), EVENTS_AT_ONCE):
        await connection.copy_records_to_table(
            "alert_events",
            schema_name="apimonitor",
            columns=EVENT_COLUMNS,
            records=[_row(event) for event in events[start : start + EVENTS_AT_ONCE]],
        )


def _row(event: AlertEvent) -> tuple[object, ...]:
    values: dict[str, object] = {name: getattr(event, name) for name in EVENT_COLUMNS}
    return tuple({**values, "service_id": event.service_id or ALL_SERVICES}.values())


async def mark(connection: asyncpg.Connection, id: UUID, error: str) -> None:
    """Say of a rule why it cannot run."""
    await connection.execute("UPDATE alerts SET error = $2 WHERE id = $1", id, error)


def event_of(
    alert: Alert,
    *,
    state: AlertState,
    message: str,
    log_id: UUID | None,
    now: datetime,
    service_id: UUID | None = None,
) -> AlertEvent:
    """*service_id*: of the log, where there is one."""
    return AlertEvent(
        id=EVENT_IDS.new(),
        alert_id=alert.id,
        service_id=service_id or alert.service_id,
        log_id=log_id,
        state=state,
        fired_at=now,
        message=message.replace("\0", ""),
    )


@dataclass(frozen=True, slots=True)
class Rule:
    alert: Alert
    test: Callable[[Exchange], bool]


@lru_cache(maxsize=MAX_KNOWN)
def _rule(columns: tuple[tuple[str, Any], ...]) -> Rule:
    """Made once for each state of the rule. Raises ValueError where it is broken."""
    alert = alert_of(dict(columns))
    if alert.condition is not None:
        return Rule(alert, alert.condition.test())
    if alert.query is None:
        raise ValueError("the rule has no condition")
    return Rule(alert, lambda log: True)


def _matching(rule: Rule, logs: Sequence[Exchange]) -> list[Exchange]:
    """Raises ValueError where the rule is broken."""
    matching = [log for log in logs if rule.test(log)]
    if rule.alert.include_old:
        return matching
    now = datetime.now(UTC)
    return [log for log in matching if not _is_old(log, now)]


def _is_old(log: Exchange, now: datetime) -> bool:
    """A back-fill or an import. What passed the proxy is news whenever it is stored."""
    lasted = log.duration_ms or log.latency_ms or 0
    ended_at = log.started_at + timedelta(milliseconds=min(lasted, MAX_MS))
    return log.source is Source.INGEST and now - ended_at > LATE


class Breath:
    """Lets others have the event loop between parts of a longer work."""

    def __init__(self) -> None:
        self._done = 0

    async def after(self, work: int) -> None:
        self._done += work
        if self._done >= WORK_AT_ONCE:
            self._done = 0
            await give_way()


async def _by_service(
    exchanges: Sequence[Storable], wanted: set[UUID | None]
) -> dict[UUID | None, list[Exchange]]:
    """Unpacked once, whatever the number of rules; those of None are all."""
    logs: dict[UUID | None, list[Exchange]] = {id: [] for id in wanted}
    breath = Breath()
    for each in exchanges:
        lists = [logs[id] for id in (each.service_id, None) if id in logs]
        if lists:
            exchange = exchange_of(each)
            for one in lists:
                one.append(exchange)
            await breath.after(UNPACKING)
    return logs


def _of_each_service(alert: Alert, events: list[AlertEvent]) -> list[Found]:
    """Each service's are told to its own channels."""
    if alert.service_id is not None:
        return [(alert, events)]
    apart: dict[UUID | None, list[AlertEvent]] = {}
    for event in events:
        apart.setdefault(event.service_id, []).append(event)
    return [(alert, of_one) for of_one in apart.values()]


async def _events(alert: Alert, logs: Sequence[Exchange]) -> list[AlertEvent]:
    now, events = datetime.now(UTC), []
    breath = Breath()
    for log in logs:
        message = _message(alert, log)
        events.append(
            event_of(
                alert,
                state=AlertState.FIRING,
                message=message,
                log_id=log.id,
                now=now,
                service_id=log.service_id,
            )
        )
        await breath.after(MAKING)
    return events


def _message(alert: Alert, log: Exchange) -> str:
    of = "" if alert.query is None else shown(alert.query)
    if alert.condition is None:
        return f"{of}: {log.method} had {log.status_code or 'no answer'}"
    found = alert.condition.message(log)
    return f"{of}, {found}" if of else found
