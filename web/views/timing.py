"""Timing: what an exchange's time went to, as a bar."""

from dataclasses import dataclass

from monitor.logs.log import LogDetail

BAR_WIDTH = 1000
# What happened at all is to be seen.
LEAST_WIDTH = 3


@dataclass(frozen=True, slots=True)
class Part:
    """*x* and *width* are of BAR_WIDTH."""

    name: str
    kind: str
    ms: float
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingView:
    """*parts* are the whole time, one after the other; *own* is within them."""

    parts: tuple[Part, ...]
    own: Part | None
    ttfb_ms: float
    total_ms: float


def timing_view(detail: LogDetail) -> TimingView | None:
    """None where the first byte was not timed: it was pushed, or did not come."""
    timings, total = detail.timings, detail.total_ms
    if timings.ttfb_ms is None or total is None:
        return None
    connect, tls = timings.connect_ms or 0, timings.tls_ms or 0
    named = (
        ("Connect", "connect", connect),
        ("TLS", "tls", tls),
        ("Waiting", "waiting", timings.ttfb_ms - connect - tls),
        (_last_part(detail), "download", total - timings.ttfb_ms),
    )
    return TimingView(
        parts=_laid_out([part for part in named if part[2] > 0]),
        own=_own(timings.overhead_ms, total),
        ttfb_ms=timings.ttfb_ms,
        total_ms=total,
    )


def _last_part(detail: LogDetail) -> str:
    return "Open" if detail.item.status_code == 101 else "Download"


def _own(ms: float | None, total: float) -> Part | None:
    if ms is None:
        return None
    share = min(ms / total, 1) if total else 0
    width = max(round(BAR_WIDTH * share, 2), LEAST_WIDTH)
    return Part("Proxy", "proxy", ms, 0, width)


def _laid_out(named: list[tuple[str, str, float]]) -> tuple[Part, ...]:
    """Side by side over the whole width; the narrowest are still to be seen."""
    total = sum(ms for _, _, ms in named)
    free = BAR_WIDTH - LEAST_WIDTH * len(named)
    parts, x = list[Part](), 0.0
    for name, kind, ms in named:
        width = round(LEAST_WIDTH + free * ms / total, 2)
        parts.append(Part(name, kind, ms, round(x, 2), width))
        x += width
    return tuple(parts)
