"""The calls of /v1/metrics."""

from typing import Any

from aiohttp import web

from api.input.errors import answer
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.logs.metrics import Measured
from monitor.logs.query import parse_scope


class MetricsCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def totals(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        totals = await self._parts.stores.metrics.totals(
            parse_scope(request.query.items())
        )
        return answer(
            {
                "total_requests": totals.measured.requests,
                **shown_measured(totals.measured),
                "by_method": totals.by_method,
                "by_status": totals.by_status,
                "percentile_error": totals.percentile_error,
            }
        )

    async def timeseries(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        series = await self._parts.stores.metrics.timeseries(
            parse_scope(request.query.items())
        )
        return answer(
            {
                "total_requests": sum(b.measured.requests for b in series.buckets),
                "percentile_error": series.percentile_error,
                "bucket_s": series.width.total_seconds(),
                "since": series.since and times.format(series.since),
                "until": series.until and times.format(series.until),
                "buckets": [
                    {
                        "start": times.format(bucket.start),
                        "requests": bucket.measured.requests,
                        **shown_measured(bucket.measured),
                    }
                    for bucket in series.buckets
                ],
            }
        )

    async def heatmap(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        scope = parse_scope(request.query.items())
        found = await self._parts.stores.heat.heat_map(scope)
        return answer(
            {
                "bucket_s": found.width.total_seconds(),
                "since": found.since and times.format(found.since),
                "until": found.until and times.format(found.until),
                "edges_ms": found.edges_ms,
                "buckets": [
                    {"start": times.format(bucket.start), "counts": bucket.counts}
                    for bucket in found.buckets
                ],
            }
        )

    async def endpoints(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        found = await self._parts.stores.metrics.endpoints(
            parse_scope(request.query.items())
        )
        return answer(
            {
                "total_requests": sum(e.measured.requests for e in found.each),
                "percentile_error": found.percentile_error,
                "endpoints": [
                    {
                        "method": endpoint.method,
                        "endpoint": endpoint.endpoint,
                        "requests": endpoint.measured.requests,
                        **shown_measured(endpoint.measured),
                    }
                    for endpoint in found.each
                ],
            }
        )


def shown_measured(measured: Measured) -> dict[str, Any]:
    return {
        "error_count": measured.errors,
        "error_rate": measured.error_rate,
        "avg_latency_ms": measured.avg_ms,
        "p50_latency_ms": measured.p50_ms,
        "p95_latency_ms": measured.p95_ms,
        "p99_latency_ms": measured.p99_ms,
    }
