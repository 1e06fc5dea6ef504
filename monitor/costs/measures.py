"""Measures of what the appliance costs, as of the last time, and for Prometheus."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.costs import growth
from monitor.costs.growth import GrowthEnd, KeptFor, Outlook
from monitor.costs.stored_day import StoredDay
from monitor.files.disk import Disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What PostgreSQL said *at* that time. *wal* is the whole server's, None where the
    role may not ask."""

    at: datetime
    schema: int
    database: int
    wal: int | None
    logs: KeptFor
    bodies: KeptFor
    days: tuple[StoredDay, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """*disk* and *sizes* are None until they are known. Where PostgreSQL is not
    *is_embedded*, it may fill another disk than DATA_DIR's."""

    is_embedded: bool
    disk: Disk | None = None
    sizes: Sizes | None = None
    limit_bytes: int | None = None
    cut: int = 0

    @property
    def wal(self) -> int | None:
        if self.is_embedded:
            return self.disk.wal if self.disk else None
        return self.sizes.wal if self.sizes else None

    @property
    def per_day(self) -> float | None:
        return growth.per_day(self._kinds)

    @property
    def measured(self) -> timedelta | None:
        """Over how long the growth was, where it is known; the shorter of both."""
        if self.per_day is None:
            return None
        return min(kind.until - kind.since for kind in self._kinds)

    @property
    def outlook(self) -> Outlook | None:
        """As it is where PostgreSQL lies on the disk of DATA_DIR."""
        if self.disk is None or self.disk.free is None:
            return None
        return growth.outlook(self._kinds, free=self.disk.free, limit=self.limit_bytes)

    @property
    def days_left(self) -> float | None:
        """Until the disk is full; infinite where retention keeps it from that, None
        while it is not known, or which disk it is."""
        outlook = self.outlook
        if outlook is None or not self.is_embedded:
            return None
        return outlook.days if outlook.end is GrowthEnd.DISK else math.inf

    @property
    def _kinds(self) -> tuple[KeptFor, ...]:
        return (self.sizes.logs, self.sizes.bodies) if self.sizes else ()


class CostCollector(Collector):
    """Asked at each scrape; measures nothing itself."""

    def __init__(self, cost: Callable[[], Cost]) -> None:
        self._cost = cost

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        cost = self._cost()
        yield _parts(cost.disk.parts if cost.disk else {})
        for name, meaning, value in (*_taken(cost), *_growing(cost)):
            known = math.nan if value is None else value
            yield GaugeMetricFamily(f"apimonitor_{name}", meaning, value=known)
        yield CounterMetricFamily(
            "apimonitor_data_measurements_cut",
            "Times that not all of DATA_DIR was seen.",
            value=cost.cut,
        )


# A gauge's name, what it means, and its value where that is known.
Gauged = tuple[str, str, float | None]


def _taken(cost: Cost) -> tuple[Gauged, ...]:
    disk, sizes = cost.disk, cost.sizes
    return (
        ("wal_bytes", "Bytes of PostgreSQL's WAL.", cost.wal),
        (
            "schema_bytes",
            "Bytes of our schema in PostgreSQL.",
            sizes.schema if sizes else None,
        ),
        (
            "database_bytes",
            "Bytes of the database it is in.",
            sizes.database if sizes else None,
        ),
        ("disk_free_bytes", "Room where DATA_DIR is.", disk.free if disk else None),
        ("disk_size_bytes", "All that this disk has.", disk.size if disk else None),
    )


def _growing(cost: Cost) -> tuple[Gauged, ...]:
    measured = cost.measured
    return (
        ("growth_bytes_per_day", "Of logs and bodies.", cost.per_day),
        (
            "growth_measured_seconds",
            "Over how long that was measured.",
            measured.total_seconds() if measured else None,
        ),
        (
            "disk_days_left",
            "Days until the disk is full at that growth; +Inf: retention ends it.",
            cost.days_left,
        ),
    )


def _parts(parts: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(
        "apimonitor_data_bytes", "Bytes of DATA_DIR, by part.", labels=["part"]
    )
    for part, size in parts.items():
        family.add_metric([part], size)
    return family
