"""The watch over the event loop: how long its turns are, and what runs in long ones.

uvloop calls nobody at a turn's end. So a beat is due every 20 ms: the turn that delays
it is as long as it is late, and up to 20 ms longer. Whatever comes at any moment waits
as long as a beat that is due then: so beats see long turns as often as clients do. Most
of a turn was what monitor.loop.doing counted meanwhile. A thread looks when a beat is
long overdue, and notes which function the loop's thread is in.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitor.loop.doing import DOING, EDGES, KINDS, Kind
from monitor.loop.stack import stack_of

logger = logging.getLogger(__name__)

BEAT_S = 0.02
# Between two looks of the thread.
LOOK_S = 0.1
OVERDUE_S = 0.02
# Of a turn of 100 ms, whenever its beat was due: 90 ms late on average.
LONG_S = 0.09
# Of lines in the log about long turns: one, with a count of those since.
SAY_EVERY_S = 1.0
# What counts as recent.
RECENT_S = 300.0
OURS = frozenset({"proxy", "monitor", "api", "web"})
# Frames of these say nothing about what runs.
AROUND = frozenset(
    {"__main__", "appliance", "asyncio", "main", "runpy", "threading", "uvloop"}
)
WORKER = "proxy worker"
WAITING = "waiting"
# Late by less than this, a beat was delayed by nothing.
IDLE_S = EDGES[0]
IDLE = "idle"
MAX_DOINGS = 50
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Longest:
    """*doing* is the function that was seen in it, or empty."""

    seconds: float = 0.0
    doing: str = ""


class LoopWatch:
    """Of one process; *start* within its loop."""

    def __init__(self, on_long: Callable[[float], None] = lambda late_s: None) -> None:
        self._on_long = on_long
        # By the word of what ran in them.
        self._turns: dict[str, Kind] = {}
        self._spent = [0.0] * len(KINDS)
        self._ever = Longest()
        self._recent = Longest()
        self._before = Longest()
        self._since = time.monotonic()
        self._long: dict[str, int] = {}
        self._unsaid = 0
        self._said = 0.0
        self._seen = ""
        self._due = 0.0
        self._cpu_s = 0.0
        self._is_over = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._thread_id = 0
        self._watching: threading.Thread | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._cpu_s = time.thread_time()
        self._spent = [kind.seconds for kind in KINDS]
        self._set()
        self._watching = threading.Thread(
            target=self._watch, name="loop-watch", daemon=True
        )
        self._watching.start()

    def stop(self) -> None:
        self._is_over.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._watching is not None:
            self._watching.join()

    @property
    def ever(self) -> Longest:
        """The longest turn since the start."""
        return self._ever

    @property
    def recent(self) -> Longest:
        """The longest of the last five to ten minutes."""
        return max(self._recent, self._before, key=lambda each: each.seconds)

    @property
    def long_turns(self) -> dict[str, int]:
        """How many were longer than 100 ms, by what ran."""
        return dict(self._long)

    def note_worker(self, late_s: float) -> None:
        """A process that serves the proxy had a long turn; it says itself what ran."""
        self._turns.setdefault(WORKER, Kind(WORKER)).note(late_s)
        self._note_longest(late_s, WORKER)
        self._long[WORKER] = self._long.get(WORKER, 0) + 1

    @property
    def turns(self) -> Mapping[str, Kind]:
        """Beats by how late they were, by what ran most of that time: a word of
        monitor.loop.doing, "idle" or "other"; with "waiting" if it hardly ran."""
        return self._turns

    def _set(self) -> None:
        assert self._loop is not None
        self._due = time.monotonic() + BEAT_S
        self._timer = self._loop.call_later(BEAT_S, self._beat)

    def _beat(self) -> None:
        late_s = max(time.monotonic() - self._due, 0.0)
        seen, self._seen = self._seen, ""
        ran_s, self._cpu_s = time.thread_time() - self._cpu_s, time.thread_time()
        self._set()
        word = self._word(late_s)
        if late_s > IDLE_S and ran_s < late_s / 2:
            # The machine had no core for us, or a system call did not come back.
            word = f"{word}, {WAITING}"
            seen = seen and f"{WAITING} {seen}"
        self._turns.setdefault(word, Kind(word)).note(late_s)
        self._note_longest(late_s, seen or word)
        if late_s > LONG_S:
            self._note_long(late_s, seen or word)

    def _word(self, late_s: float) -> str:
        """What made a beat late: most of what was done since the one before."""
        before, self._spent = self._spent, [kind.seconds for kind in KINDS]
        if late_s <= IDLE_S:
            return IDLE
        spent = [now - then for now, then in zip(self._spent, before, strict=True)]
        most = max(spent)
        return KINDS[spent.index(most)].word if most > late_s / 2 else OTHER

    def _note_longest(self, late_s: float, doing: str) -> None:
        now = time.monotonic()
        if now - self._since > RECENT_S:
            self._before, self._recent, self._since = self._recent, Longest(), now
        if late_s > self._recent.seconds:
            self._recent = Longest(late_s, doing)
        if late_s > self._ever.seconds:
            self._ever = Longest(late_s, doing)

    def _note_long(self, late_s: float, doing: str) -> None:
        self._on_long(late_s)
        now = time.monotonic()
        is_known = doing in self._long or len(self._long) < MAX_DOINGS
        name = doing if is_known else OTHER
        self._long[name] = self._long.get(name, 0) + 1
        if now - self._said < SAY_EVERY_S:
            self._unsaid += 1
            return
        more, self._unsaid, self._said = self._unsaid, 0, now
        logger.warning(
            "a turn of the event loop was long",
            extra={"ms": round(late_s * 1000), "doing": name, "unsaid_before": more},
        )

    def _watch(self) -> None:
        """In a thread of its own."""
        while not self._is_over.wait(LOOK_S):
            if time.monotonic() - self._due < OVERDUE_S or self._seen:
                continue
            # Compiled code has no frame, and a word while it runs.
            named = _named(stack_of(self._thread_id))
            self._seen = f"{DOING.now.word}: {named}".strip(": ") or OTHER


def _named(stack: list[str]) -> str:
    """The innermost function of ours that has a frame, or the innermost of all."""
    innermost = ""
    for name in stack:
        root = name.partition(".")[0]
        if root in OURS:
            return name
        if not innermost and root not in AROUND:
            innermost = name
    return innermost
