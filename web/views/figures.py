"""Figures of many logs, each with the address of the logs it was taken from."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from monitor import times
from monitor.logs.metrics import Measured, Scope
from web.views.formats import count, duration, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """*link* is None where no list holds just these logs."""

    name: str
    text: str
    link: str | None
    is_bad: bool = False


class LogLinks:
    """Addresses of lists that hold exactly the measured logs of *scope*, or some."""

    def __init__(self, scope: Scope) -> None:
        # Metrics leave replays out, unless they are asked for; lists show them.
        source = ("source", scope.source) if scope.source else ("is_replay", "false")
        pairs = (
            ("service_id", scope.service_id),
            source,
            ("since", scope.since and times.format(scope.since)),
            ("until", scope.until and times.format(scope.until)),
        )
        self._base = {name: str(value) for name, value in pairs if value is not None}

    def to(self, chosen: Mapping[str, str]) -> str:
        return f"/dashboard?{urlencode({**self._base, **chosen})}"


def of_measured(
    measured: Measured, links: LogLinks, chosen: Mapping[str, str] | None
) -> tuple[Figure, ...]:
    """Counts and latencies of the logs that *chosen* finds; None: no list can."""

    def link(more: Mapping[str, str]) -> str | None:
        return None if chosen is None else links.to({**chosen, **more})

    def latency(name: str, ms: float | None, least: float | None) -> Figure:
        slow = None if least is None else link({"min_latency_ms": repr(least)})
        return Figure(name=name, text=duration(ms), link=slow)

    errors = link({"is_error": "true"})
    failed = measured.errors > 0
    rate = percent(measured.error_rate)
    return (
        Figure(name="Requests", text=count(measured.requests), link=link({})),
        Figure(name="Errors", text=count(measured.errors), link=errors, is_bad=failed),
        Figure(name="Error rate", text=rate, link=errors, is_bad=failed),
        latency("Average", measured.avg_ms, None if measured.avg_ms is None else 0.0),
        latency("p50", measured.p50_ms, measured.p50_ms),
        latency("p95", measured.p95_ms, measured.p95_ms),
        latency("p99", measured.p99_ms, measured.p99_ms),
    )


def of_apdex(
    apdex: float | None, t_ms: int, links: LogLinks, chosen: Mapping[str, str] | None
) -> Figure:
    """It leads to those that were not answered within *t_ms*."""
    slow = None
    if apdex is not None and chosen is not None:
        slow = links.to({**chosen, "min_latency_ms": str(t_ms)})
    text = "n/a" if apdex is None else f"{apdex:.2f}"
    return Figure(name="Apdex", text=text, link=slow)
