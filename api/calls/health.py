"""Health of the appliance: whether it lives, is ready, and what it counts."""

import asyncio

from aiohttp import web

from api.input.errors import answer
from api.parts import Parts
from api.rights import Right, need


class HealthCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def health(self, request: web.Request) -> web.Response:
        """200 while the process lives; PostgreSQL is not asked, but known of."""
        database = "ok" if self._parts.database.is_up else "away"
        return answer({"status": "ok", "database": database})

    async def ready(self, request: web.Request) -> web.Response:
        """503 until migrated and routed, and while draining."""
        state = self._parts.state
        if state.is_draining:
            return answer({"status": "draining"}, status=503)
        if not (state.is_ready and state.is_routed()):
            return answer({"status": "starting"}, status=503)
        return answer({"status": "ready"})

    async def metrics(self, request: web.Request) -> web.Response:
        """Prometheus' text format."""
        await need(request, self._parts, Right.READ)
        self._parts.counters.tasks.set(len(asyncio.all_tasks()))
        return web.Response(
            body=self._parts.counters.exposition(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )
