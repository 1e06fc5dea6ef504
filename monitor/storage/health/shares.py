"""Metrics of the shares of the pool, for Prometheus."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.storage.database.shares import Shares


class ShareCollector(Collector):
    """What is held within another share counts in both."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        places = GaugeMetricFamily(
            "apimonitor_database_connections",
            "Connections to PostgreSQL by share: the most that it may hold, those that "
            "it holds, and who waits for one.",
            labels=["share", "state"],
        )
        refused = CounterMetricFamily(
            "apimonitor_database_refusals",
            "Calls that waited too long for a connection of their share: 503.",
            labels=["share"],
        )
        for share, of in self._shares.of.items():
            for state, n in (
                ("most", of.limit),
                ("held", of.held),
                ("waiting", of.waiting),
            ):
                places.add_metric([share, state], n)
            refused.add_metric([share], of.refused)
        yield places
        yield refused
