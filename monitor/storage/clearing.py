"""How what a deleted service left is removed, in small steps."""

from uuid import UUID

from monitor.storage.pool import Database

STEP_ROWS = 1_000
TABLES = ("log_messages", "log_bodies", "log_details", "logs")


class Clearing:
    """Removes a bounded number of rows a step, so that no step holds others up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def step(self) -> bool:
        """Remove some of what is left; False where nothing is."""
        async with self._database.connection(timeout_s=5) as connection:
            service_id = await connection.fetchval(
                "SELECT service_id FROM deletions ORDER BY deleted_at LIMIT 1"
            )
        if service_id is None:
            return False
        if not await self._remove_logs(service_id):
            await self._forget(service_id)
        return True

    async def _remove_logs(self, service_id: UUID) -> int:
        async with (
            self._database.connection(timeout_s=5) as connection,
            connection.transaction(),
        ):
            rows = await connection.fetch(
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
            keys = [[row[column] for row in rows] for column in ("bucket", "ts", "id")]
            for table in TABLES:
                await connection.execute(
                    f"""
                    DELETE FROM {table} AS t
                     USING unnest($1::int[], $2::timestamptz[], $3::uuid[])
                           AS gone (bucket, ts, id)
                     WHERE t.bucket = gone.bucket
                       AND t.ts = gone.ts
                       AND t.id = gone.id
                    """,
                    *keys,
                )
        return len(rows)

    async def _forget(self, service_id: UUID) -> None:
        async with self._database.connection(timeout_s=5) as connection:
            await connection.execute(
                "DELETE FROM deletions WHERE service_id = $1", service_id
            )
