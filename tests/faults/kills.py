"""kill -9 of the whole process tree under traffic, each next start at once."""

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.faults.scene import ledger_closes, scene
from tests.faults.traffic import Tally, body_of, flowing, stored
from tests.support.serving import Served

# How long one lives: long enough to serve, and short enough to be caught at anything.
SHORTEST_S, LONGEST_S = 0.2, 2.0
RECORDED_WITHIN_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """*answered*, *acknowledged*: what clients have; *ready_s*: of each start."""

    rounds: int
    answered: int
    acknowledged: int
    missing: tuple[str, ...]
    twice: tuple[str, ...]
    changed: tuple[str, ...]
    ready_s: tuple[float, ...]

    def __str__(self) -> str:
        usual_s, longest_s = median(self.ready_s), max(self.ready_s)
        return (
            f"{self.rounds} rounds of kill -9 of the whole tree: {self.answered:,} "
            f"answers, {self.acknowledged:,} pushes acknowledged; "
            f"{len(self.missing)} missing, {len(self.twice)} twice, "
            f"{len(self.changed)} changed, ledger closed; ready after "
            f"{usual_s:.1f} s (median), {longest_s:.1f} s (longest)"
        )


async def killed(directory: Path, *, rounds: int, **settings: str) -> Figures:
    """Raises AssertionError where a start is not ready, or the ledger stays open."""
    chance = random.Random(rounds)
    took = []
    async with scene(directory, **settings) as (appliance, traffic):
        async with flowing(traffic):
            for number in range(rounds):
                await asyncio.sleep(chance.uniform(SHORTEST_S, LONGEST_S))
                await kill_all(appliance)
                began = time.monotonic()
                await appliance.start()
                assert "API Monitor is ready." in appliance.printed, number
                await appliance.call("/readyz")
                took.append(time.monotonic() - began)
            await asyncio.sleep(1)
        await ledger_closes(appliance, traffic.tally)
        missing, twice, changed = await compared(appliance, traffic.tally)
        said = appliance.said.read_text()
        assert "Traceback" not in said, said
    return Figures(
        rounds=rounds,
        answered=len(traffic.tally.answered),
        acknowledged=len(traffic.tally.acknowledged),
        missing=missing,
        twice=twice,
        changed=changed,
        ready_s=tuple(took),
    )


async def kill_all(appliance: Served) -> None:
    """Until none of them is left, whichever was being begun."""
    assert appliance.process is not None
    family = descendants(appliance.process.pid)
    for pid in [appliance.process.pid, *family]:
        end(pid)
    await appliance.process.wait()
    while left := [pid for pid in family if is_alive(pid)]:
        for pid in left:
            end(pid)
            for child in descendants(pid):
                end(child)
        await asyncio.sleep(0)


def descendants(pid: int) -> list[int]:
    """Of each thread: a child belongs to the one that began it."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in listed.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


async def compared(
    appliance: Served, tally: Tally
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What clients have and PostgreSQL has not, has twice, or has otherwise."""
    wanted = {f"/n/{number}" for number in tally.answered}
    wanted |= {f"/i/{number}" for number in tally.acknowledged}
    deadline = time.monotonic() + RECORDED_WITHIN_S
    while not wanted <= (found := await stored(appliance)).keys():
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.5)
    twice = [path for path, logs in found.items() if len(logs) > 1]
    changed = [
        path
        for path in wanted & found.keys()
        if found[path][0]["response_body"]
        != body_of(int(path.rpartition("/")[2])).decode()
    ]
    return tuple(sorted(wanted - found.keys())), tuple(twice), tuple(changed)
