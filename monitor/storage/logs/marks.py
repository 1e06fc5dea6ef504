"""Marks that people put on a log: a pin, tags, a note."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from monitor.storage.blocks.late import note
from monitor.storage.database.pool import Database
from monitor.traffic.ids import bucket_of, is_log_id, timestamp_of

COLUMNS = ("pinned", "tags", "note")
SEARCHED = {"tags", "note"}


class Marks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def change(self, id: UUID, given: Mapping[str, Any]) -> bool:
        """Set what is *given* of COLUMNS; False where there is no such log."""
        if not is_log_id(id):
            return False
        values = {name: given[name] or None for name in COLUMNS if name in given}
        if "pinned" in values:
            values["pinned"] = bool(given["pinned"])
        # Without a change the row is asked for all the same.
        sets = [f"{name} = ${place}" for place, name in enumerate(values, start=4)]
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            changed = await connection.fetchval(
                f"""
                UPDATE logs AS l
                   SET {", ".join(sets) or "pinned = l.pinned"}
                  FROM services AS s
                 WHERE l.bucket = $1
                   AND l.ts = $2
                   AND l.id = $3
                   AND s.id = l.service_id
                RETURNING true
                """,
                bucket_of(id),
                timestamp_of(id),
                id,
                *values.values(),
            )
            if changed and values.keys() & SEARCHED:
                await note(connection, [id])
        return bool(changed)
