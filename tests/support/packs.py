"""Packs of few bodies, for tests of who reads bodies."""

from datetime import UTC, datetime, timedelta

from monitor.counters import Counters
from monitor.storage.database.pool import Database
from monitor.storage.packs.packing import BodyPacking, Pace

# Bodies of this moment, too.
SMALL = Pace(after=timedelta(hours=-1), per_second=1_000_000, pack_logs=3)


async def pack_bodies(
    database: Database, pace: Pace = SMALL, now: datetime | None = None
) -> BodyPacking:
    """Those that make whole packs, and of days that are over all."""
    packing = BodyPacking(database, counters=Counters(), pace=pace)
    while await packing.step(now or datetime.now(UTC)):
        pass
    return packing


async def packed(database: Database) -> int:
    """How many are in packs."""
    async with database.connection() as connection:
        count: int = await connection.fetchval(
            "SELECT coalesce(sum(cardinality(ids)), 0) FROM body_packs"
        )
    return count
