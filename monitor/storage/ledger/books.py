"""The books of the ledger: what ended, and where its records are now."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from monitor.errors import Unavailable
from monitor.ledger.account import (
    TORN,
    WRITTEN_OFF,
    Account,
    Counted,
    lines_of,
    spooled_bytes_of,
    total_of,
    unrouted_of,
)
from monitor.spool.segments import NOBODY, Content, segments
from monitor.spool.tallies import Tallies
from monitor.spool.tally import DROPPED
from monitor.storage.database.pool import RETRY_AFTER_S, Database
from monitor.storage.database.shares import Share
from monitor.storage.ledger.dead_letters import DeadLetters
from monitor.storage.ledger.totals import LedgerTotals, Stored

# The recorder may remove a segment, or put a letter aside, while it is counted.
TRIES = 5
PAUSE_S = 0.05
NOTHING = Stored({}, {}, datetime.fromtimestamp(0, UTC))


@dataclass(frozen=True, slots=True)
class Spooled:
    """The records that are not in PostgreSQL yet."""

    by_service: Counter[UUID]
    oldest_ms: int | None


class Books:
    """Counts; PostgreSQL is asked for *timeout_s* at most, and not while it is away."""

    def __init__(
        self,
        database: Database,
        *,
        ledger: LedgerTotals,
        tallies: Tallies,
        dead_letters: DeadLetters,
        spool: Path,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._tallies = tallies
        self._dead_letters = dead_letters
        self._spool = spool
        self._contents: dict[str, tuple[int, Content]] = {}
        self._counting = asyncio.Lock()
        self.stored: Stored | None = None

    async def account(self, *, timeout_s: float = 2.0) -> Account:
        """The ledger now; counted again where something moved meanwhile."""
        async with self._counting:
            for _ in range(TRIES):
                account, is_steady = await self._count(timeout_s)
                if is_steady and (account.is_away or account.total.is_closed):
                    break
                await asyncio.sleep(PAUSE_S)
            return account

    async def write_off(self) -> Account:
        """Close a ledger that stays open: what is missing is counted as such.

        Raises Unavailable.
        """
        account = await self.account()
        missing = {
            (id, f"{DROPPED}{WRITTEN_OFF}"): line.gap
            for id, line in account.lines.items()
        }
        if account.is_away:
            raise Unavailable("PostgreSQL is away", retry_after_s=RETRY_AFTER_S)
        async with self._database.connection() as connection:
            await self._ledger.add(connection, missing)
        return await self.account()

    async def _count(self, timeout_s: float) -> tuple[Account, bool]:
        before = await asyncio.to_thread(self._tallies.counts)
        names = _names(self._spool)
        is_away = not await self._ask(timeout_s)
        stored = self.stored or NOTHING
        spooled = await asyncio.to_thread(self._spooled, stored)
        letters = self._dead_letters.counts()
        is_steady = names <= _names(self._spool)
        after = await asyncio.to_thread(self._tallies.counts)
        counted = Counted(
            before=before,
            stored=stored.counts,
            spooled=spooled.by_service,
            dead_letters=letters,
            after=after,
        )
        lines = lines_of(counted)
        total = total_of(lines)
        if is_away:
            for line in (total, *lines.values()):
                line.is_closed = None
        return Account(
            at=datetime.now(UTC),
            stored_at=self.stored.at if self.stored else None,
            is_away=is_away,
            total=total,
            lines=lines,
            unrouted=unrouted_of(after),
            torn=stored.counts.get((NOBODY, TORN), 0),
            spooled_bytes=spooled_bytes_of(after),
            oldest_spooled_ms=spooled.oldest_ms,
        ), is_steady

    async def _ask(self, timeout_s: float) -> bool:
        """Whether PostgreSQL said what it has; what it said last is kept."""
        if not self._database.is_up:
            return False
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._database.reading(
                    Share.LOOKUPS, timeout_s=timeout_s, held_s=timeout_s
                ) as connection,
            ):
                self.stored = await self._ledger.stored(connection)
        except (Unavailable, TimeoutError):
            return False
        return True

    def _spooled(self, stored: Stored) -> Spooled:
        """What is behind the recorded positions; only what is new is read."""
        by_service: Counter[UUID] = Counter()
        oldest: list[int] = []
        contents: dict[str, tuple[int, Content]] = {}
        for segment in segments(self._spool):
            position = stored.positions.get(segment.name, 0)
            known = self._contents.get(segment.name)
            try:
                if known is not None and known[0] == position:
                    content = known[1]
                    content.add(segment.content(content.end))
                else:
                    content = segment.content(position)
            except FileNotFoundError:
                continue
            contents[segment.name] = position, content
            by_service.update(content.labels)
            if content.oldest_ms is not None:
                oldest.append(content.oldest_ms)
        self._contents = contents
        return Spooled(by_service, min(oldest, default=None))


def _names(directory: Path) -> set[str]:
    return {segment.name for segment in segments(directory)}
