"""Metrics of the event loop: its turns and the steps of what ran, for Prometheus."""

from collections.abc import Iterable

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from monitor.loop.doing import EDGES, KINDS, Kind
from monitor.loop.watch import LoopWatch


class LoopCollector(Collector):
    """What *watch* saw, and what monitor.loop.doing counted, of this process."""

    def __init__(self, watch: LoopWatch) -> None:
        self._watch = watch

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        yield _histogram(
            "apimonitor_loop_turn_seconds",
            "How late the event loop was, 50 times a second, by what ran meanwhile.",
            self._watch.turns.values(),
        )
        yield _histogram(
            "apimonitor_loop_step_seconds",
            "How long steps of the event loop were, each of them, by what they did.",
            KINDS,
        )
        longest = GaugeMetricFamily(
            "apimonitor_loop_longest_turn_seconds",
            "The longest turn, lately and since the start, and what ran in it.",
            labels=["when", "doing"],
        )
        for when, each in (("recent", self._watch.recent), ("ever", self._watch.ever)):
            longest.add_metric([when, each.doing], each.seconds)
        yield longest
        long = CounterMetricFamily(
            "apimonitor_loop_long_turns",
            "Turns of about 100 ms and more, by what ran.",
            labels=["doing"],
        )
        for doing, count in self._watch.long_turns.items():
            long.add_metric([doing], count)
        yield long


def _histogram(name: str, meaning: str, kinds: Iterable[Kind]) -> Metric:
    found = HistogramMetricFamily(name, meaning, labels=["doing"])
    for kind in kinds:
        made, buckets = 0, []
        for edge, count in zip((*map(str, EDGES), "+Inf"), kind.counts, strict=True):
            made += count
            buckets.append((edge, made))
        found.add_metric([kind.word], buckets, sum_value=kind.seconds)
    return found
