"""Deadlines of many that wait: one timer for all, instead of one for each."""

import asyncio
from typing import TypeVar

# So much later than its moment a wait may end.
LOOK_S = 0.05
Result = TypeVar("Result")


class Deadlines:
    """Of the futures that are waited for by it, within one event loop."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Future[object], float] = {}
        self._is_set = False

    async def wait(self, future: "asyncio.Future[Result]", until: float) -> Result:
        """What *future* is done with; *until* is by the loop's clock.

        Raises TimeoutError, which is then in *future* too.
        """
        self._ends[future] = until  # type: ignore[index]
        if not self._is_set:
            self._set()
        try:
            return await future
        finally:
            del self._ends[future]  # type: ignore[arg-type]

    def _set(self) -> None:
        self._is_set = True
        asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self._is_set = False
        now = asyncio.get_running_loop().time()
        for future, until in self._ends.items():
            if until <= now and not future.done():
                future.set_exception(TimeoutError())
        if self._ends:
            self._set()
