"""Clearing of rows in small steps, so that no step holds others up."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from monitor.record.columns import SET_COLUMNS
from monitor.storage.clearing import unused_sets
from monitor.storage.clearing.taken_off import COUNTED, taken_off
from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.database.shares import Share
from monitor.storage.database.steps import step
from monitor.storage.packs.taking_out import LOCK, take_out

STEP_ROWS = 1_000
# Of rollups and events, whose rows are short.
BESIDE_ROWS = 10_000
ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtext('apimonitor.clearing'))"
# Nobody reads what they hold of a service that is gone. Events of its own rules went
# with these.
OF_SERVICE = ("rollup_changes", "endpoint_rollups", "service_rollups", "alert_events")

# What goes with its log, by the same key.
OF_LOG = ("log_details", "log_bodies", "log_messages", "log_arrivals")

Keys = Sequence[asyncpg.Record]


async def remove(
    connection: asyncpg.Connection,
    table: str,
    keys: Keys,
    *,
    pinned: bool,
    beside: str = "",
) -> list[asyncpg.Record]:
    """Remove the rows of *keys*; the keys of those that are gone, and what is *beside*.

    *pinned*: those that are pinned, too. Only `logs` knows which are.
    """
    columns = [[key[column] for key in keys] for column in ("bucket", "ts", "id")]
    return await connection.fetch(
        f"""
        DELETE FROM {table} AS t
         USING unnest($1::int[], $2::timestamptz[], $3::uuid[])
               AS gone (bucket, ts, id)
         WHERE t.bucket = gone.bucket
           AND t.ts = gone.ts
           AND t.id = gone.id
           {"" if pinned else "AND NOT t.pinned"}
        RETURNING t.bucket, t.ts, t.id{beside and f", {beside}"}
        """,
        *columns,
    )


async def remove_logs(
    connection: asyncpg.Connection, keys: Keys, *, pinned: bool
) -> Keys:
    """Remove logs with all that belongs to them; the keys of those that are gone."""
    beside = f"{COUNTED}, {', '.join(f't.{column}' for column in SET_COLUMNS)}"
    gone = await remove(connection, "logs", keys, pinned=pinned, beside=beside)
    if gone:
        await taken_off(connection, gone)
        await unused_sets.doubt(connection, gone)
    await connection.execute(LOCK)
    for table in OF_LOG:
        await remove(connection, table, gone, pinned=True)
    await take_out(connection, gone)
    return gone


class Clearing:
    """Removes what deleted services and logs left, one process at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def step(self) -> bool:
        """Remove some of what is left; False where nothing is, or another one does."""
        async with (
            self._database.connection(
                Share.LONG_WRITES, timeout_s=5, held_s=NO_DEADLINE
            ) as connection,
            step(connection),
        ):
            if not await connection.fetchval(ONE_AT_A_TIME):
                return False
            service_id = await connection.fetchval(
                "SELECT service_id FROM deletions ORDER BY deleted_at LIMIT 1"
            )
            if service_id is None:
                return await unused_sets.sweep(connection)
            keys = await _keys_of(connection, service_id)
            await remove_logs(connection, keys, pinned=True)
            if not keys and not await _remove_beside(connection, service_id):
                await connection.execute(
                    "DELETE FROM deletions WHERE service_id = $1", service_id
                )
        return True


async def _keys_of(connection: asyncpg.Connection, service_id: UUID) -> Keys:
    return await connection.fetch(
        """
        SELECT bucket, ts, id
          FROM logs
         WHERE service_id = $1
         ORDER BY id DESC
         LIMIT $2
        """,
        service_id,
        STEP_ROWS,
    )


async def _remove_beside(connection: asyncpg.Connection, service_id: UUID) -> bool:
    """Remove some; False where none are left."""
    for table in OF_SERVICE:
        # Where paths are many, so are these.
        gone = await connection.fetchval(
            f"""
            WITH gone AS (
                DELETE FROM {table}
                 WHERE ctid = ANY(ARRAY(SELECT ctid
                                          FROM {table}
                                         WHERE service_id = $1
                                         LIMIT $2))
                RETURNING 1)
            SELECT count(*) FROM gone
            """,
            service_id,
            BESIDE_ROWS,
        )
        if gone == BESIDE_ROWS:
            return True
    return False
