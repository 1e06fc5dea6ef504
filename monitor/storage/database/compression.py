"""Compression of what a day's tables hold: by which means, and said in SQL."""

from typing import Final, Literal

import asyncpg

# AUTO: lz4 where the server was built with it, else none. pglz makes two thirds of the
# bytes, and costs more CPU than all else that PostgreSQL does for a log.
Compression = Literal["auto", "pglz", "none"]
AUTO: Final[Compression] = "auto"
# Columns that may be long, by table.
LONG: Final = {
    "logs": ("request_fields", "response_fields"),
    "log_bodies": ("request_body", "request_text", "response_body", "response_text"),
    "log_messages": ("data",),
}
# What is as long as a page is not stored in pieces.
WHOLE_ROWS: Final = ", SET (toast_tuple_target = 8160)"


async def compress(
    connection: asyncpg.Connection, name: str, table: str, by: Compression
) -> None:
    """Say how *name*, a partition of *table*, is to compress what comes.

    Of a partition that is not attached yet: Citus takes it over as it is, and would
    refuse it later.
    """
    columns = LONG.get(table, ())
    if not columns or by == "pglz":
        return
    how, beside = "SET STORAGE EXTERNAL", WHOLE_ROWS
    if by == AUTO and await _has_lz4(connection):
        # Rows are to be short, or nothing would be compressed.
        how, beside = "SET COMPRESSION lz4", ""
    actions = ", ".join(f"ALTER COLUMN {column} {how}" for column in columns)
    await connection.execute(f"ALTER TABLE apimonitor.{name} {actions}{beside}")


async def _has_lz4(connection: asyncpg.Connection) -> bool:
    found = await connection.fetchval(
        """
        SELECT 'lz4' = ANY(enumvals)
          FROM pg_settings
         WHERE name = 'default_toast_compression'
        """
    )
    return bool(found)
