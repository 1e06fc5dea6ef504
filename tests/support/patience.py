"""How tests wait: for what happens, on a machine of any speed, and not for a time."""

import asyncio
from collections.abc import Awaitable, Callable

# What has not happened by then does not happen.
PATIENCE_S = 120.0
LOOK_S = 0.01
# What has not changed for this long stands still; if not, a test sees less, not wrong.
STILL_S = 0.3


async def eventually(is_so: Callable[[], object]) -> None:
    """Once what *is_so* gives, or what that is awaited to, is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not await _awaited(is_so()):
            await asyncio.sleep(LOOK_S)


async def standing_still(count: Callable[[], int]) -> int:
    """What *count* says once it says the same for a while."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            before = count()
            await asyncio.sleep(STILL_S)
            if count() == before:
                return before


async def _awaited(value: object) -> object:
    return await value if isinstance(value, Awaitable) else value
