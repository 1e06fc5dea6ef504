"""Shares of the pool: who may hold how many of its connections at once."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Share(StrEnum):
    """What a connection is for; those of WITHIN are a part of another's share."""

    WRITES = "writes"
    # Batches and upkeep hold theirs for long.
    LONG_WRITES = "long_writes"
    # What a commit has to learn before it is over: of who holds one of WRITES already.
    NAMES = "names"
    # By a key: over in a millisecond, but for a sick PostgreSQL.
    LOOKUPS = "lookups"
    # Along an index, for a moment.
    LISTS = "lists"
    # Step by step, as long as there are logs: each step is a turn of its own.
    SEARCHES = "searches"


WITHIN: Mapping[Share, Share] = {
    Share.LONG_WRITES: Share.WRITES,
    Share.LISTS: Share.LOOKUPS,
    Share.SEARCHES: Share.LISTS,
}
# Of a pool, what reads hold at most, where no setting says so.
READ_SHARE = 0.3
# A smaller pool is a command's, which does one thing at a time.
LEAST_SHARED = 3
MOST_REST_S = 0.5
# Of what writes hold: for the recorder, and for pushes.
FOR_COMMITS = 2


@dataclass(slots=True)
class Places:
    """*refused*: who waited too long for one."""

    limit: int
    held: int = 0
    waiting: int = 0
    refused: int = 0
    free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.free = asyncio.Semaphore(self.limit)


class Shares:
    """First come, first served, within each share.

    What reads hold writes never wait for, nor the other way round: together the shares
    are the pool. What is soon over waits for no search either.
    """

    def __init__(
        self, size: int, *, reads: int | None = None, searches: int | None = None
    ) -> None:
        if size < LEAST_SHARED:
            reads = writes = size
        else:
            reads = reads or max(int(size * READ_SHARE), 1)
            writes = size - reads - 1
        lists = max(reads - 1, 1)
        self.of = {
            Share.WRITES: Places(writes),
            Share.LONG_WRITES: Places(max(writes - FOR_COMMITS, 1)),
            Share.NAMES: Places(1),
            Share.LOOKUPS: Places(reads),
            Share.LISTS: Places(lists),
            Share.SEARCHES: Places(max(min(searches or 1, lists - 1), 1)),
        }

    async def enter(self, share: Share) -> None:
        """Hold a place of *share* from here until *leave*."""
        entered: list[Places] = []
        try:
            for places in self._ways(share):
                await _take(places)
                entered.append(places)
        except BaseException:
            _give_back(entered)
            raise

    def leave(self, share: Share) -> None:
        _give_back(self._ways(share))

    async def rest(self, share: Share, took_s: float) -> None:
        """A step of a search is over that took so long: while something is stored, it
        leaves PostgreSQL's cores to that for as long, and its place empty.
        """
        writes = self.of[Share.WRITES]
        if share is Share.SEARCHES and (writes.held or writes.waiting):
            await asyncio.sleep(min(took_s, MOST_REST_S))

    def refused(self, share: Share) -> None:
        self.of[share].refused += 1

    def _ways(self, share: Share) -> list[Places]:
        """The narrowest first: who waits for it holds no place of others."""
        ways = [self.of[share]]
        while (outer := WITHIN.get(share)) is not None:
            ways.append(self.of[outer])
            share = outer
        return ways


async def _take(places: Places) -> None:
    places.waiting += 1
    try:
        await places.free.acquire()
    finally:
        places.waiting -= 1
    places.held += 1


def _give_back(entered: Iterable[Places]) -> None:
    for places in entered:
        places.held -= 1
        places.free.release()
