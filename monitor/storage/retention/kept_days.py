"""Days whose partition goes, while what is pinned of them stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import asyncpg

from monitor.storage.database.partitions import LOCK, PARTITIONED, attached
from monitor.storage.packs.taking_out import unpack

# What readers and writers of all days may have to wait: the tables are locked as a
# whole for the moment in which a partition leaves.
LOCK_TIMEOUT_MS = 500
MOVE_TIMEOUT_MS = 5_000
COUNT_TIMEOUT_MS = 20_000


# A pack has many bodies.
COUNT = {"body_packs": "coalesce(sum(cardinality(ids)), 0)"}
ARRIVED = """
    EXISTS (SELECT 1
              FROM log_arrivals AS a
             WHERE a.bucket = t.bucket
               AND a.ts = t.ts
               AND a.id = t.id
               AND a.arrived_at >= $1)
    """


@dataclass(frozen=True, slots=True)
class DroppedDay:
    """What a day's partition held that is gone, and what it took on the disk."""

    rows: int
    size: int


async def ends(connection: asyncpg.Connection, table: str) -> datetime:
    """Where the range of the attic of *table* ends."""
    before: date = await connection.fetchval(
        "SELECT before FROM attics WHERE name = $1", table
    )
    return datetime(before.year, before.month, before.day, tzinfo=UTC)


async def size_of_all(connection: asyncpg.Connection) -> int:
    """Bytes of all partitions, with indexes and what is kept out of line."""
    size: int = await connection.fetchval(
        """
        SELECT coalesce(sum(pg_total_relation_size(i.inhrelid)), 0)::bigint
          FROM pg_inherits AS i
         WHERE i.inhparent = ANY($1::text[]::regclass[])
        """,
        [f"apimonitor.{table}" for table in PARTITIONED],
    )
    return size


async def drop_day(
    connection: asyncpg.Connection,
    day: date,
    tables: Sequence[str],
    *,
    arrived_since: datetime | None = None,
) -> dict[str, DroppedDay]:
    """Drop the partitions of *day*, all or none; what was pinned is in the attics.

    So is, where the logs stay, what came late and *arrived_since*.

    *day* is the oldest one of each table, and `logs`, where it goes too, comes after
    what is kept by its keys: it says what is pinned. Raises
    asyncpg.LockNotAvailableError where a table is in use, asyncpg.QueryCanceledError
    where more is pinned than can be moved in time.
    """
    here = [table for table in tables if await attached(connection, name(table, day))]
    measured = await _measured(connection, here, day)
    moved: dict[str, int] = {}
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
        await connection.execute(f"SET LOCAL statement_timeout = {MOVE_TIMEOUT_MS}")
        await connection.execute(LOCK)
        await _lock(connection, day, here)
        if "body_packs" in here:
            await unpack(connection, day, arrived_since)
        for table in here:
            moved[table] = await _move(connection, table, day, arrived_since)
    return {
        table: DroppedDay(max(was.rows - moved[table], 0), was.size)
        for table, was in measured.items()
    }


async def _lock(
    connection: asyncpg.Connection, day: date, tables: Sequence[str]
) -> None:
    """In the order in which a batch takes its locks, or each would wait for the other.

    Nobody pins a log of *day* while the pinned ones are looked at.
    """
    if "logs" not in tables and await attached(connection, name("logs", day)):
        await connection.execute(f"LOCK TABLE {name('logs', day)} IN SHARE MODE")
    for table in PARTITIONED:
        if table in tables:
            await connection.execute(
                f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE"
            )


def name(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"


async def _measured(
    connection: asyncpg.Connection, tables: Sequence[str], day: date
) -> dict[str, DroppedDay]:
    """Before anything is locked, all at one moment: a body that is being packed is one,
    wherever it is.
    """
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        await connection.execute(f"SET LOCAL statement_timeout = {COUNT_TIMEOUT_MS}")
        found = {table: await _measure(connection, table, day) for table in tables}
    packed = found.pop("body_packs", DroppedDay(0, 0))
    if loose := found.get("log_bodies"):
        both = DroppedDay(loose.rows + packed.rows, loose.size + packed.size)
        found["log_bodies"] = both
    return found


async def _measure(connection: asyncpg.Connection, table: str, day: date) -> DroppedDay:
    """Estimated where counting takes too long."""
    one = name(table, day)
    size = await connection.fetchval(
        "SELECT pg_total_relation_size($1::text::regclass)", one
    )
    try:
        async with connection.transaction():
            rows = await connection.fetchval(
                f"SELECT {COUNT.get(table, 'count(*)')} FROM {one}"
            )
    except asyncpg.QueryCanceledError:
        rows = await connection.fetchval(
            """
            SELECT greatest(reltuples, 0)::bigint
              FROM pg_class
             WHERE oid = $1::text::regclass
            """,
            one,
        )
    return DroppedDay(rows, size)


async def _move(
    connection: asyncpg.Connection,
    table: str,
    day: date,
    arrived_since: datetime | None,
) -> int:
    """How many rows the attic takes; its range reaches to the end of *day* then."""
    following = day + timedelta(days=1)
    columns = await _columns(connection, table)
    listed = ", ".join(columns)
    one, attic = name(table, day), f"{table}_attic"
    await connection.execute(f"ALTER TABLE {table} DETACH PARTITION {attic}")
    moved = await connection.fetchval(
        f"""
        WITH kept AS (
            INSERT INTO {attic} ({listed})
            SELECT {", ".join(f"t.{column}" for column in columns)}
              FROM {one} AS t
             WHERE {_is_kept(table, day, is_late_kept=arrived_since is not None)}
            RETURNING 1
        )
        SELECT count(*) FROM kept
        """,
        *([] if arrived_since is None or table == "body_packs" else [arrived_since]),
    )
    await connection.execute(f"DROP TABLE {one}")
    await connection.execute(
        f"""
        ALTER TABLE {table} ATTACH PARTITION {attic}
              FOR VALUES FROM (MINVALUE) TO ('{following} 00:00+00')
        """
    )
    await connection.execute(
        "UPDATE attics SET before = $2 WHERE name = $1", table, following
    )
    count: int = moved
    return count


def _is_kept(table: str, day: date, *, is_late_kept: bool) -> str:
    if table == "body_packs":
        # What is kept of it is no longer in it.
        return "false"
    return _is_pinned(table, day) + (f"OR {ARRIVED}" if is_late_kept else "")


def _is_pinned(table: str, day: date) -> str:
    """Of the others, those whose log is: of that day, or in the attic already."""
    if table == "logs":
        return "t.pinned"
    if table == "header_sets":
        return f"""
            t.id IN (SELECT used.id
                       FROM logs AS l
                       CROSS JOIN LATERAL (VALUES (l.request_set), (l.response_set))
                             AS used (id)
                      WHERE l.ts >= '{day} 00:00+00'
                        AND l.ts < '{day + timedelta(days=1)} 00:00+00'
                        AND l.pinned)
            """
    return f"""
        EXISTS (SELECT 1
                  FROM logs AS l
                 WHERE l.bucket = t.bucket
                   AND l.ts = t.ts
                   AND l.id = t.id
                   AND l.ts >= '{day} 00:00+00'
                   AND l.ts < '{day + timedelta(days=1)} 00:00+00'
                   AND l.pinned)
        """


async def _columns(connection: asyncpg.Connection, table: str) -> list[str]:
    """All that are stored as they are given."""
    rows = await connection.fetch(
        """
        SELECT attname
          FROM pg_attribute
         WHERE attrelid = $1::text::regclass
           AND attnum > 0
           AND NOT attisdropped
           AND attgenerated = ''
         ORDER BY attnum
        """,
        f"apimonitor.{table}",
    )
    return [row["attname"] for row in rows]
