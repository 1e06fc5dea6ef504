"""Records that PostgreSQL will never take, which are kept apart as dead letters."""

import logging

import asyncpg

from monitor.storage.ledger.dead_letters import DeadLetters, LettersFull
from monitor.storage.ledger.outcomes import LETTERS_FULL, Record, damaged
from monitor.storage.ledger.totals import Key
from monitor.trouble import Trouble

logger = logging.getLogger(__name__)


class Refusals:
    def __init__(self, dead_letters: DeadLetters) -> None:
        self._dead_letters = dead_letters
        self._trouble = Trouble(
            "records are refused: `apimonitor deadletter list` shows them",
            "no record has been refused for a minute",
            logger=logger,
            settled_s=60.0,
        )

    def passed(self) -> None:
        """A batch was taken."""
        self._trouble.passed()

    def keep(self, record: Record, error: Exception) -> dict[Key, int]:
        """Before moving on; what is to be counted of it."""
        frame, id = record.frame, record.exchange.id if record.exchange else None
        reason = type(error).__name__
        counts: dict[Key, int] = damaged(frame.damage)
        if isinstance(error, asyncpg.UniqueViolationError):
            # From an older copy of the data directory: it is stored, and counted.
            self._trouble.met("stored already")
            return counts
        try:
            self._dead_letters.append(id, frame.label, reason, frame.payload)
        except LettersFull:
            counts[frame.label, LETTERS_FULL] = 1
        self._trouble.met(reason)
        return counts
