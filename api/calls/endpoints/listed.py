"""The calls of /v1/endpoints."""

from typing import Any

from aiohttp import web

from api.calls.metrics import shown_measured
from api.input.errors import answer
from api.output import lists
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.logs.endpoints import ServiceEndpoint, parse_endpoints_query


class EndpointCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        asked = parse_endpoints_query(request.query.items())
        page = await self._parts.stores.endpoints.page(asked)
        items = [_shown(one) for one in page.items]
        envelope = lists.envelope(items, page.total, asked.limit, asked.offset)
        return answer({**envelope, "percentile_error": page.percentile_error})


def _shown(one: ServiceEndpoint) -> dict[str, Any]:
    return {
        "service_id": one.service_id,
        "method": one.method,
        "endpoint": one.endpoint,
        "requests": one.measured.requests,
        **shown_measured(one.measured),
        "apdex": one.apdex,
        "apdex_t_ms": one.apdex_t_ms,
        "first_seen": one.first_seen and times.format(one.first_seen),
        "last_seen": one.last_seen and times.format(one.last_seen),
    }
