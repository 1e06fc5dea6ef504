"""Changes: how a figure differs from what it was before."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.logs.metrics import Measured
from web.views.figures import Figure

# What is less is as likely to be chance.
LEAST = 0.05
MOST_TIMES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """*text* says by how much, *was* from what; *tone*: good, bad, or neither.

    *link*: where the logs are that *was* was taken from.
    """

    text: str
    was: str
    tone: str
    link: str | None = None


def of_measured(
    now: Measured, before: Measured, were: Sequence[Figure]
) -> list[Change | None]:
    """In the order of the figures; *were*: those of *before*."""
    pairs = zip(_values(now), _values(before), were, strict=False)
    return [
        change(
            value,
            was,
            figure.text,
            is_neutral=figure.name == "Requests",
            link=figure.link,
        )
        for value, was, figure in pairs
    ]


def _values(measured: Measured) -> tuple[float | None, ...]:
    """Requests, errors, rate, average, p50, p95, p99."""
    counts = (measured.requests, measured.errors, measured.error_rate)
    percentiles = (measured.p50_ms, measured.p95_ms, measured.p99_ms)
    return (*counts, measured.avg_ms, *percentiles)


def change(
    now: float | None,
    before: float | None,
    was: str,
    *,
    is_neutral: bool = False,
    is_better_high: bool = False,
    link: str | None = None,
) -> Change | None:
    """None where one of them is not known.

    More is worse, unless it *is_neutral* or *is_better_high*.
    """
    if now is None or before is None:
        return None
    tone = ""
    if not is_neutral and abs(now - before) > LEAST * max(before, 1e-9):
        tone = "good" if (now > before) is is_better_high else "bad"
    return Change(text=_text(now, before), was=was, tone=tone, link=link)


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
