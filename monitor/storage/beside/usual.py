"""What is usual of an endpoint: how long it takes, how often it fails."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from time import monotonic

import asyncpg

from monitor.errors import Unavailable
from monitor.logs.metrics import NOTHING, EndpointKey, Measured, Scope, floor
from monitor.storage.database.pool import Database
from monitor.storage.logs.measured import MEASURED_SUMS, FromRollups
from monitor.storage.rollups.coverage import complete_from
from monitor.storage.rollups.window import Window
from monitor.storage.search.bounded import bounded
from monitor.storage.search.places import ENDPOINT

# Over the last day, known for a minute, of so many endpoints at most.
LENGTH, HOUR = timedelta(days=1), timedelta(hours=1)
KNOWN_S = 60.0
MOST_KNOWN = 5_000
TIMEOUT_MS = 150


class Usual:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[EndpointKey, tuple[float, Measured]] = {}

    async def of(self, keys: Collection[EndpointKey]) -> dict[EndpointKey, Measured]:
        """Of the last day; less where that is not told in time, and none of an endpoint
        that had no request.
        """
        now = monotonic()
        asked = set(keys)
        missing = [
            key
            for key in asked
            if key not in self._known or self._known[key][0] < now - KNOWN_S
        ]
        if missing:
            await self._learn(missing, now)
        known = {key: self._known[key][1] for key in asked if key in self._known}
        return {key: measured for key, measured in known.items() if measured.requests}

    async def _learn(self, keys: list[EndpointKey], now: float) -> None:
        try:
            found = await self._measured(keys)
        except (asyncpg.QueryCanceledError, Unavailable):
            return
        if len(self._known) + len(keys) > MOST_KNOWN:
            self._known.clear()
        for key in keys:
            self._known[key] = (now, found.get(key, NOTHING))

    async def _measured(self, keys: list[EndpointKey]) -> dict[EndpointKey, Measured]:
        # From a whole hour on: there no log is read by itself.
        scope = Scope(since=floor(datetime.now(UTC) - LENGTH, HOUR))
        async with (
            self._database.connection() as connection,
            bounded(connection, TIMEOUT_MS, isolation="repeatable_read"),
        ):
            window = Window(scope, await complete_from(connection), "endpoint_rollups")
            window.narrow(_among(window, keys))
            by = ("service_id", "method", "endpoint")
            rows = await connection.fetch(
                f"SELECT {', '.join(by)}, {MEASURED_SUMS} FROM ({window.summed(by)}) "
                "AS sums WHERE requests > 0",
                *window.arguments,
            )
        return {
            EndpointKey(row["service_id"], row["method"], row["endpoint"]): (
                FromRollups.measured(row)
            )
            for row in rows
        }


def _among(window: Window, keys: list[EndpointKey]) -> str:
    services = window.place([key.service_id for key in keys])
    methods = window.place([key.method for key in keys])
    endpoints = window.place([key.endpoint for key in keys])
    return f"""
        (l.service_id, l.method, {ENDPOINT}) IN (
            SELECT *
              FROM unnest({services}::uuid[], {methods}::text[], {endpoints}::text[]))
        """
