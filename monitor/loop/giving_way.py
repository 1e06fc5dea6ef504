"""Giving way: long work goes on at once while nobody is served, else in its share."""

import asyncio
from time import perf_counter

from monitor.loop.doing import DOING, EXPORT, INGEST, PAGE, QUERY, RECORD, RECORDER

# An exchange takes several turns of the loop, each as long as a part of the work where
# one follows the other. So the work waits until none is under way, as a millisecond
# without a write tells, but no longer than so many times what its part took.
QUIET_S = 0.001
OTHERS_SHARE = 2
LONGEST_S = 0.05
# What is done as somebody asks for it, or because they asked.
FOR_OTHERS = (RECORD, RECORDER, INGEST, QUERY, EXPORT, PAGE)


async def give_way() -> None:
    """Between two parts of a work: all others first, exchanges that pass above all."""
    served, began = DOING.served, perf_counter()
    until = began + min(OTHERS_SHARE * DOING.lasted(), LONGEST_S)
    await asyncio.sleep(0)
    while DOING.served != served and perf_counter() < until:
        served = DOING.served
        await asyncio.sleep(QUIET_S)


def done_for_others() -> int:
    """Grows with each step for a client, whichever way it came."""
    return DOING.served + sum(sum(kind.counts) for kind in FOR_OTHERS)
