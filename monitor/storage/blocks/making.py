"""Making: what is read of blocks gets into their chunk."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final
from uuid import UUID

import asyncpg

from monitor.loop.giving_way import give_way
from monitor.storage.blocks import reading
from monitor.storage.blocks.grams import Chunk
from monitor.storage.database.steps import step

STEP_TIMEOUT_MS: Final = 60_000
# Read in one step; others pause as long.
STEP_BLOCKS: Final = 64


def a_step(connection: asyncpg.Connection) -> AbstractAsyncContextManager[None]:
    return step(connection, timeout_ms=STEP_TIMEOUT_MS, is_awaited=False)


async def made_of(
    connection: asyncpg.Connection, own: Sequence[reading.Block]
) -> Chunk:
    chunk, sets = Chunk(), Sets()
    for at in range(0, len(own), STEP_BLOCKS):
        await _add_blocks(connection, chunk, sets, own[at : at + STEP_BLOCKS])
    async with a_step(connection):
        await sets.add(connection, chunk, own)
    return chunk


async def add_late(
    connection: asyncpg.Connection,
    chunk: Chunk,
    own: Sequence[reading.Block],
    ids: Sequence[UUID],
) -> None:
    """In a transaction: the logs *ids* are in blocks of *own*."""
    sets = Sets()
    await _add(connection, chunk, sets, reading.some_of(own, ids))
    await sets.add(connection, chunk, own)


class Sets:
    """Which blocks have which header sets: each is read once for all of them."""

    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}

    def note(self, place: int, ids: frozenset[int]) -> None:
        for id in ids:
            self._blocks[id] = self._blocks.get(id, 0) | 1 << place

    async def add(
        self,
        connection: asyncpg.Connection,
        chunk: Chunk,
        own: Sequence[reading.Block],
    ) -> None:
        if not self._blocks:
            return
        forms = await reading.header_sets(connection, list(self._blocks), own)
        for blocks, text in self._together(forms):
            for _ in chunk.adding_to(blocks, text):
                await give_way()

    def _together(self, forms: dict[int, bytes]) -> Iterator[tuple[int, bytes]]:
        """Those that the same blocks have; most have all."""
        together: dict[int, list[bytes]] = {}
        for id, form in forms.items():
            together.setdefault(self._blocks[id], []).append(form)
        for blocks, texts in together.items():
            yield blocks, b"\n".join(texts)


async def _add_blocks(
    connection: asyncpg.Connection,
    chunk: Chunk,
    sets: Sets,
    own: Sequence[reading.Block],
) -> None:
    try:
        async with a_step(connection):
            await _add(connection, chunk, sets, reading.all_of(own))
    except (asyncpg.DataError, asyncpg.ProgramLimitExceededError):
        if len(own) == 1:
            # What cannot be read here is looked at by whoever searches.
            chunk.add_all(own[0].place)
            return
        for each in own:
            await _add_blocks(connection, chunk, sets, [each])


async def _add(
    connection: asyncpg.Connection, chunk: Chunk, sets: Sets, some: reading.Which
) -> None:
    async for block in reading.read(connection, some):
        # In a thread it would hold the interpreter each time that the loop wants it.
        for _ in chunk.adding(block.place, block.text):
            await give_way()
        chunk.add_traits(block.place, block.traits)
        sets.note(block.place, block.sets)
