"""Candidates: where among the logs those may be that have what a query needs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import asyncpg

from monitor.search.tree import Node
from monitor.storage.blocks.grams import PART_SLICES, SLICE_BYTES
from monitor.storage.blocks.needs.need import (
    NOTHING,
    Need,
    blocks_with,
    parted,
    places_in,
)
from monitor.storage.blocks.needs.nodes import needs_of
from monitor.storage.blocks.places import Candidates, Chunk
from monitor.storage.search.bounded import bounded
from monitor.storage.search.conditions import of_all
from monitor.storage.search.days import days_of
from monitor.storage.search.joins import BODIES

# Of all blocks: along so many, what is asked for is soon met. Where there are many
# chunks, so many of them tell.
MANY: Final = 0.25
SAMPLED: Final = 32


async def candidates(
    connection: asyncpg.Connection, parts: Sequence[Node], timeout_ms: int
) -> Candidates | None:
    """None where the blocks cannot tell, or most may have it and no bodies are read:
    then the newest logs are as soon read as left out.

    Raises asyncpg.QueryCanceledError.

    All of it is of one snapshot: a log is in a block, noted as late, or in none's span.
    """
    need = needs_of(parts)
    if need == NOTHING:
        return None
    async with bounded(connection, timeout_ms, isolation="repeatable_read"):
        chunks = await _chunks(connection)
        if not of_all(tuple(parts)).sees(BODIES):
            sample = chunks[:: max(len(chunks) // SAMPLED, 1)]
            if _are_many(await _blocks(connection, need, sample), sample):
                return None
        there = await _blocks(connection, need, chunks)
        ends = await _ends_of(connection, [id for id, some in there.items() if some])
        late = await connection.fetch("SELECT id FROM search_late")
        days = await days_of(connection)
    return Candidates(
        chunks=tuple(
            chunk.with_blocks(there.get(chunk.id, 0), ends.get(chunk.id, b""))
            for chunk in chunks
        ),
        late=tuple({row["id"] for row in late}),
        days=tuple(days),
    )


def _are_many(there: Mapping[int, int], chunks: Iterable[Chunk]) -> bool:
    found = sum(map(int.bit_count, there.values()))
    return found >= sum(chunk.blocks for chunk in chunks) * MANY


async def _chunks(connection: asyncpg.Connection) -> list[Chunk]:
    """Newest first."""
    rows = await connection.fetch(
        """
        SELECT id, after_id, bounds[cardinality(bounds)] AS upto,
               cardinality(bounds) AS blocks
          FROM search_chunks
         ORDER BY after_id DESC
        """
    )
    return [Chunk(*row.values()) for row in rows]


async def _blocks(
    connection: asyncpg.Connection, need: Need, chunks: Sequence[Chunk]
) -> dict[int, int]:
    """A bit for each block of a chunk that may have it.

    Most chunks are left out by some of what is needed: of these, the rest is not read.
    """
    first, rest = parted(need)
    there = dict(await _told(connection, first, chunks))
    left = [chunk for chunk in chunks if there[chunk.id]]
    if rest != NOTHING and left:
        for id, blocks in await _told(connection, rest, left):
            there[id] &= blocks
    return there


async def _told(
    connection: asyncpg.Connection, need: Need, chunks: Sequence[Chunk]
) -> Iterator[tuple[int, int]]:
    """Each chunk's id, and its blocks; those of all chunks are put together at once."""
    blocks = {chunk.id: chunk.blocks for chunk in chunks}
    ids = sorted(blocks)
    every = _bits(b"".join(((1 << blocks[id]) - 1).to_bytes(8, "little") for id in ids))
    slices = await _slices(connection, need, ids)
    found = blocks_with(need, slices, every) & every
    whole = found.to_bytes(SLICE_BYTES * len(ids), "little")
    return (
        (id, _bits(whole[at * SLICE_BYTES : (at + 1) * SLICE_BYTES]))
        for at, id in enumerate(ids)
    )


async def _slices(
    connection: asyncpg.Connection, need: Need, ids: Sequence[int]
) -> Mapping[int, int]:
    """By their places, those of one chunk behind the other."""
    rows = await connection.fetch(
        """
        SELECT asked.place,
               string_agg(substr(s.bits, asked.place % $2 * $3 + 1, $3), ''::bytea
                          ORDER BY s.chunk_id) AS bits
          FROM unnest($1::int[]) AS asked (place)
          JOIN search_slices AS s ON s.part = asked.place / $2
         WHERE s.chunk_id = ANY($4::bigint[])
         GROUP BY asked.place
        """,
        sorted(places_in(need)),
        PART_SLICES,
        SLICE_BYTES,
        ids,
    )
    size = SLICE_BYTES * len(ids)
    return {
        row["place"]: _bits(row["bits"]) for row in rows if len(row["bits"]) == size
    }


def _bits(content: bytes) -> int:
    return int.from_bytes(content, "little")


async def _ends_of(
    connection: asyncpg.Connection, ids: Sequence[int]
) -> dict[int, bytes]:
    """The last ids of their blocks, as PostgreSQL sends an array: most are not read."""
    rows = await connection.fetch(
        """
        SELECT id, array_send(bounds) AS ends
          FROM search_chunks
         WHERE id = ANY($1::bigint[])
        """,
        ids,
    )
    return {row["id"]: row["ends"] for row in rows}
