"""Who waits for a commit is told of it, once it was there to be told."""

import asyncio

from monitor.storage.database.pool import Database
from monitor.storage.logs.feed import Feed


async def test_what_is_committed_after_it_was_asked_for_is_not_missed(
    database: Database,
) -> None:
    feed = Feed(database, retained=10)
    first, second = feed.coming(), feed.coming()
    feed.wake()
    await asyncio.wait_for(asyncio.gather(first, second), 60)
    later = feed.coming()
    assert not later.done()
    # One that no longer waits takes nothing from the others.
    waiting = asyncio.create_task(feed.news(60))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    feed.wake()
    await asyncio.wait_for(later, 60)
