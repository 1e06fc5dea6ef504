"""Chunks that there are, and where there are none yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Final
from uuid import UUID

import asyncpg

from monitor.storage.blocks.grams import BLOCKS, PARTS, Chunk
from monitor.storage.rollups.coverage import dropped_before
from monitor.traffic.ids import lowest_at, timestamp_of

SLICE_COLUMNS: Final = ("part", "chunk_id", "bits")
# Their index begins with the part: without all of these named, all slices are read.
OF_CHUNKS: Final = "chunk_id = ANY($1::bigint[]) AND part = ANY($2::int[])"
ALL: Final = range(PARTS)
ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Made:
    """A chunk that there is. *bodies_before*: those were gone as it was made."""

    id: int
    after: UUID
    upto: UUID
    bodies_before: date | None

    def is_stale(self, bodies_before: date) -> bool:
        """Whether all of its bodies are gone that it was made of."""
        last = timestamp_of(self.upto).date()
        had_all = self.bodies_before is not None and last < self.bodies_before
        return last < bodies_before and not had_all


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
        """
        SELECT id, after_id, bounds[cardinality(bounds)], bodies_before
          FROM search_chunks
         ORDER BY after_id
        """
    )
    return [Made(*row.values()) for row in rows]


async def last_ids(connection: asyncpg.Connection, id: int) -> list[UUID]:
    """Of each of its blocks."""
    bounds: list[UUID] = await connection.fetchval(
        "SELECT bounds FROM search_chunks WHERE id = $1", id
    )
    return bounds


async def bodies_before(connection: asyncpg.Connection) -> date:
    """Where the days begin whose bodies are there."""
    day: date = await connection.fetchval(
        "SELECT before FROM attics WHERE name = 'log_bodies'"
    )
    return day


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
    # As one value: to number rows takes PostgreSQL twice as long as to read their ids.
    ids: bytes | None = await connection.fetchval(
        f"""
        SELECT string_agg(uuid_send(id), ''::bytea)
          FROM (SELECT id
                  FROM logs
                 WHERE id > $1
                   AND id <= $2
                   AND ts >= $3
                   AND ts <= $4
                 ORDER BY id
                 LIMIT {most}) AS next
        """,
        gap.after,
        gap.upto,
        timestamp_of(gap.after),
        timestamp_of(gap.upto),
    )
    if ids is None:
        return []
    count = len(ids) // ID_BYTES
    lasts = range(block_logs, count + 1, block_logs)
    bounds = [UUID(bytes=ids[(n - 1) * ID_BYTES : n * ID_BYTES]) for n in lasts]
    if count == most or not gap.is_closed:
        return bounds
    # The last block, full or not, ends where the gap does.
    return [*bounds[: (count - 1) // block_logs], gap.upto]


async def insert(
    connection: asyncpg.Connection,
    after: UUID,
    bounds: Sequence[UUID],
    gone: date,
    chunk: Chunk,
) -> None:
    """*gone*: before which day bodies were, as it was read."""
    id: int = await connection.fetchval(
        """
        INSERT INTO search_chunks (id, after_id, bounds, bodies_before)
        SELECT coalesce(max(id), 0) + 1, $1, $2, $3 FROM search_chunks
        RETURNING id
        """,
        after,
        bounds,
        gone,
    )
    await store(connection, id, chunk)


async def renew(
    connection: asyncpg.Connection, id: int, gone: date, chunk: Chunk
) -> None:
    await connection.execute(
        "UPDATE search_chunks SET bodies_before = $2 WHERE id = $1", id, gone
    )
    await connection.execute(f"DELETE FROM search_slices WHERE {OF_CHUNKS}", [id], ALL)
    await store(connection, id, chunk)


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
        f"DELETE FROM search_slices WHERE {OF_CHUNKS} RETURNING part, bits", [id], ALL
    )
    return Chunk.of_parts([row["bits"] for row in sorted(rows, key=itemgetter("part"))])


async def undo(connection: asyncpg.Connection, id: int) -> None:
    """Its logs are searched without it, until they are in another."""
    await _remove(connection, [id])


async def clear(connection: asyncpg.Connection) -> None:
    """Remove chunks of days that were dropped; what is left of these is searched."""
    rows = await connection.fetch(
        "SELECT id FROM search_chunks WHERE bounds[cardinality(bounds)] < $1",
        lowest_at(await dropped_before(connection)),
    )
    if rows:
        await _remove(connection, [row["id"] for row in rows])


async def _remove(connection: asyncpg.Connection, ids: Sequence[int]) -> None:
    await connection.execute("DELETE FROM search_chunks WHERE id = ANY($1)", ids)
    await connection.execute(f"DELETE FROM search_slices WHERE {OF_CHUNKS}", ids, ALL)
