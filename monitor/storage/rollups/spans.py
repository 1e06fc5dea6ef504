"""Spans: a window as whole days, hours and steps, and what is left at its ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from monitor.logs.metrics import ceiling, floor


@dataclass(frozen=True, slots=True)
class Span:
    """From *since*, up to and without *until*."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Spans:
    """*folded*: by width in seconds, what rollups of it are to be read.

    *whole*: all of that; *edges*: the rest of the window.
    """

    whole: Span | None
    folded: tuple[tuple[int, Span], ...]
    edges: tuple[Span, ...]


def spans_of(window: Span, since: datetime, widths: Sequence[int]) -> Spans:
    """*window* by *widths*, each a multiple of the one before, where it is *since*."""
    shortest = timedelta(seconds=widths[0])
    first = ceiling(max(window.since, since), shortest)
    last = floor(window.until, shortest)
    if first >= last:
        return Spans(None, (), (window,))
    edges = (Span(window.since, first), Span(last, window.until))
    return Spans(
        Span(first, last),
        tuple(_folded(Span(first, last), widths)),
        tuple(edge for edge in edges if edge.since < edge.until),
    )


def _folded(whole: Span, widths: Sequence[int]) -> list[tuple[int, Span]]:
    """The middle by the widest that fits, what is before and behind by the others."""
    middle, sides = whole, list[tuple[int, Span]]()
    for narrow, wide in pairwise(widths):
        width = timedelta(seconds=wide)
        first, last = ceiling(middle.since, width), floor(middle.until, width)
        if first >= last:
            return [*sides, (narrow, middle)]
        for side in (Span(middle.since, first), Span(last, middle.until)):
            if side.since < side.until:
                sides.append((narrow, side))
        middle = Span(first, last)
    return [*sides, (widths[-1], middle)]
