"""Doings of the event loop, in words of a closed set, and how long their steps take.

What has no word is not timed: the passing of exchanges itself, aiohttp, asyncpg.
"""

from time import perf_counter
from typing import Final

# Seconds; the last one is that of all that is longer.
EDGES: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


def place_of(seconds: float) -> int:
    """Which of EDGES is the first that is not shorter."""
    place = 0
    for edge in EDGES:
        if seconds <= edge:
            break
        place += 1
    return place


class Kind:
    """*word*, and its steps so far: *counts* of them by length, *seconds* in all."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.seconds = 0.0
        self.counts = [0] * (len(EDGES) + 1)

    def note(self, seconds: float) -> None:
        self.seconds += seconds
        self.counts[place_of(seconds)] += 1


NOTHING: Final = Kind("")
RECORD: Final = Kind("record")
RECORDER: Final = Kind("recorder")
INGEST: Final = Kind("ingest")
QUERY: Final = Kind("query")
EXPORT: Final = Kind("export")
PAGE: Final = Kind("page")
GARBAGE: Final = Kind("garbage")
READ_ON: Final = Kind("read on")
MESSAGES: Final = Kind("read messages")
KINDS: Final = (
    *(RECORD, RECORDER, INGEST, QUERY, EXPORT, PAGE),
    *(GARBAGE, READ_ON, MESSAGES),
)


class Doing:
    """What is done *now*; NOTHING where that has no word."""

    def __init__(self) -> None:
        self.now = NOTHING
        # How many writes the proxy had for clients and upstreams.
        self.served = 0
        self._since = 0.0

    def turn_to(self, kind: Kind) -> Kind:
        """What was done until now, to be turned to again: one within another splits it
        into two steps."""
        at = perf_counter()
        before = self.now
        if before is not NOTHING:
            before.note(at - self._since)
        self.now = kind
        self._since = at
        return before

    def lasted(self) -> float:
        """How long the step has taken so far."""
        return perf_counter() - self._since


DOING: Final = Doing()
