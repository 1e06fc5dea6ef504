"""What the address of a list asks for: of /v1, and of the page alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor import times
from monitor.logs.filter import PAGE
from monitor.logs.parameter import Parameter, read, refuse
from web.listing import columns
from web.listing.columns import Column
from web.views import windows

Pairs = list[tuple[str, str]]
# The table follows what comes in; all else of the address is the list's own.
LIVE = ("live", "true")
PAUSED = ("live", "false")
# The page waits for its counts, however long they take: without scripts it is asked so.
COUNTED = ("counts", "wait")
FURTHER = ("cursor", "offset")
OWN = ("range", "columns", "tz")
# How the list looks, which narrows nothing.
LOOKS = ("columns", "tz")
ENDS = ("since", "until")
SHOWN = {"range": Parameter(windows.preset), "tz": Parameter(windows.zone)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """*pairs*: all of the address; *given*: without whether it is live.

    *called*: what /v1 is asked, a range turned into the time that it begins with.
    """

    pairs: Pairs
    given: Pairs
    called: Pairs
    range: str | None
    columns: tuple[Column, ...]

    @property
    def filters(self) -> dict[str, str]:
        """What the reader chose to see: all but the page of the list and its look."""
        return {n: v for n, v in self.given if n not in PAGE and n not in LOOKS}

    @property
    def zone(self) -> Pairs:
        """Whose clock the times are shown by, where the address says it."""
        return [pair for pair in self.given if pair[0] == "tz"]

    @property
    def called_filters(self) -> dict[str, str]:
        return {n: v for n, v in self.called if n not in PAGE}

    @property
    def has_ends(self) -> bool:
        return any(name in ENDS for name, _ in self.given)

    @property
    def is_further(self) -> bool:
        return any(name in FURTHER for name, _ in self.given)

    @property
    def waits_for_counts(self) -> bool:
        return COUNTED in self.pairs

    @property
    def is_live(self) -> bool:
        """What is older does not change."""
        return PAUSED not in self.pairs and not self.is_further

    def link(self, *changed: tuple[str, str], without: Sequence[str] = ()) -> Pairs:
        """The address with *changed*, from its beginning."""
        left_out = {*without, *(name for name, _ in changed), *PAGE} - {"limit"}
        kept = [pair for pair in self.given if pair[0] not in left_out]
        return [*kept, *(pair for pair in changed if pair[1])]


def asked(query: Sequence[tuple[str, str]], now: datetime) -> Asked:
    """A range that is none is found by *check*."""
    pairs = [(name, value) for name, value in query if value]
    given = [pair for pair in pairs if pair not in (LIVE, PAUSED, COUNTED)]
    range = next((value for name, value in given if name == "range"), None)
    called = [pair for pair in given if pair[0] not in OWN]
    has_ends = any(name in ENDS for name, _ in called)
    if range in windows.PRESETS and not has_ends:
        since = windows.ending(now, range).since
        called += [("since", times.format(since))] if since else []
    return Asked(
        pairs=pairs,
        given=given,
        called=called,
        range=None if has_ends else range,
        columns=columns.chosen([v for name, v in given if name == "columns"]),
    )


def check(asked: Asked) -> None:
    """Raises InvalidInput."""
    shown = [("range", asked.range)] if asked.range is not None else []
    _, errors = read([*shown, *asked.zone], SHOWN)
    refuse(errors)
