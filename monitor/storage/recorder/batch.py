"""Batches of a segment's records, as many as one transaction takes."""

from monitor.loop.giving_way import give_way
from monitor.spool.segments import READ_BYTES, Segment
from monitor.storage.ledger.outcomes import Record, records_of

# A transaction costs both sides a millisecond, whatever is in it.
BATCH_BYTES = 8 * 1024 * 1024


async def next_batch(
    segment: Segment, start: int, *, over_damage: bool
) -> list[Record]:
    """What follows *start*, a little at a time: the event loop serves others too."""
    records: list[Record] = []
    position = start
    while position - start < BATCH_BYTES:
        frames = segment.read(position, limit_bytes=READ_BYTES, over_damage=over_damage)
        if not frames:
            break
        records += records_of(frames, position)
        position = frames[-1].end
        await give_way()
    return records
