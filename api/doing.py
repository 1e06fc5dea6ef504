"""What a call has the event loop do, by the word of monitor.loop.doing."""

from aiohttp.web import Request

from monitor.loop.doing import EXPORT, INGEST, QUERY, Kind

TAKING = frozenset({"/v1/logs", "/v1/logs/batch", "/v1/logs/import/har"})
GIVING = ("/logs.har", "/logs.ndjson", "/har", "/curl")


def kind_of(request: Request) -> Kind:
    if request.method == "POST" and request.path in TAKING:
        return INGEST
    return EXPORT if request.path.endswith(GIVING) else QUERY
