"""Previews of rules: what one would have measured, and when it would have fired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alerts.state import AlertStanding, AlertState
from monitor.alerts.window import AlertWindow


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured from *start* on; None: there was nothing to measure."""

    start: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a rule stands from then on, and what it measured."""

    standing: AlertStanding
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """*points*: of the last day, one for each *width*.

    *day*, *week*: how often it would have fired; None: that took too long to count.
    """

    width: timedelta
    points: tuple[Point, ...]
    day: int
    week: int | None


def firings(
    window: AlertWindow, points: Sequence[Point], width: timedelta
) -> list[datetime]:
    """When a rule over *window* would have begun to fire, looking once a point."""
    found = turns(window, points, width)
    return [t.standing.since for t in found if t.standing.state is AlertState.FIRING]


def turns(window: AlertWindow, points: Sequence[Point], width: timedelta) -> list[Turn]:
    """Each change of where such a rule would have stood."""
    found: list[Turn] = []
    if not points:
        return found
    standing = AlertStanding(AlertState.OK, points[0].start)
    for point in points:
        after = standing.next(
            holds=window.holds(point.value),
            is_over=window.is_over(point.value),
            for_s=window.for_s,
            now=point.start + width,
        )
        if after is not standing:
            found.append(Turn(after, point.value))
        standing = after
    return found
