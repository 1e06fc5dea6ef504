"""Long turns of the event loop are seen, named and counted, and said once a second."""

import asyncio
import logging
import time
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from monitor.loop.doing import DOING
from monitor.loop.watch import LoopCollector, LoopWatch
from tests.support.patience import eventually


def stand_still(seconds: float) -> None:
    """Of the thread's own time, so that it is no matter how busy the machine is."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def wait(seconds: float) -> None:
    time.sleep(seconds)


async def test_a_long_turn_is_seen_and_said(caplog: pytest.LogCaptureFixture) -> None:
    told: list[float] = []
    watch = LoopWatch(told.append)
    watch.start()
    try:
        DOING.now = "record"
        for _ in range(3):
            await asyncio.sleep(0.06)
            stand_still(0.3)
        await eventually(lambda: sum(watch.long_turns.values()) >= 3)
        DOING.now = ""
    finally:
        DOING.now = ""
        watch.stop()
    assert watch.ever.seconds >= 0.2
    assert watch.recent == watch.ever
    assert any("record" in name for name in watch.long_turns)
    assert len(told) >= 3
    said = [r for r in caplog.records if r.levelno == logging.WARNING]
    # No more than one a second, however long each is; the others are counted in the
    # next.
    assert said
    assert all(b.created - a.created > 0.9 for a, b in pairwise(said))
    counted = sum(1 + vars(record)["unsaid_before"] for record in said)
    assert len(said) <= counted <= len(told)
    counts, total_s = watch.histogram
    assert sum(counts) > 3
    assert total_s >= 0.6


async def test_a_turn_that_only_waits_says_so() -> None:
    watch = LoopWatch()
    watch.start()
    try:
        await asyncio.sleep(0.1)
        wait(0.4)
        await eventually(lambda: watch.ever.seconds > 0.3)
    finally:
        watch.stop()
    assert watch.ever.doing.startswith("waiting")


async def test_what_was_seen_is_in_the_metrics() -> None:
    registry, watch = CollectorRegistry(), LoopWatch()
    registry.register(LoopCollector(watch))
    watch.note_worker(1.5)
    watch.start()
    try:
        await eventually(lambda: sum(watch.histogram[0]) > 0)
    finally:
        watch.stop()
    text = generate_latest(registry).decode()
    assert 'apimonitor_loop_turn_seconds_bucket{le="+Inf"}' in text
    assert 'longest_turn_seconds{doing="proxy worker",when="ever"} 1.5' in text
    assert 'apimonitor_loop_long_turns_total{doing="proxy worker"} 1.0' in text


async def test_a_watch_that_is_stopped_leaves_nothing() -> None:
    watch = LoopWatch()
    watch.start()
    watch.stop()
    beats = sum(watch.histogram[0])
    await asyncio.sleep(0.12)
    assert sum(watch.histogram[0]) == beats
