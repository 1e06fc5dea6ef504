"""Coverage: from which moment on the rollups hold all logs."""

from datetime import UTC, date, datetime

import asyncpg

# Before and after all that logs are dated: their ids carry milliseconds since then.
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


async def complete_from(connection: asyncpg.Connection) -> datetime:
    """Logs before that are to be counted by themselves: not filled in yet, or what is
    left of days that were dropped. A whole hour, as this snapshot has it.
    """
    return max(await filled_from(connection), await dropped_before(connection))


async def filled_from(connection: asyncpg.Connection) -> datetime:
    moment: datetime = await connection.fetchval("SELECT filled_from FROM rollup_state")
    return moment


async def dropped_before(connection: asyncpg.Connection) -> datetime:
    """Where the days begin that are there."""
    day: date = await connection.fetchval(
        "SELECT before FROM attics WHERE name = 'logs'"
    )
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
