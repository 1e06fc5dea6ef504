"""Blocks of few logs, for tests of searches."""

from collections.abc import Iterable
from datetime import timedelta

from monitor.counters import Counters
from monitor.storage.blocks.grams import PART_SLICES, SLICE_BYTES, Chunk
from monitor.storage.blocks.upkeep import BlockUpkeep, Limits
from monitor.storage.database.pool import Database

# Logs of this moment, too, in blocks of one; what is late is added at once.
SMALL = Limits(lag=timedelta(hours=-1), block_logs=1, few_late=0)


async def make_blocks(database: Database, limits: Limits = SMALL) -> None:
    upkeep = BlockUpkeep(database, counters=Counters(), limits=limits)
    while await upkeep.step():
        pass


def slices_of(chunk: Chunk, places: Iterable[int]) -> dict[int, int]:
    parts = chunk.parts()
    found = {}
    for place in places:
        at = place % PART_SLICES * SLICE_BYTES
        bits = parts[place // PART_SLICES][at : at + SLICE_BYTES]
        found[place] = int.from_bytes(bits, "little")
    return found
