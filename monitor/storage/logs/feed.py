"""The feed: in which order logs were committed, for those who follow them live."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from monitor.storage.blocks.late import NOTED
from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.database.shares import Share

# Ids in a row: what a follower reads at once.
ROW_IDS = 500
READ_ROWS = 4


@dataclass(frozen=True, slots=True)
class FeedPart:
    """*ids* in commit order; *position* is that of the last one."""

    position: int
    ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class FeedEnds:
    """What is there to be read: all after *oldest*, up to *newest*."""

    oldest: int
    newest: int


async def append(connection: asyncpg.Connection, keys: Sequence[bytes]) -> None:
    """Give logs their positions, by their *keys*: the last thing before the commit.

    From here to the commit, other commits wait: so positions are in commit order, and
    one that is seen has all lower ones before it. Those whose block of the search is
    made already are noted.
    """
    for start in range(0, len(keys), ROW_IDS):
        part = keys[start : start + ROW_IDS]
        await connection.execute(
            f"""
            WITH given AS (
                SELECT $2::text::uuid[] AS ids
            ), head AS (
                UPDATE feed_head SET position = position + $1 RETURNING position
            ), late AS ({NOTED.format(ids="(SELECT ids FROM given)")})
            INSERT INTO feed (position, ids)
            SELECT head.position, given.ids FROM head, given
            """,
            len(part),
            # In one piece: asyncpg calls a function for each member of an array.
            "{" + ",".join([key.hex() for key in part]) + "}",
        )


class Feed:
    """Who reads it waits for news of this process, and looks now and then for others'.

    Only the newest *retained* positions are held.
    """

    def __init__(self, database: Database, *, retained: int) -> None:
        self._database = database
        self._retained = retained
        self._news: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """Something was committed."""
        news, self._news = self._news, None
        if news is not None and not news.done():
            news.set_result(None)

    def coming(self) -> asyncio.Future[None]:
        """What is done with the next commit here: others wait for it, too."""
        if self._news is None:
            self._news = asyncio.get_running_loop().create_future()
        return self._news

    async def news(self, timeout_s: float) -> None:
        """Wait until something was committed here, or *timeout_s* is over."""
        await asyncio.wait([self.coming()], timeout=timeout_s)

    async def ends(self) -> FeedEnds:
        async with self._database.reading(Share.LOOKUPS) as connection:
            row = await connection.fetchrow(
                """
                SELECT (SELECT position FROM feed_head) AS newest,
                       (SELECT min(position - cardinality(ids))
                          FROM (SELECT position, ids
                                  FROM feed
                                 ORDER BY position
                                 LIMIT 1) AS first) AS oldest
                """
            )
        assert row is not None
        newest: int = row["newest"]
        return FeedEnds(newest if row["oldest"] is None else row["oldest"], newest)

    async def after(self, position: int) -> list[FeedPart]:
        """What follows *position*, oldest first, a bounded part of it."""
        async with self._database.reading(Share.LOOKUPS) as connection:
            rows = await connection.fetch(
                """
                SELECT position, ids
                  FROM feed
                 WHERE position > $1
                 ORDER BY position
                 LIMIT $2
                """,
                position,
                READ_ROWS,
            )
        return [_part(row, position) for row in rows]

    async def forget(self) -> None:
        """Remove what is older than the newest *retained* positions."""
        async with self._database.connection(held_s=NO_DEADLINE) as connection:
            await connection.execute(
                """
                DELETE FROM feed
                 WHERE position <= (SELECT position FROM feed_head) - $1
                """,
                self._retained,
            )


def _part(row: asyncpg.Record, after: int) -> FeedPart:
    """Without the ids that stand at or before *after*."""
    position, ids = row["position"], row["ids"]
    left = min(position - after, len(ids))
    return FeedPart(position, tuple(ids[len(ids) - left :]))
