"""Stopping of the app: what it still answers while the appliance stops."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp.typedefs import Handler
from aiohttp.web import Request, StreamResponse, middleware

from api.input.errors import problem

# Whoever watches over it asks these until it is gone.
HEALTH = frozenset({"/health", "/healthz", "/livez", "/readyz"})
POLL_S = 0.02


class AppCalls:
    """The calls that are under way."""

    def __init__(self) -> None:
        self._under_way = 0
        self._is_closed = False

    def counting(self) -> Callable[..., Awaitable[StreamResponse]]:
        """Before all others; refuses what comes once they are to be finished."""

        @middleware
        async def count(request: Request, handler: Handler) -> StreamResponse:
            if request.path in HEALTH:
                return await handler(request)
            if self._is_closed:
                return _stopping()
            self._under_way += 1
            try:
                return await handler(request)
            finally:
                self._under_way -= 1

        return count

    async def finish(self, *, timeout_s: float) -> None:
        """Take no more, and wait for those under way."""
        self._is_closed = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while self._under_way and loop.time() < deadline:
            await asyncio.sleep(POLL_S)


def _stopping() -> StreamResponse:
    refusal = problem(503, "the appliance is stopping", headers={"Retry-After": "2"})
    refusal.force_close()
    return refusal
