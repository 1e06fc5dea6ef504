"""Chunks that there are, and where there are none yet."""

from dataclasses import dataclass
from operator import itemgetter
from typing import Final
from uuid import UUID

import asyncpg

from monitor.storage.blocks.grams import BLOCKS, Chunk
from monitor.storage.rollups.coverage import dropped_before
from monitor.traffic.ids import lowest_at, timestamp_of

SLICE_COLUMNS: Final = ("part", "chunk_id", "bits")


@dataclass(frozen=True, slots=True)
class Made:
    """A chunk that there is."""

    id: int
    after: UUID
    bounds: tuple[UUID, ...]

    @property
    def upto(self) -> UUID:
        return self.bounds[-1]


@dataclass(frozen=True, slots=True)
class Gap:
    """No chunk has what is behind *after*, up to and with *upto*. *is_closed*: one is
    behind it.
    """

    after: UUID
    upto: UUID
    is_closed: bool


async def chunks(connection: asyncpg.Connection) -> list[Made]:
    """Oldest first."""
    rows = await connection.fetch(
        "SELECT id, after_id, bounds FROM search_chunks ORDER BY after_id"
    )
    return [Made(row["id"], row["after_id"], tuple(row["bounds"])) for row in rows]


async def gaps(connection: asyncpg.Connection, until: UUID) -> list[Gap]:
    """Newest first. What is left of days that were dropped is to be in no chunk."""
    oldest = lowest_at(await dropped_before(connection))
    there = await chunks(connection)
    ends = [oldest, *(max(one.upto, oldest) for one in there)]
    begins = [*(one.after for one in there), until]
    return [
        Gap(end, begin, is_closed=begin is not until)
        for end, begin in zip(ends[::-1], begins[::-1], strict=True)
        if end < begin
    ]


async def bounds_of(
    connection: asyncpg.Connection, gap: Gap, block_logs: int
) -> list[UUID]:
    """The last ids of the next blocks; of the last one of a closed gap, its end."""
    most = BLOCKS * block_logs
    rows = await connection.fetch(
        f"""
            SELECT id, n
              FROM (SELECT id, row_number() OVER by_id AS n,
                           lead(id) OVER by_id IS NULL AS is_last
                      FROM (SELECT id
                              FROM logs
                             WHERE id > $1
                               AND id <= $2
                               AND ts >= $3
                               AND ts <= $4
                             ORDER BY id
                             LIMIT {most}) AS next
                    WINDOW by_id AS (ORDER BY id)) AS numbered
             WHERE n % {block_logs} = 0 OR is_last
             ORDER BY id
            """,
        gap.after,
        gap.upto,
        timestamp_of(gap.after),
        timestamp_of(gap.upto),
    )
    if not rows:
        return []
    is_rest = rows[-1]["n"] < most
    if is_rest and gap.is_closed:
        return [*(row["id"] for row in rows[:-1]), gap.upto]
    return [row["id"] for row in rows if row["n"] % block_logs == 0]


async def store(connection: asyncpg.Connection, id: int, chunk: Chunk) -> None:
    await connection.copy_records_to_table(
        "search_slices",
        schema_name="apimonitor",
        columns=SLICE_COLUMNS,
        records=[(part, id, bits) for part, bits in enumerate(chunk.parts())],
    )


async def taken(connection: asyncpg.Connection, id: int) -> Chunk:
    """Its slices, which are to be stored anew in the same transaction."""
    rows = await connection.fetch(
        "DELETE FROM search_slices WHERE chunk_id = $1 RETURNING part, bits", id
    )
    return Chunk.of_parts([row["bits"] for row in sorted(rows, key=itemgetter("part"))])


async def undo(connection: asyncpg.Connection, id: int) -> None:
    """Its logs are searched without it, until they are in another."""
    for table, column in (("search_chunks", "id"), ("search_slices", "chunk_id")):
        await connection.execute(f"DELETE FROM {table} WHERE {column} = $1", id)


async def clear(connection: asyncpg.Connection) -> None:
    """Remove chunks of days that were dropped; what is left of these is searched."""
    await connection.execute(
        """
        WITH gone AS (
            DELETE FROM search_chunks
             WHERE bounds[cardinality(bounds)] < $1
            RETURNING id)
        DELETE FROM search_slices
         WHERE chunk_id IN (SELECT id FROM gone)
        """,
        lowest_at(await dropped_before(connection)),
    )
