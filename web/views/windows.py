"""Windows of time: a preset that ends now, or two ends; and by whose clock."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.logs.parameter import FIRST_YEAR, LAST_YEAR

PRESETS = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "all": None,
}
DEFAULT = "24h"
MILLISECOND = timedelta(milliseconds=1)
# What names a zone, as IANA does; which ones there are, the reader's browser knows.
ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){0,3}")


@dataclass(frozen=True, slots=True)
class Window:
    """From *since* until before *until*, None: unbounded; *preset* None: own ends."""

    preset: str | None
    since: datetime | None
    until: datetime | None


def preset(text: str) -> str:
    """Raises ValueError."""
    if text not in PRESETS:
        raise ValueError(f"must be one of {', '.join(PRESETS)}")
    return text


def zone(text: str) -> str:
    """The one that an address names as `tz`. Raises ValueError."""
    if not ZONE.fullmatch(text):
        raise ValueError("must name a time zone, such as UTC or Europe/Berlin")
    return text


def ending(now: datetime, name: str) -> Window:
    """The preset called *name*; a log of this millisecond is still in it."""
    length = PRESETS[name]
    if length is None:
        return Window(name, None, None)
    until = now.replace(microsecond=now.microsecond // 1000 * 1000) + MILLISECOND
    return Window(name, until - length, until)


def further(name: str | None) -> list[str]:
    """The presets that reach further back than that of *name*."""
    names = list(PRESETS)
    return names[names.index(name or "6h") + 1 :]


def beside(window: Window, now: datetime) -> dict[str, Window]:
    """The windows before and after *window*, and the one twice as wide around it.

    None of them begins after *now*, and none reaches further past it than *window*.
    """
    since, until = window.since, window.until
    if since is None or until is None:
        return {}
    length = until - since
    after = min(max(length / 2, MILLISECOND), max(now - until, timedelta(0)))
    moves = {
        "earlier": (-length, -length),
        "wider": (after - length, after),
        "later": (length, length),
    }
    found = {}
    for name, (first, last) in moves.items():
        try:
            moved = Window(None, since + first, until + last)
        except OverflowError:
            continue
        if is_allowed(moved) and since + first < now:
            found[name] = moved
    return found


def is_allowed(window: Window) -> bool:
    ends = (window.since, window.until)
    return all(end and FIRST_YEAR <= end.year <= LAST_YEAR for end in ends)
