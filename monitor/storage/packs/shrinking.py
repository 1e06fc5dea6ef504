"""Shrinking: the room of what was packed of a day goes back to the disk.

What is left moves from the last pages to those that are free, a few pages at a time,
and PostgreSQL cuts the end off that is empty. Who reads or stores waits for none of it,
but for an index of the day that is made anew.
"""

import math
from datetime import date
from typing import Final

import asyncpg

from monitor.record.columns import PACKED_COLUMNS
from monitor.storage.database.steps import step
from monitor.storage.packs.taking_out import LOCK_ALONE

PAGE_BYTES: Final = 8192
# Rows of so many pages move at once.
STEP_PAGES: Final = 256
# Worth it: where a fifth is free.
LEAST_FREE: Final = 0.2
SAMPLED_PAGES: Final = 1_024
# Of a row of bodies, beside what it holds.
ROW_BYTES: Final = 56
# An index is locked so long at most; else it stays as it is.
MOST_MS: Final = 5_000
LOCK_MS: Final = 500
# What an entry of either index takes, at least.
ENTRY_BYTES: Final = {"log_bodies": 32, "logs": 50}
LONGEST_VACUUM_S: Final = 3_600.0
REFUSED: Final = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)


async def shrink(connection: asyncpg.Connection, day: date, least_pages: int) -> int:
    """Of a day that is over and packed; how many bytes went, if *least_pages* can."""
    tables = [f"{name}_{day:%Y%m%d}" for name in ENTRY_BYTES]
    before = await _size(connection, tables)
    await _compact(connection, tables[0], least_pages)
    for table, entry in zip(tables, ENTRY_BYTES.values(), strict=True):
        await _index_anew(connection, table, entry, least_pages)
    return max(before - await _size(connection, tables), 0)


async def _compact(
    connection: asyncpg.Connection, table: str, least_pages: int
) -> None:
    """Rows move to the front while there is room: each turn those of as many pages as
    are free, which the next vacuum cuts off.
    """
    needed = await _needed(connection, table)
    before, there = math.inf, await _pages(connection, table)
    while before > there > needed + max(least_pages, there * LEAST_FREE):
        # What is free is known then, and an empty end is cut off.
        await _vacuum(connection, table)
        before = await _pages(connection, table)
        await _move_back(connection, table, needed, int(before))
        await _vacuum(connection, table)
        there = await _pages(connection, table)


async def _vacuum(connection: asyncpg.Connection, table: str) -> None:
    await connection.execute(f"VACUUM {table}", timeout=LONGEST_VACUUM_S)


async def _move_back(
    connection: asyncpg.Connection, table: str, begin: int, end: int
) -> None:
    """What is in these pages, as far as no bodies are being removed."""
    while begin < end:
        following = max(end - STEP_PAGES, begin)
        if not await _move(connection, table, following, end):
            return
        end = following


async def _move(
    connection: asyncpg.Connection, table: str, begin: int, end: int
) -> bool:
    """The rows of these pages; False where bodies are being removed."""
    async with step(connection, is_awaited=False):
        if not await connection.fetchval(LOCK_ALONE):
            return False
        await connection.execute(
            f"""
            WITH moved AS (
                DELETE FROM {table}
                 WHERE ctid >= '({begin},0)'
                   AND ctid < '({end},0)'
                RETURNING *)
            INSERT INTO {table} SELECT * FROM moved
            """
        )
    return True


async def _index_anew(
    connection: asyncpg.Connection, table: str, entry: int, least_pages: int
) -> None:
    """Those indexes of *table* that have a fifth too many pages for its rows, and once
    one of tags: as rows come it grows to many times what it needs.
    """
    least = least_pages * PAGE_BYTES
    most = int(await _count(connection, table) * entry * (1 + LEAST_FREE)) + least
    rows = await connection.fetch(
        """
        SELECT c.oid::regclass::text AS name, am.amname = 'gin' AS is_of_tags
          FROM pg_index AS i
          JOIN pg_class AS c ON c.oid = i.indexrelid
          JOIN pg_am AS am ON am.oid = c.relam
         WHERE i.indrelid = $1::text::regclass
           AND CASE WHEN am.amname = 'gin'
                    THEN c.reloptions IS NULL AND pg_relation_size(c.oid) > $2
                    ELSE pg_relation_size(c.oid) > $3 END
        """,
        table,
        least,
        most,
    )
    for row in rows:
        try:
            async with step(connection, timeout_ms=MOST_MS):
                await connection.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
                await connection.execute(f"REINDEX INDEX {row['name']}")
                if row["is_of_tags"]:
                    # Says that it was, and keeps it so: hardly a row comes any more.
                    await connection.execute(
                        f"ALTER INDEX {row['name']} SET (fastupdate = off)"
                    )
        except REFUSED:
            continue


async def _size(connection: asyncpg.Connection, tables: list[str]) -> int:
    size: int = await connection.fetchval(
        """
        SELECT sum(pg_total_relation_size(t.name::regclass))::bigint
          FROM unnest($1::text[]) AS t (name)
        """,
        tables,
    )
    return size


async def _pages(connection: asyncpg.Connection, table: str) -> int:
    pages: int = await connection.fetchval(
        "SELECT pg_relation_size($1::text::regclass) / $2", table, PAGE_BYTES
    )
    return pages


async def _needed(connection: asyncpg.Connection, table: str) -> int:
    """How many pages its rows would fill, by a sample of them."""
    pages = await _pages(connection, table)
    percent = min(100 * SAMPLED_PAGES / max(pages, 1), 100)
    held = " + ".join(
        f"coalesce(pg_column_size(p.{name}), 0)" for name in PACKED_COLUMNS
    )
    size: int = await connection.fetchval(
        f"""
        SELECT coalesce(sum({held} + {ROW_BYTES}), 0)::bigint
          FROM {table} AS p TABLESAMPLE SYSTEM ({percent})
        """
    )
    return math.ceil(size * 100 / percent / PAGE_BYTES)


async def _count(connection: asyncpg.Connection, table: str) -> int:
    """As PostgreSQL estimates it; 0 where it does not."""
    count: int = await connection.fetchval(
        """
        SELECT greatest(reltuples, 0)::bigint
          FROM pg_class
         WHERE oid = $1::text::regclass
        """,
        table,
    )
    return count
