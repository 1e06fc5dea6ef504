"""The ledger in Prometheus' terms: over all processes, and over their whole life."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.ledger.account import Counted, Line, lines_of, named, total_of, unrouted_of
from monitor.redaction.work import WITHHELD, Withheld
from monitor.spool.tally import DROPPED, EVENT, Counts

SERVICE_GONE = "deleted"
UNROUTED_HELP = "Requests that no service was found for, by reason."
EVENTS_HELP = "What happened to connections to upstreams, see docs/operations.md."
DROPPED_HELP = "Records that were not kept, by reason."
SHED_HELP = "Records whose bodies were not kept, by the spool's step."
WITHHELD_HELP = "Bodies, messages and texts not kept, as they could not be masked."
STORED_HELP = "Records of the proxy committed to PostgreSQL, when it was asked last."
DELETED_HELP = "Of these, records that someone had removed."
SPOOLED_HELP = "Records appended to the spool."


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was counted, how the spool is, and the slugs of the services there are.

    *stored*: what PostgreSQL had when it was asked last.
    """

    counts: Counts
    stored: Mapping[tuple[UUID, str], int]
    dead_letters: int
    spool_bytes: int
    spool_records: int
    spool_step: int
    write_lag_s: float
    is_closed: bool | None
    slugs: Mapping[UUID, str]


class LedgerCollector(Collector):
    """Asked at each scrape."""

    def __init__(self, figures: Callable[[], Figures]) -> None:
        self._figures = figures

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        figures = self._figures()
        counts = figures.counts
        lines = lines_of(
            Counted(
                before=counts,
                stored=figures.stored,
                spooled={},
                dead_letters={},
                after=counts,
            )
        )
        total = total_of(lines)
        yield _finished(lines, figures.slugs)
        yield _counter(
            "requests_unrouted", UNROUTED_HELP, "reason", unrouted_of(counts)
        )
        yield _counter("upstream_events", EVENTS_HELP, "event", named(counts, EVENT))
        yield _counter("records_dropped", DROPPED_HELP, "reason", total.dropped)
        yield _counter("bodies_shed", SHED_HELP, "step", total.bodies_shed)
        yield _withheld(counts)
        yield _plain_counter("records_stored", STORED_HELP, total.stored)
        yield _plain_counter("records_deleted", DELETED_HELP, total.deleted)
        yield _plain_counter("records_spooled", SPOOLED_HELP, _spooled(counts, total))
        yield from _gauges(figures, total)


def _gauges(figures: Figures, total: Line) -> Iterable[Metric]:
    closed = float("nan") if figures.is_closed is None else float(figures.is_closed)
    for name, meaning, value in (
        ("exchanges_in_flight", "Exchanges that are passing now.", total.in_flight),
        ("dead_letters", "Records PostgreSQL refused, kept.", figures.dead_letters),
        ("spool_bytes", "Bytes that the spool holds.", figures.spool_bytes),
        ("spool_records", "Records not in PostgreSQL yet.", figures.spool_records),
        ("spool_step", "0 all kept, 1 and 2 bodies shed, 3 full.", figures.spool_step),
        ("write_lag_seconds", "Age of the oldest of these.", figures.write_lag_s),
        ("ledger_closed", "1 if it closes, 0 if not, NaN if unknown.", closed),
    ):
        yield GaugeMetricFamily(f"apimonitor_{name}", meaning, value=value)


def _withheld(counts: Counts) -> Metric:
    family = CounterMetricFamily(
        "apimonitor_withheld", WITHHELD_HELP, labels=["what", "reason"]
    )
    counted = named(counts, WITHHELD)
    for each in Withheld:
        family.add_metric(each.split("_", 1), counted.get(each, 0))
    return family


def _finished(lines: Mapping[UUID, Line], slugs: Mapping[UUID, str]) -> Metric:
    by_slug: dict[str, int] = {}
    for id, line in lines.items():
        slug = slugs.get(id, SERVICE_GONE)
        by_slug[slug] = by_slug.get(slug, 0) + line.finished
    help = "Exchanges that ended, by service."
    return _counter("exchanges_finished", help, "service", by_slug)


def _spooled(counts: Counts, total: Line) -> int:
    """What ended and was not dropped by the process it ended in."""
    dropped = sum(n for (_, word), n in counts.items() if word.startswith(DROPPED))
    return total.finished - dropped


def _counter(name: str, help: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"apimonitor_{name}", help, labels=[label])
    for value, n in values.items():
        family.add_metric([value], n)
    return family


def _plain_counter(name: str, help: str, value: int) -> Metric:
    return CounterMetricFamily(f"apimonitor_{name}", help, value=value)
