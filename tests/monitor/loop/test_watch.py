"""Long turns of the event loop are seen, named and counted, and said once a second."""

import asyncio
import logging
import re
import time
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from monitor.loop.doing import DOING, EDGES, NOTHING, RECORD
from monitor.loop.metrics import LoopCollector
from monitor.loop.watch import LoopWatch
from tests.support.patience import eventually


def stand_still(seconds: float) -> None:
    """Of the thread's own time, so that it is no matter how busy the machine is."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def wait(seconds: float) -> None:
    time.sleep(seconds)


def beats_of(watch: LoopWatch) -> int:
    return sum(sum(kind.counts) for kind in watch.turns.values())


def longer_than(seconds: float, watch: LoopWatch, word: str) -> int:
    counted = [kind.counts for name, kind in watch.turns.items() if word in name]
    kept = zip((*EDGES, float("inf")), *counted, strict=True)
    return sum(sum(counts) for edge, *counts in kept if edge > seconds)


async def test_a_long_turn_is_seen_and_said(caplog: pytest.LogCaptureFixture) -> None:
    told: list[float] = []
    watch = LoopWatch(told.append)
    watch.start()
    try:
        DOING.turn_to(RECORD)
        for _ in range(3):
            await asyncio.sleep(0.06)
            stand_still(0.3)
        await eventually(lambda: sum(watch.long_turns.values()) >= 3)
    finally:
        DOING.turn_to(NOTHING)
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
    beats = beats_of(watch)
    assert beats > 3
    assert sum(kind.seconds for kind in watch.turns.values()) >= 0.6


async def test_a_turn_has_the_word_of_what_ran_most_of_it() -> None:
    watch = LoopWatch()
    watch.start()
    try:
        await asyncio.sleep(0.03)
        before = DOING.turn_to(RECORD)
        stand_still(0.2)
        DOING.turn_to(before)
        stand_still(0.01)
        await asyncio.sleep(0.03)
        stand_still(0.2)
        await asyncio.sleep(0.03)
    finally:
        watch.stop()
    # On a busy machine both may have waited for a core as well.
    assert longer_than(0.1, watch, "record") == 1
    assert longer_than(0.1, watch, "other") >= 1


async def test_a_turn_that_only_waits_says_so() -> None:
    watch = LoopWatch()
    watch.start()
    try:
        await asyncio.sleep(0.1)
        wait(0.4)
        await eventually(lambda: watch.ever.seconds > 0.3)
    finally:
        watch.stop()
    assert "waiting" in watch.ever.doing


async def test_what_was_seen_is_in_the_metrics() -> None:
    registry, watch = CollectorRegistry(), LoopWatch()
    registry.register(LoopCollector(watch))
    watch.note_worker(1.5)
    watch.start()
    try:
        await eventually(lambda: beats_of(watch) > 0)
    finally:
        watch.stop()
    text = generate_latest(registry).decode()
    assert re.search(
        r'loop_turn_seconds_bucket{doing="[\w, ]+",le="\+Inf"} [1-9]', text
    )
    for word in ("record", "recorder", "ingest", "query", "export", "page", "garbage"):
        assert f'apimonitor_loop_step_seconds_count{{doing="{word}"}}' in text
    assert 'longest_turn_seconds{doing="proxy worker",when="ever"} 1.5' in text
    assert 'apimonitor_loop_long_turns_total{doing="proxy worker"} 1.0' in text
    assert 'loop_turn_seconds_sum{doing="proxy worker"} 1.5' in text


async def test_a_watch_that_is_stopped_leaves_nothing() -> None:
    watch = LoopWatch()
    watch.start()
    watch.stop()
    beats = beats_of(watch)
    await asyncio.sleep(0.12)
    assert beats_of(watch) == beats
