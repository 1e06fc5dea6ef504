"""Changes: how a figure differs from what it was before."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.logs.metrics import Measured
from web.views.formats import duration, percent

# What is less is as likely to be chance.
LEAST = 0.05
MOST_TIMES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """*text* says by how much, *was* from what; *tone*: good, bad, or neither."""

    text: str
    was: str
    tone: str


def of_measured(now: Measured, before: Measured) -> list[Change | None]:
    """In the order of the totals: requests, errors, rate, average, p50, p95, p99."""
    latencies = [
        (now.avg_ms, before.avg_ms),
        (now.p50_ms, before.p50_ms),
        (now.p95_ms, before.p95_ms),
        (now.p99_ms, before.p99_ms),
    ]
    return [
        change(now.requests, before.requests, f"{before.requests:,}", is_neutral=True),
        change(now.errors, before.errors, f"{before.errors:,}"),
        change(now.error_rate, before.error_rate, percent(before.error_rate)),
        *(change(ms, was, duration(was)) for ms, was in latencies),
    ]


def change(
    now: float | None, before: float | None, was: str, *, is_neutral: bool = False
) -> Change | None:
    """None where one of them is not known; more is worse, unless it *is_neutral*."""
    if now is None or before is None:
        return None
    tone = ""
    if not is_neutral and abs(now - before) > LEAST * max(before, 1e-9):
        tone = "bad" if now > before else "good"
    return Change(text=_text(now, before), was=was, tone=tone)


def _text(now: float, before: float) -> str:
    """`+12 %`, `-3 %`, `14 times`, `new`, `same`"""
    if now == before:
        return "same"
    if before == 0:
        return "new"
    times = now / before
    if times >= MOST_TIMES:
        return f"{times:,.0f} times"
    share = round((times - 1) * 100)
    if share == 0:
        return "same"
    return f"+{share} %" if share > 0 else f"{share} %"


def points(values: Sequence[int]) -> str:
    """A sparkline's, in a box 100 wide and 20 high; empty where there is no line."""
    most = max(values, default=0)
    if not most or len(values) < 2:
        return ""
    step = 100 / (len(values) - 1)
    return " ".join(
        f"{at * step:.1f},{19 - value / most * 18:.1f}"
        for at, value in enumerate(values)
    )
