"""The account: where each exchange that ended is now, and whether it closes."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from monitor.spool.segments import NOBODY
from monitor.spool.tally import (
    DROPPED,
    FINISHED,
    IN_FLIGHT,
    SHED,
    SPOOLED_BYTES,
    UNROUTED,
    Counts,
)

STORED = "stored"
TORN = "torn"
# Of what was stored: what someone had removed. Retention is not counted.
DELETED = "deleted"
# Reasons for which a record is not kept because someone wanted it so.
WRITTEN_OFF = "written_off"
WANTED = frozenset({"recording_off", "service_deleted", "discarded", WRITTEN_OFF})


@dataclass(slots=True, kw_only=True)
class Line:
    """One service, or all. *finished* is counted where exchanges end, the rest where
    their records are."""

    finished: int = 0
    stored: int = 0
    # Of *stored*, what someone had removed since.
    deleted: int = 0
    spooled: int = 0
    dead_letter: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    bodies_shed: dict[str, int] = field(default_factory=dict)
    # Whether what had ended before the counting is accounted for, and no more than
    # what had ended after it; by how much it is not.
    is_closed: bool | None = None
    gap: int = 0

    @property
    def difference(self) -> int:
        """Above 0: ended, and not accounted for."""
        dropped = sum(self.dropped.values())
        return self.finished - self.stored - self.spooled - self.dead_letter - dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The ledger of a moment. *stored_at*: when PostgreSQL was asked, if it was."""

    at: datetime
    stored_at: datetime | None
    is_away: bool
    total: Line
    lines: Mapping[UUID, Line]
    unrouted: Mapping[str, int]
    torn: int
    spooled_bytes: int
    oldest_spooled_ms: int | None

    @property
    def explanation(self) -> str | None:
        """Why the figures do not add up now; None where they do."""
        if self.stored_at is None:
            return "PostgreSQL could not be asked yet for what is stored."
        if self.is_away:
            return "PostgreSQL is away: what is stored is as of the time given."
        if self.total.is_closed and self.total.difference:
            ended = abs(self.total.difference)
            return f"{ended} exchanges ended while this was counted."
        if not self.total.is_closed:
            return (
                "What ended and what became of it differ: records were lost with the "
                "machine, or PostgreSQL and DATA_DIR are not of the same time."
            )
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the ledger is made from. *before* and *after*: the processes' counts,
    before and after the rest was counted; *stored*: PostgreSQL's."""

    before: Counts
    stored: Mapping[tuple[UUID, str], int]
    spooled: Mapping[UUID, int]
    dead_letters: Mapping[UUID, int]
    after: Counts


def lines_of(counted: Counted) -> dict[UUID, Line]:
    """A line for each service that anything was counted for."""
    lines: dict[UUID, Line] = defaultdict(Line)
    for (id, word), n in counted.after.items():
        _count_process(lines[id], word, n)
    for (id, word), n in counted.stored.items():
        _count_stored(lines[id], word, n)
    for id, n in counted.spooled.items():
        lines[id].spooled += n
    for id, n in counted.dead_letters.items():
        lines[id].dead_letter += n
    for id, line in lines.items():
        line.gap = _gap(line, _ended(counted.before, id), counted.after, id)
        line.is_closed = not line.gap
    lines.pop(NOBODY, None)
    return dict(lines)


def total_of(lines: Mapping[UUID, Line]) -> Line:
    """The sum of all lines; closed where each is."""
    total = Line(is_closed=all(line.is_closed for line in lines.values()))
    for line in lines.values():
        total.finished += line.finished
        total.stored += line.stored
        total.deleted += line.deleted
        total.spooled += line.spooled
        total.dead_letter += line.dead_letter
        total.in_flight += line.in_flight
        for reason, n in line.dropped.items():
            _add(total.dropped, reason, n)
        for step, n in line.bodies_shed.items():
            _add(total.bodies_shed, step, n)
    return total


def named(counts: Mapping[tuple[UUID, str], int], prefix: str) -> dict[str, int]:
    """The counts of all words that begin with *prefix*, without it."""
    found: dict[str, int] = {}
    for (_, word), n in counts.items():
        if word.startswith(prefix):
            _add(found, word.removeprefix(prefix), n)
    return found


def unrouted_of(counts: Counts) -> dict[str, int]:
    return named(counts, UNROUTED)


def spooled_bytes_of(counts: Counts) -> int:
    """What was appended to the spool, ever."""
    return counts.get((NOBODY, SPOOLED_BYTES), 0)


def lost(dropped: Mapping[str, int]) -> int:
    """Of *dropped*, what nobody wanted."""
    return sum(n for reason, n in dropped.items() if reason not in WANTED)


def _count_stored(line: Line, word: str, n: int) -> None:
    if word == STORED:
        line.stored += n
    elif word == DELETED:
        line.deleted += n
    elif word.startswith(DROPPED):
        _add(line.dropped, word.removeprefix(DROPPED), n)


def _count_process(line: Line, word: str, n: int) -> None:
    if word == FINISHED:
        line.finished += n
    elif word == IN_FLIGHT:
        line.in_flight += n
    elif word.startswith(DROPPED):
        _add(line.dropped, word.removeprefix(DROPPED), n)
    elif word.startswith(SHED):
        _add(line.bodies_shed, word.removeprefix(SHED), n)


def _gap(line: Line, ended_before: int, after: Counts, id: UUID) -> int:
    """Records only: what a process dropped itself, it counted in the same breath."""
    dropped_later = sum(line.dropped.values()) - sum(
        n for word, n in _dropped(after, id).items()
    )
    records = line.stored + line.spooled + line.dead_letter + dropped_later
    if records < ended_before:
        return ended_before - records
    return min(0, _ended(after, id) - records)


def _ended(counts: Counts, id: UUID) -> int:
    """How many ended with a record."""
    return counts.get((id, FINISHED), 0) - sum(_dropped(counts, id).values())


def _dropped(counts: Counts, id: UUID) -> dict[str, int]:
    return {w: n for (i, w), n in counts.items() if i == id and w.startswith(DROPPED)}


def _add(counts: dict[str, int], name: str, n: int) -> None:
    counts[name] = counts.get(name, 0) + n
