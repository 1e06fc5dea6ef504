"""Queries of rules of each log, asked of logs in the transaction that stores them."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from monitor.alerts.asked import parts_of
from monitor.alerts.rule import Alert
from monitor.storage.logs.columns import FROM
from monitor.storage.search import conditions
from monitor.traffic.exchange import Exchange
from monitor.traffic.ids import timestamp_of

# Logs wait for it to be stored.
TIMEOUT_MS = 1_000


async def of(
    connection: asyncpg.Connection,
    alert: Alert,
    logs: Sequence[Exchange],
    now: datetime,
) -> list[Exchange]:
    """Those of *logs* that the query of *alert* finds; all, where it has none.

    Raises ValueError where it cannot be asked, or not in time.
    """
    if alert.query is None or not logs:
        return list(logs)
    ids = [log.id for log in logs]
    made = conditions.of_all(parts_of(alert.query, now))
    made.add("l.id = ANY({}::uuid[])", ids)
    made.add("l.ts = ANY({}::timestamptz[])", list({timestamp_of(id) for id in ids}))
    try:
        # A savepoint: what it runs into leaves the logs alone.
        async with connection.transaction():
            await connection.execute(f"SET LOCAL statement_timeout = {TIMEOUT_MS}")
            rows = await connection.fetch(
                f"SELECT l.id {FROM} {made.joins} WHERE {made.where}", *made.arguments
            )
            # A savepoint that is released leaves it to the rest of the transaction.
            await connection.execute("SET LOCAL statement_timeout TO DEFAULT")
    except asyncpg.QueryCanceledError:
        raise ValueError(f"the query takes longer than {TIMEOUT_MS} ms") from None
    except asyncpg.DataError:
        raise ValueError("PostgreSQL does not take the query") from None
    found = {row["id"] for row in rows}
    return [log for log in logs if log.id in found]
