"""Candidates: where among the logs those may be that have what a query needs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg

from monitor.search.tree import Node
from monitor.storage.blocks.grams import PART_SLICES, SLICE_BYTES
from monitor.storage.blocks.needs.need import NOTHING, Need, blocks_with, places_in
from monitor.storage.blocks.needs.nodes import needs_of
from monitor.storage.search.bounded import bounded
from monitor.storage.search.conditions import of_all
from monitor.storage.search.days import Days, days_of
from monitor.storage.search.joins import BODIES
from monitor.traffic.ids import lowest_at

# Before and behind all logs.
FIRST: Final = UUID(int=0)
LAST: Final = lowest_at(datetime(2999, 12, 31, tzinfo=UTC))

# Of all blocks: along so many, what is asked for is soon met.
MANY: Final = 0.25


@dataclass(frozen=True, slots=True)
class Span:
    """Ids from *low* on, before *high*. *is_block*: they are few, and may have it."""

    low: UUID
    high: UUID
    is_block: bool = False


EVERYWHERE: Final = Span(FIRST, LAST)


@dataclass(frozen=True, slots=True)
class Candidates:
    """*spans*, newest first; and *late* ones, which are within none or any of them."""

    spans: tuple[Span, ...] = (EVERYWHERE,)
    late: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    id: int
    after: UUID
    upto: UUID
    blocks: int


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
        there = await _blocks(connection, need, chunks)
        if _are_many(there, chunks) and not of_all(tuple(parts)).sees(BODIES):
            return None
        found = await _ends_of(connection, there)
        late = await connection.fetch("SELECT id FROM search_late")
        days = await days_of(connection)
    return Candidates(
        spans=tuple(by_days(_spans(chunks, found), days)),
        late=tuple({row["id"] for row in late}),
    )


def _are_many(there: Mapping[int, int], chunks: Iterable[Chunk]) -> bool:
    found = sum(blocks.bit_count() for blocks in there.values())
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
    """A bit for each block of a chunk that may have it."""
    slices: dict[int, dict[int, int]] = {chunk.id: {} for chunk in chunks}
    places = sorted(places_in(need))
    rows = await connection.fetch(
        """
        SELECT s.chunk_id, asked.place,
               substr(s.bits, asked.place % $2 * $3 + 1, $3) AS bits
          FROM unnest($1::int[]) AS asked (place)
          JOIN search_slices AS s ON s.part = asked.place / $2
        """,
        places,
        PART_SLICES,
        SLICE_BYTES,
    )
    for row in rows:
        if row["chunk_id"] in slices:
            bits = int.from_bytes(row["bits"], "little")
            slices[row["chunk_id"]][row["place"]] = bits
    return {
        chunk.id: blocks_with(need, slices[chunk.id]) & ((1 << chunk.blocks) - 1)
        for chunk in chunks
    }


async def _ends_of(
    connection: asyncpg.Connection, there: Mapping[int, int]
) -> dict[int, list[tuple[UUID, UUID]]]:
    """The ends of these blocks, newest first."""
    bounds = await connection.fetch(
        "SELECT id, after_id, bounds FROM search_chunks WHERE id = ANY($1::bigint[])",
        [id for id, blocks in there.items() if blocks],
    )
    return {row["id"]: _ends(row, there[row["id"]]) for row in bounds}


def _ends(row: asyncpg.Record, blocks: int) -> list[tuple[UUID, UUID]]:
    uptos: list[UUID] = row["bounds"]
    afters = [row["after_id"], *uptos]
    return [
        (afters[block], uptos[block])
        for block in reversed(range(len(uptos)))
        if blocks >> block & 1
    ]


def _spans(
    chunks: Sequence[Chunk], found: dict[int, list[tuple[UUID, UUID]]]
) -> Iterator[Span]:
    """Blocks, and what no chunk has: what is newer than all, older, and between."""
    high = LAST
    for chunk in chunks:
        if following(chunk.upto) != high:
            yield Span(following(chunk.upto), high)
        for after, upto in found.get(chunk.id, ()):
            yield Span(following(after), following(upto), is_block=True)
        high = following(chunk.after)
    yield Span(FIRST, high)


def by_days(spans: Iterable[Span], days: Sequence[Days]) -> Iterator[Span]:
    """What is no block in parts, newest first: a step opens the days of one only."""
    for span in spans:
        if span.is_block:
            yield span
            continue
        for part in days:
            low = FIRST if part.since is None else lowest_at(part.since)
            high = LAST if part.until is None else lowest_at(part.until)
            low, high = max(low, span.low), min(high, span.high)
            if low < high:
                yield Span(low, high)


def following(id: UUID) -> UUID:
    return UUID(int=id.int + 1)
