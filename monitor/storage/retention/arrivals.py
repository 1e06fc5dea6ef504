"""Arrivals: logs handed over late, from when on their bodies are kept."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from monitor.record.batch import Storable
from monitor.storage.clearing.clearing import STEP_ROWS, Keys, remove
from monitor.storage.database.steps import step
from monitor.traffic.ids import bucket_of

COLUMNS = ("bucket", "ts", "id", "arrived_at", "har")


async def insert(connection: asyncpg.Connection, storables: Sequence[Storable]) -> None:
    """In the logs' own transaction."""
    records = [
        (
            bucket_of(each.id),
            each.started_at,
            each.id,
            each.arrival.at,
            each.arrival.har,
        )
        for each in storables
        if each.arrival is not None
    ]
    if records:
        await connection.copy_records_to_table(
            "log_arrivals", schema_name="apimonitor", columns=COLUMNS, records=records
        )


async def clear(connection: asyncpg.Connection, before: datetime) -> None:
    """Remove those of days before *before* whose logs are gone."""
    while True:
        async with step(connection):
            keys = await connection.fetch(
                """
                SELECT a.bucket, a.ts, a.id
                  FROM log_arrivals AS a
                 WHERE a.ts < $1
                   AND NOT EXISTS (SELECT 1
                                     FROM logs AS l
                                    WHERE l.bucket = a.bucket
                                      AND l.ts = a.ts
                                      AND l.id = a.id)
                 LIMIT $2
                """,
                before,
                STEP_ROWS,
            )
            await remove(connection, "log_arrivals", keys, pinned=True)
        if len(keys) < STEP_ROWS:
            return


async def arrived(connection: asyncpg.Connection, keys: Keys) -> dict[UUID, datetime]:
    """When those of *keys* that came late did, by id."""
    rows = await connection.fetch(
        """
        SELECT a.id, a.arrived_at
          FROM log_arrivals AS a
         WHERE (a.bucket, a.ts, a.id) IN (
                   SELECT bucket, ts, id
                     FROM unnest($1::int[], $2::timestamptz[], $3::uuid[])
                          AS asked (bucket, ts, id))
        """,
        *[[key[column] for key in keys] for column in ("bucket", "ts", "id")],
    )
    return {row["id"]: row["arrived_at"] for row in rows}


async def retained(
    connection: asyncpg.Connection, keys: Keys, moments: dict[UUID, datetime]
) -> set[UUID]:
    """Those whose log is there, and pinned or not past its service's moment.

    Late ones count from their arrival.
    """
    rows = await connection.fetch(
        """
        SELECT id, ts, service_id, pinned
          FROM logs
         WHERE bucket = ANY($1::int[])
           AND ts = ANY($2::timestamptz[])
           AND id = ANY($3::uuid[])
        """,
        *[list({key[column] for key in keys}) for column in ("bucket", "ts", "id")],
    )
    late = await arrived(connection, keys)
    return {
        row["id"]
        for row in rows
        if row["pinned"]
        or late.get(row["id"], row["ts"]) >= moments.get(row["service_id"], row["ts"])
    }
