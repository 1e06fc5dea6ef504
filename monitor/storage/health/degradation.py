"""Degradation: what of the appliance is, known without asking anyone."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.ledger.account import Account, lost, named, spooled_bytes_of
from monitor.spool.segments import held_bytes, segments
from monitor.spool.tallies import Tallies
from monitor.spool.tally import DROPPED
from monitor.spool.writer import Step, step_after
from monitor.storage.database.pool import Database
from monitor.storage.ledger.books import Books
from monitor.storage.recorder.recorder import Recorder

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
ACCOUNT_EVERY = 10
RATE_OVER_S = 300.0
DROPS_OVER_S = 600.0
STEPS = {
    Step.SHED_SUCCESSFUL: "bodies of successful exchanges are not kept",
    Step.SHED_ALL: "no bodies are kept",
    Step.FULL: "no records are kept",
}


@dataclass(frozen=True, slots=True)
class Degradation:
    """Something that is not as it should be, in words for a person."""

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Look:
    """What was counted at *at* (of time.monotonic())."""

    at: float
    appended_bytes: int
    lost: int


@dataclass(frozen=True, slots=True)
class SpoolState:
    """*bytes_per_s*: what was appended lately; *left_s*: how long the room lasts at
    that rate while nothing can be recorded, None where nothing comes."""

    held_bytes: int = 0
    limit_bytes: int = 0
    segments: int = 0
    step: Step = Step.ALL
    bytes_per_s: float = 0.0

    @property
    def left_s(self) -> float | None:
        if not self.bytes_per_s:
            return None
        return max(0, self.limit_bytes - self.held_bytes) / self.bytes_per_s


class Health:
    """Looks once a second; whoever asks gets what was seen last."""

    def __init__(
        self,
        *,
        trouble: Callable[[], str],
        database: Database,
        recorder: Recorder,
        books: Books,
        tallies: Tallies,
        spool: Path,
        limit_bytes: int,
    ) -> None:
        self._trouble = trouble
        self._database = database
        self._recorder = recorder
        self._books = books
        self._tallies = tallies
        self._directory = spool
        self._limit_bytes = limit_bytes
        self._looks: deque[Look] = deque(maxlen=int(DROPS_OVER_S / LOOK_EVERY_S))
        self._is_open_twice = False
        self.spool = SpoolState(limit_bytes=limit_bytes)
        self.account: Account | None = None

    async def run(self) -> None:
        """For ever."""
        turn = 0
        while True:
            try:
                await asyncio.to_thread(self._look)
                if turn % ACCOUNT_EVERY == 0:
                    await self.look_closely()
            except OSError as error:
                # Out of file descriptors, say: to look can wait.
                logger.debug("not seen", extra={"reason": error.strerror})
            turn += 1
            await asyncio.sleep(LOOK_EVERY_S)

    async def look_closely(self, *, timeout_s: float = 2.0) -> Account:
        """The ledger as it is now; PostgreSQL is waited for no longer than that."""
        was_open = self.account is not None and self.account.total.is_closed is False
        account = await self._books.account(timeout_s=timeout_s)
        self._is_open_twice = was_open and account.total.is_closed is False
        self.account = account
        return account

    async def write_off(self) -> Account:
        """As the books do it; the banner goes with it. Raises Unavailable."""
        self.account = await self._books.write_off()
        self._is_open_twice = False
        return self.account

    @property
    def write_lag_s(self) -> float:
        """How old the oldest record is that is not in PostgreSQL, when last counted."""
        if self.account is None or self.account.oldest_spooled_ms is None:
            return 0.0
        return max(0.0, time.time() - self.account.oldest_spooled_ms / 1000)

    def conditions(self) -> list[Degradation]:
        """All that is degraded now, the worst first."""
        found = (
            self._database_away(),
            self._recording_waits(),
            self._drops(),
            self._shedding(),
            self._open(),
            self._dead_letters(),
        )
        return [condition for condition in found if condition is not None]

    def _look(self) -> None:
        counts = self._tallies.counts()
        stored = self._books.stored
        dropped = named(counts, DROPPED)
        dropped |= named(stored.counts, DROPPED) if stored else {}
        self._looks.append(
            Look(time.monotonic(), spooled_bytes_of(counts), lost(dropped))
        )
        held = held_bytes(self._directory)
        self.spool = SpoolState(
            held_bytes=held,
            limit_bytes=self._limit_bytes,
            segments=len(segments(self._directory)),
            step=step_after(self.spool.step, held, self._limit_bytes),
            bytes_per_s=self._rate(),
        )

    def _rate(self) -> float:
        last = self._looks[-1]
        first = next(look for look in self._looks if last.at - look.at <= RATE_OVER_S)
        passed_s = last.at - first.at
        appended = last.appended_bytes - first.appended_bytes
        return appended / passed_s if passed_s else 0.0

    def _database_away(self) -> Degradation | None:
        if self._database.is_up:
            return None
        trouble = self._trouble()
        why = f"It does not run ({trouble}) and is tried again. " if trouble else ""
        return Degradation(
            "database_away",
            "PostgreSQL is away.",
            f"{why}The proxy goes on serving and keeps what passes in its spool; "
            "nothing can be read until PostgreSQL is back.",
        )

    def _recording_waits(self) -> Degradation | None:
        reason = self._recorder.waits_for
        if reason is None or not self._database.is_up:
            return None
        return Degradation(
            "recording_waits",
            "Recording waits.",
            f"PostgreSQL answers but does not take records ({reason}); they are kept "
            "in the spool.",
        )

    def _drops(self) -> Degradation | None:
        if not self._looks:
            return None
        dropped = self._looks[-1].lost - self._looks[0].lost
        if not dropped:
            return None
        return Degradation(
            "drops",
            "Records were dropped.",
            f"{dropped:,} in the last 10 minutes; the ledger says why.",
        )

    def _shedding(self) -> Degradation | None:
        if self.spool.step is Step.ALL:
            return None
        share = self.spool.held_bytes / self.spool.limit_bytes
        return Degradation(
            "spool_filling",
            "The spool is filling.",
            f"It holds {share:.0%} of SPOOL_LIMIT_BYTES: {STEPS[self.spool.step]}.",
        )

    def _open(self) -> Degradation | None:
        if not self._is_open_twice or self.account is None:
            return None
        return Degradation(
            "ledger_open",
            "The ledger does not close.",
            self.account.explanation or "",
        )

    def _dead_letters(self) -> Degradation | None:
        kept = self.account.total.dead_letter if self.account else 0
        if not kept:
            return None
        return Degradation(
            "dead_letters",
            "PostgreSQL refused records.",
            f"{kept:,} are kept as dead letters: apimonitor deadletter list.",
        )
