"""How tests wait: for what happens, on a machine of any speed, and not for a time."""

import asyncio
from collections.abc import Callable

# What has not happened by then does not happen.
PATIENCE_S = 120.0
LOOK_S = 0.01
# What has not changed for this long stands still; if not, a test sees less, not wrong.
STILL_S = 0.3


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(LOOK_S)


async def standing_still(count: Callable[[], int]) -> int:
    """What *count* says once it says the same for a while."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            before = count()
            await asyncio.sleep(STILL_S)
            if count() == before:
                return before
