"""How long a quiet service's requests take beside strangers who make us work."""

import asyncio
import re
from urllib.request import urlopen

import aiohttp

from bench.hostile_traffic import Door, Hostile, Quiet, Upstream
from bench.stage import PROXY_PORT, Stage

QUIET_S = 5.0
AIM_MS = 50.0
LONGEST = re.compile(r'longest_turn_seconds\{doing="([^"]*)",when="ever"\} (\S+)')


def measure(stage: Stage) -> None:
    """Print p50 and p99, alone and beside each generator, and the longest turn."""
    asyncio.run(_measure(stage.app))
    with urlopen(f"{stage.app}/metrics") as answer:
        found = LONGEST.search(answer.read().decode())
    if found is not None:
        print(f"the longest turn: {float(found[2]) * 1000:.0f} ms, in {found[1]}")


async def _measure(app: str) -> None:
    upstream = Upstream()
    print(f"\na quiet service, 50 requests a second; aim: p99 ≤ {AIM_MS:g} ms\n")
    print("| beside | requests of it | p50 ms | p99 ms |\n|---|---|---|---|")
    async with upstream.serving() as port, aiohttp.ClientSession() as session:
        hostile = Hostile(app, PROXY_PORT, upstream, session)
        await hostile.register(port)
        _print("nothing", 0, await _beside(hostile, _nothing))
        for name, door in hostile.doors().items():
            made: list[int] = []
            seen = await _beside(hostile, door, made)
            _print(name, sum(made), seen)
    print(f"\nstatuses: {dict(sorted(hostile.statuses.items()))}")


async def _beside(hostile: Hostile, door: Door, made: list[int] | None = None) -> Quiet:
    is_over = asyncio.Event()
    measuring = asyncio.create_task(hostile.quiet(is_over))
    count = await door()
    if made is not None:
        made.append(count)
    is_over.set()
    return await measuring


async def _nothing() -> int:
    await asyncio.sleep(QUIET_S)
    return 0


def _print(name: str, count: int, seen: Quiet) -> None:
    middle, high = seen.percentile_ms(0.5), seen.percentile_ms(0.99)
    print(f"| {name} | {count} | {middle:.1f} | {high:.1f} |", flush=True)
