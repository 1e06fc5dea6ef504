"""Values of a field: the most frequent ones among the newest logs of a window."""

import time
from collections.abc import Sequence

import asyncpg

from monitor.errors import TooSlow
from monitor.logs.filter import LogFilter
from monitor.logs.values import FieldValue, FieldValues, ValuesAsked
from monitor.search.fields import Called
from monitor.search.tree import Amount, Family, Named, Place, Text
from monitor.storage.database.pool import Database
from monitor.storage.database.shares import Share
from monitor.storage.logs.columns import FROM
from monitor.storage.logs.narrowing import narrowed
from monitor.storage.search import conditions, heads, places, regexes
from monitor.storage.search.asked import asked_by
from monitor.storage.search.bounded import bounded, within
from monitor.storage.search.clauses import clause
from monitor.storage.search.days import Days, days_of, in_order
from monitor.storage.search.patterns import escaped
from monitor.storage.search.where import Conditions

# A value that is longer is not one that is completed.
LONGEST = 200
# Where as many logs take too long, so many times fewer are looked at.
FEWER = (1, 10, 100)
SHARE = 0.3


class ValueReader:
    """Looks at *most_logs* newest ones, for *timeout_ms* at most."""

    def __init__(self, database: Database, *, timeout_ms: int, most_logs: int) -> None:
        self._database = database
        self._timeout_ms = timeout_ms
        self._most_logs = most_logs

    async def most_frequent(self, filter: LogFilter, asked: ValuesAsked) -> FieldValues:
        """Raises Unavailable where even a few logs take too long."""
        async with self._database.reading(Share.LISTS) as connection:
            if filter.query is not None:
                await regexes.check(connection, filter.query, self._timeout_ms)
            filter = await narrowed(connection, filter, self._timeout_ms)
            async with bounded(connection, self._share_ms):
                there = await days_of(connection)
            days = in_order(there, *asked_by(filter).bounds) or there[-1:]
            found = await self._of_days(connection, filter, asked, days)
        if found is None:
            raise TooSlow("listing the values takes too long", retry_after_s=1)
        return found

    async def _of_days(
        self,
        connection: asyncpg.Connection,
        filter: LogFilter,
        asked: ValuesAsked,
        days: Sequence[Days],
    ) -> FieldValues | None:
        """Of the newest days, and of more, until there are enough logs.

        Of as many as can be looked at in time; None where not even few can.
        """
        until = time.monotonic() + self._timeout_ms / 1000
        found: FieldValues | None = None
        fewer = list(FEWER)
        for older in days:
            while fewer:
                most = max(self._most_logs // fewer[0], 1)
                sql, arguments = _statement(filter, asked, most, Days(older.since))
                left_ms = int((until - time.monotonic()) * 1000)
                share_ms = min(self._share_ms, left_ms)
                try:
                    rows = await within(connection, share_ms, sql, arguments)
                except asyncpg.QueryCanceledError:
                    if found is not None:
                        return found
                    fewer.pop(0)
                    continue
                found = _values(rows, asked.called, most, is_all=older is days[-1])
                break
            if found is None or found.logs >= most:
                break
        return found

    @property
    def _share_ms(self) -> int:
        return int(self._timeout_ms * SHARE)


def _values(
    rows: list[asyncpg.Record], called: Called, most: int, *, is_all: bool
) -> FieldValues:
    [covered] = [row for row in rows if row["value"] is None]
    return FieldValues(
        values=tuple(
            FieldValue(row["value"], called.term(row["value"]), row["n"])
            for row in rows
            if row["value"] is not None
        ),
        logs=covered["n"],
        since=covered["since"],
        complete=is_all and covered["n"] < most,
    )


def _statement(
    filter: LogFilter, asked: ValuesAsked, logs: int, days: Days
) -> tuple[str, list[object]]:
    made = conditions.of(filter)
    days.bound(made)
    found = _found(asked.called, made)
    prefix = ""
    if asked.prefix:
        prefix = f"AND v.value ILIKE {made.place(escaped(asked.prefix) + '%')}"
    sql = f"""
        WITH seen AS MATERIALIZED (
            SELECT l.ts, {found} AS found
              {FROM} {made.joins}
             WHERE {made.where}
             ORDER BY l.id DESC
             LIMIT {logs}
        ), values AS (
            SELECT v.value, count(*) AS n
              FROM seen, unnest(seen.found) AS v (value)
             WHERE char_length(v.value) <= {LONGEST} {prefix}
             GROUP BY v.value
             ORDER BY n DESC, v.value
             LIMIT {asked.limit}
        )
        SELECT NULL AS value, count(*) AS n, min(ts) AS since FROM seen
        UNION ALL
        SELECT value, n, NULL FROM values
        """
    return sql, made.arguments


def _found(called: Called, made: Conditions) -> str:
    """An array of the texts that a log has there, each once."""
    field = called.field
    if field.choices:
        each = [
            f"CASE WHEN {clause(field.chosen(word), made)} THEN {made.place(word)} END"
            for word in field.choices
        ]
        return f"array_remove(ARRAY[{', '.join(each)}]::text[], NULL)"
    each = [_texts(place, made) for place in called.places]
    return f"ARRAY({' UNION '.join(each)})"


def _texts(place: Amount | Place, made: Conditions) -> str:
    if isinstance(place, Amount):
        return f"SELECT ({places.amount(place, made)})::text"
    if isinstance(place, Text) and place is not Text.TAG:
        columns = places.columns(place, made)
        return " UNION ".join(f"SELECT {column}" for column in columns)
    if isinstance(place, Named) and not place.name:
        return _names(place.family, made)
    found = places.several(place, made)
    return f"""
        SELECT {found.value} FROM {found.source}
         WHERE {found.likely} AND {found.wanted}
    """


def _names(family: Family, made: Conditions) -> str:
    """Those of headers or parameters that there are."""
    if family is Family.PARAMETER:
        return f"""
            SELECT v.document ->> 'key'
              FROM jsonb_path_query({places.PARAMETERS}, '$.keyvalue()')
                AS v (document)
        """
    return f"SELECT v.name FROM {heads.lines(places.side_of(family), made)}"
