"""Sending one request many times: so many at once, within the bounds of replays."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from api.input import json_input
from monitor.errors import TooManyRequests
from monitor.settings.settings import Settings

# How long one waits where all places are taken by others.
PAUSE_S = 0.1
One = TypeVar("One")


class Often(Protocol):
    """How many times, and how many of them at once."""

    @property
    def count(self) -> int: ...
    @property
    def concurrency(self) -> int: ...


def check(asked: Often, settings: Settings) -> None:
    for name, given, most, setting in (
        ("count", asked.count, settings.replay_series_limit, "SERIES_"),
        ("concurrency", asked.concurrency, settings.replay_limit, ""),
    ):
        if given > most:
            reason = f"must be at most {most} (REPLAY_{setting}LIMIT)"
            raise json_input.invalid((name,), reason, "less_than_equal")


async def sent(
    asked: Often, settings: Settings, one: Callable[[], Awaitable[One]]
) -> list[One]:
    """What *one* brought each time; fewer where REPLAY_TIMEOUT_S was over before."""
    # As long as one replay may take, whatever they are.
    loop = asyncio.get_running_loop()
    until = loop.time() + settings.replay_timeout_s
    found: list[One] = []
    left = iter(range(asked.count))

    async def in_turn() -> None:
        for _ in left:
            if loop.time() >= until:
                return
            found.append(await _patiently(one))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(asked.concurrency, asked.count)):
            group.create_task(in_turn())
    return found


async def _patiently(one: Callable[[], Awaitable[One]]) -> One:
    while True:
        try:
            return await one()
        except TooManyRequests:
            await asyncio.sleep(PAUSE_S)
