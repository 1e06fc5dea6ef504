"""The calls of /v1/metrics."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from api.errors import answer
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.errors import FieldError, InvalidInput
from monitor.metrics import Measured, Scope
from monitor.query import PARAMETERS, read

SCOPE: dict[str, Callable[[str], Any]] = {
    name: PARAMETERS[name] for name in ("service_id", "since", "until", "source")
}


class MetricsCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def totals(self, call: web.Request) -> web.Response:
        await need(call, self._parts, Right.READ)
        totals = await self._parts.metrics.totals(_scope(call))
        return answer(
            {
                "total_requests": totals.measured.requests,
                **_shown(totals.measured),
                "by_method": totals.by_method,
                "by_status": totals.by_status,
            }
        )

    async def timeseries(self, call: web.Request) -> web.Response:
        await need(call, self._parts, Right.READ)
        series = await self._parts.metrics.timeseries(_scope(call))
        return answer(
            {
                "total_requests": sum(b.measured.requests for b in series.buckets),
                "bucket_s": series.width.total_seconds(),
                "since": series.since and times.format(series.since),
                "until": series.until and times.format(series.until),
                "buckets": [
                    {
                        "start": times.format(bucket.start),
                        "requests": bucket.measured.requests,
                        **_shown(bucket.measured),
                    }
                    for bucket in series.buckets
                ],
            }
        )

    async def endpoints(self, call: web.Request) -> web.Response:
        await need(call, self._parts, Right.READ)
        found = await self._parts.metrics.endpoints(_scope(call))
        return answer(
            {
                "total_requests": sum(e.measured.requests for e in found),
                "endpoints": [
                    {
                        "method": endpoint.method,
                        "endpoint": endpoint.endpoint,
                        "requests": endpoint.measured.requests,
                        **_shown(endpoint.measured),
                    }
                    for endpoint in found
                ],
            }
        )


def _scope(call: web.Request) -> Scope:
    values, errors = read(call.query.items(), SCOPE)
    since, until = values.get("since"), values.get("until")
    if since and until and since >= until:
        errors.append(
            FieldError(("query", "until"), "must be after since", "value_error")
        )
    if errors:
        raise InvalidInput("the query is not valid", errors=errors)
    return Scope(**values)


def _shown(measured: Measured) -> dict[str, Any]:
    return {
        "error_count": measured.errors,
        "error_rate": measured.error_rate,
        "avg_latency_ms": measured.avg_ms,
        "p50_latency_ms": measured.p50_ms,
        "p95_latency_ms": measured.p95_ms,
        "p99_latency_ms": measured.p99_ms,
    }
