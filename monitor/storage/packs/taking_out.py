"""Bodies taken out of their packs: a pack that loses some is written anew."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from monitor.record.columns import PACKED_COLUMNS
from monitor.storage.database.partitions import DAYS_OF

# Who removes bodies holds it together with others, who packs holds it alone: else one
# that is being packed would be found in neither place. Until the transaction ends.
LOCK: Final = "SELECT pg_advisory_xact_lock_shared(hashtext('apimonitor.packs'))"
LOCK_ALONE: Final = "SELECT pg_try_advisory_xact_lock(hashtext('apimonitor.packs'))"
ROWS: Final = f"""
    unnest(h.ids, {", ".join(f"h.{name}" for name in PACKED_COLUMNS)})
        AS u (id, {", ".join(PACKED_COLUMNS)})
"""
ARRAYS: Final = ", ".join(
    f"array_agg(u.{name} ORDER BY u.id)" for name in ("id", *PACKED_COLUMNS)
)
ENDS: Final = (
    "(array_agg(u.id ORDER BY u.id))[1], (array_agg(u.id ORDER BY u.id DESC))[1]"
)
COLUMNS: Final = ", ".join(("first_id", "last_id", "ids", *PACKED_COLUMNS))


async def take_out(
    connection: asyncpg.Connection, keys: Sequence[asyncpg.Record]
) -> int:
    """Remove the bodies of *keys* from packs, in a transaction that holds LOCK; how
    many there were.
    """
    if not keys:
        return 0
    ids = [key["id"] for key in keys]
    packs = await _locked(connection, ids, [key["ts"] for key in keys])
    for condition, statement in (
        ("=", "DELETE FROM body_packs AS h"),
        (">", f"UPDATE body_packs AS h SET ({COLUMNS}) = ({_without('$3')})"),
    ):
        await connection.execute(
            f"""
            {statement}
             WHERE (h.ts, h.first_id) IN (
                       SELECT * FROM unnest($1::timestamptz[], $2::uuid[]))
               AND cardinality(h.ids) {condition} (
                       SELECT count(*)
                         FROM unnest(h.ids) AS own (id)
                        WHERE own.id = ANY($3::uuid[]))
            """,
            [pack["ts"] for pack in packs],
            [pack["first_id"] for pack in packs],
            ids,
        )
    return sum(pack["gone"] for pack in packs)


def _without(ids: str) -> str:
    return f"""
        SELECT {ENDS}, {ARRAYS}
          FROM {ROWS}
         WHERE u.id <> ALL({ids}::uuid[])
        """


async def _locked(
    connection: asyncpg.Connection, ids: list[UUID], times: list[Any]
) -> list[asyncpg.Record]:
    """The packs that have any of *ids*, in an order that all keep to."""
    rows = await connection.fetch(
        f"""
        SELECT h.ts, h.first_id,
               (SELECT count(*)
                  FROM unnest(h.ids) AS own (id)
                 WHERE own.id = ANY($1::uuid[])) AS gone
          FROM body_packs AS h
         WHERE h.ts = ANY({DAYS_OF.format("$2")})
           AND h.last_id >= $3
           AND h.first_id <= $4
           AND EXISTS (SELECT 1
                         FROM unnest($1::uuid[]) AS own (id)
                        WHERE own.id >= h.first_id
                          AND own.id <= h.last_id)
         ORDER BY h.ts, h.first_id
           FOR UPDATE OF h
        """,
        ids,
        list(set(times)),
        min(ids),
        max(ids),
    )
    return [row for row in rows if row["gone"]]


async def unpack(
    connection: asyncpg.Connection, day: date, arrived_since: datetime | None
) -> None:
    """Bodies of the day's logs that are pinned, or arrived since, are loose again.

    In a transaction that has both tables for itself.
    """
    following = day + timedelta(days=1)
    of_day = f"ts >= '{day} 00:00+00' AND ts < '{following} 00:00+00'"
    await connection.execute(
        f"""
        WITH kept AS MATERIALIZED (
            SELECT bucket, ts, id FROM logs WHERE {of_day} AND pinned
             UNION
            SELECT bucket, ts, id
              FROM log_arrivals
             WHERE {of_day}
               AND arrived_at >= $1)
        INSERT INTO log_bodies_{day:%Y%m%d}
               (bucket, ts, id, {", ".join(PACKED_COLUMNS)})
        SELECT kept.bucket, kept.ts, kept.id,
               {", ".join(f"u.{name}" for name in PACKED_COLUMNS)}
          FROM body_packs_{day:%Y%m%d} AS h
          CROSS JOIN LATERAL {ROWS}
          JOIN kept ON kept.id = u.id
         WHERE EXISTS (SELECT 1
                         FROM kept AS own
                        WHERE own.id >= h.first_id
                          AND own.id <= h.last_id)
        """,
        arrived_since,
    )
