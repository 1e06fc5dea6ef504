"""A fair queue: many senders share what one process can do."""

import asyncio
import math
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from itertools import islice

from monitor.errors import TooManyRequests
from monitor.loop.deadlines import Deadlines

# A sender counts as present for so long after its last turn.
PRESENT_S = 1.0
# Of the places: what one sender may hold while it is alone, and while it is not. Little
# work of others then stands before anyone's.
ALONE_SHARE = 2
SHARED_SHARE = 32

Waiting = OrderedDict[asyncio.Future[None], None]


class FairQueue:
    """A bounded number of places, given in turn to the senders that wait for one.

    Each sender has a queue of its own, bounded too, so that one that sends too much
    fills its own and nobody else's.
    """

    def __init__(self, *, places: int, most_waiting: int) -> None:
        self._places = places
        self._most_waiting = most_waiting
        self._held: Counter[Hashable] = Counter()
        self._waiting: OrderedDict[Hashable, Waiting] = OrderedDict()
        self._seen: OrderedDict[Hashable, float] = OrderedDict()
        self._deadlines = Deadlines()

    @asynccontextmanager
    async def turn(self, sender: Hashable) -> AsyncIterator[None]:
        """A place for the block. Raises TooManyRequests where the queue is full."""
        await self.enter(sender)
        try:
            yield
        finally:
            self.leave(sender)

    async def enter(self, sender: Hashable, *, until: float = math.inf) -> None:
        """Hold a place from here until *leave*; *until* is by the loop's clock.

        Raises TooManyRequests where the queue is full, and TimeoutError.
        """
        self._see(sender)
        if sender in self._waiting or not self._has_place(sender):
            await self._wait(sender, until)
        else:
            self._held[sender] += 1

    async def _wait(self, sender: Hashable, until: float) -> None:
        """In the queue of *sender*; the place is held when this returns."""
        queue = self._waiting.setdefault(sender, OrderedDict())
        if len(queue) >= self._most_waiting:
            raise TooManyRequests(
                "INGEST_WAITING logs of this key wait to be stored", retry_after_s=1
            )
        turn = asyncio.get_running_loop().create_future()
        queue[turn] = None
        try:
            await self._deadlines.wait(turn, until)
        except (asyncio.CancelledError, TimeoutError):
            if turn.done() and not turn.cancelled() and not turn.exception():
                self.leave(sender)
            self._forget(sender, turn)
            raise

    def leave(self, sender: Hashable) -> None:
        """The place is free."""
        self._held[sender] -= 1
        if not self._held[sender]:
            del self._held[sender]
        self._see(sender)
        self._give()

    def _give(self) -> None:
        """Free places to those that wait, one to each sender in turn."""
        passed_over = 0
        while passed_over < len(self._waiting) and self._held.total() < self._places:
            sender = next(iter(self._waiting))
            self._waiting.move_to_end(sender)
            if not self._has_place(sender):
                passed_over += 1
                continue
            passed_over = 0
            turn = next(iter(self._waiting[sender]))
            self._forget(sender, turn)
            # One that was given up a moment ago has not left the queue by itself yet.
            if not turn.done():
                self._held[sender] += 1
                turn.set_result(None)

    def _has_place(self, sender: Hashable) -> bool:
        is_alone = self._present() <= {sender}
        share = ALONE_SHARE if is_alone else SHARED_SHARE
        most = max(self._places // share, 1)
        return self._held[sender] < most and self._held.total() < self._places

    def _present(self) -> set[Hashable]:
        """Two of those that sent a moment ago: enough to know who is alone."""
        oldest = time.monotonic() - PRESENT_S
        while self._seen and next(iter(self._seen.values())) < oldest:
            self._seen.popitem(last=False)
        return set(islice(self._seen, 2))

    def _see(self, sender: Hashable) -> None:
        self._seen[sender] = time.monotonic()
        self._seen.move_to_end(sender)

    def _forget(self, sender: Hashable, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(sender)
        if queue is None:
            return
        queue.pop(turn, None)
        if not queue:
            del self._waiting[sender]
