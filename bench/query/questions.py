"""Questions that are asked of many logs, as a user of the pages or of /v1 asks them."""

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode
from urllib.request import Request


@dataclass(frozen=True, slots=True)
class Question:
    """*aim_ms*: what its median is to be at most. With a *body* it is a POST."""

    name: str
    path: str
    aim_ms: float
    parameters: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def target(self) -> str:
        if not self.parameters:
            return self.path
        return f"{self.path}?{urlencode(self.parameters, quote_via=quote)}"

    def of(self, app: str) -> Request:
        return Request(f"{app}{self.target}", self.body, self.headers)


def _list(name: str, aim_ms: float, **parameters: str) -> Question:
    return Question(name, "/v1/logs", aim_ms, parameters)


def _query(text: str, aim_ms: float, name: str = "") -> Question:
    return _list(name or text, aim_ms, query=text)


def questions(sku: str, id: str) -> list[Question]:
    """*sku* and *id* stand in few logs."""
    return [
        _list("newest 50", 50),
        _query('service:"fill payments"', 50, "newest of a service"),
        _query("status:>=500", 50, "often: status:>=500"),
        _query("method:POST status:2xx", 50, "often: method:POST status:2xx"),
        _query("endpoint:/v1/search/search", 50, "often: an endpoint"),
        _list("rarely: status_code=418", 50, status_code="418"),
        _list("never: min_latency_ms=9e8", 50, min_latency_ms="900000000"),
        _query("tag:none", 50, "never: a tag"),
        _query("method:POST status:418", 50, "never: two parts"),
        _query("size:>100M", 50, "never: size:>100M"),
        _list("path substring, often", 300, path="/confirm"),
        _list("path substring, never", 300, path="/nowhere/at/all"),
        _list("q, often: card declined", 300, q="card declined"),
        _list("q, rare: a SKU", 300, q=sku),
        _list("q, rare: an id", 300, q=id),
        _list("q, absent", 1_000, q="zzqx-nothing"),
        _query(f"body:{sku}", 300, "body:, rare"),
        _query('body:"no such text"', 1_000, "body:, absent"),
        _query(f"$.lines[*].sku:{sku}", 300, "$.path, rare"),
        _query("$.error.code:nothing", 1_000, "$.path, absent"),
        _query(f"body:/{sku}\\D/", 300, "a regular expression, rare"),
        _query("header.x-tenant:acme", 50, "header, often"),
        _query("header.x-tenant:nobody", 1_000, "header, never"),
        Question("facets", "/v1/logs/facets", 300),
        Question(
            "facets, status:>=500", "/v1/logs/facets", 300, {"query": "status:>=500"}
        ),
        Question("facets, body:", "/v1/logs/facets", 310, {"query": "body:declined"}),
        Question("timeline", "/v1/logs/timeline", 300),
        Question("metrics", "/v1/metrics", 50),
        Question("timeseries", "/v1/metrics/timeseries", 50),
        Question("endpoints", "/v1/metrics/endpoints", 50),
    ]
