"""The query language at the calls of /v1: what finds what, what is refused where."""

from typing import Any

import httpx
import pytest

from tests.support.running import bearer, make_key, register

ORDER = '{"order": {"id": 7, "lines": [{"sku": "A-1"}, {"sku": "B-2"}]}, "paid": true}'
LOGS: dict[str, dict[str, Any]] = {
    "declined": {
        "method": "POST",
        "url": "https://api.example.com:8443/v1/charges?page=3&tag=a&tag=b",
        "path": "/v1/charges",
        "query_params": {"page": "3", "tag": ["a", "b"]},
        "status_code": 502,
        "latency_ms": 1200.5,
        "error": "upstream_timeout: nothing came",
        "request_headers": {"X-Tenant": "acme", "Accept": ["text/html", "*/*"]},
        "response_headers": {"Content-Type": "application/json; charset=utf-8"},
        "response_body": '{"error": {"code": "E42", "text": "Card declined (a*b)"}}',
        "source_ip": "10.0.0.7",
        "tags": ["bot", "nightly run"],
    },
    "order": {
        "method": "GET",
        "url": "http://shop.example/users/7?page=31",
        "path": "/users/7",
        "query_params": {"page": "31"},
        "status_code": 200,
        "latency_ms": 12,
        "request_headers": {"X-Tenant": "acme-2"},
        "response_headers": {"ETag": "x", "Content-Length": "79"},
        "response_body": ORDER,
        "tags": ["health"],
    },
    "bare": {
        "method": "DELETE",
        "url": "http://shop.example/v1/",
        "path": "/v1/",
        "request_headers": {"X-Other": "acme"},
        "request_body": "E42 is not JSON",
    },
}
FINDS: list[tuple[str, set[str]]] = [
    ("status:>=500 method:post path:/v1/*", {"declined"}),
    ("status:5xx OR status:200..299", {"declined", "order"}),
    ("-status:(502 OR 404)", {"order", "bare"}),
    ("status-code:502 domain:*.example.com scheme:https", {"declined"}),
    ("domain:shop.example", {"order", "bare"}),
    ("latency:>800", {"declined"}),
    ("latency:<=12ms OR latency:>1.2s", {"declined", "order"}),
    ("has:latency -latency:10..20", {"declined"}),
    ("size:>60", {"order"}),
    ("larger-than:0.06k", {"order"}),
    ("path:/v1", {"declined", "bare"}),
    ("path:/V1", set()),
    ("path:/v1/", {"declined", "bare"}),
    ("path:=/v1/", {"bare"}),
    ("endpoint:/users/{id}", {"order"}),
    ("service:pay -tag:health", {"declined", "bare"}),
    ("service:PA*", {"declined", "order", "bare"}),
    ("tag:night*", {"declined"}),
    ('tag:"nightly run" source:ingest', {"declined"}),
    ("header.x-tenant:acme", {"declined"}),
    ("req.header.X-Tenant:ACME*", {"declined", "order"}),
    ("res.header.x-tenant:acme", set()),
    ("header.accept:*/*", {"declined"}),
    ("header.accept:\\*/\\*", {"declined"}),
    ("res.header.content-length:>=79", {"order"}),
    ("mime-type:application/json", {"declined"}),
    ("has-response-header:etag", {"order"}),
    ("has:header.x-other", {"bare"}),
    ("param.page:3", {"declined"}),
    ("param.page:>3", {"order"}),
    ("param.tag:b", {"declined"}),
    ('body:"card declined"', {"declined"}),
    ("body:/[Cc]ard (declined|refused)/", {"declined"}),
    ("body:/CARD/i", {"declined"}),
    ('body:"(a*b)"', {"declined"}),
    ("$.error.code:E42", {"declined"}),
    ("$.order.lines.sku:b-2", {"order"}),
    ("$.order.lines[0].sku:b-2", set()),
    ("$.order.id:7 $.order.id:>=7 $.paid:true", {"order"}),
    ("has:$.order -has:$.error", {"order"}),
    ("req.$.error.code:E42", set()),
    ("has:error", {"declined"}),
    ("-has:error", {"order", "bare"}),
    ("is:error", {"declined"}),
    ("is:unanswered", {"bare"}),
    ("is:pinned", set()),
    ("ip:10.0.0.*", {"declined"}),
    ("E42", {"declined", "bare"}),
    ("card declined", {"declined"}),
    ("c*ined", {"declined"}),
    ("/x-(tenant|other): acme/", {"declined", "order", "bare"}),
    ("acme -acme-2", {"declined", "bare"}),
    ("since:1h until:now", {"declined", "order", "bare"}),
    ("since:2026-01-01 until:2026-01-02", set()),
    ("(E42 OR paid) NOT (method:POST)", {"order", "bare"}),
    ("url:shop.example/users", {"order"}),
    ("query:page=3", {"declined", "order"}),
    ("error:timeout", {"declined"}),
]
# Where the error is, by the part of the text that it marks.
REFUSED: list[tuple[str, str, str]] = [
    ("method:GET statu:500", "statu", "query_unknown_field"),
    ("status:>=abc", ">=abc", "query_bad_value"),
    ("a AND (b OR", "OR", "query_syntax"),
    ("a (b", "(", "query_syntax"),
    ("b) a", ")", "query_syntax"),
    ('path:/x "card', '"card', "query_syntax"),
    ("latency:", "latency:", "query_bad_value"),
    ("source:pushed", "pushed", "query_bad_value"),
    ("body:/a(b/", "/a(b/", "query_bad_regex"),
    ("x /(a{99}){99}/", "/(a{99}){99}/", "query_bad_regex"),
    ("-" * 30 + "x", "-", "query_too_deep"),
    ("x " * 51, "x", "query_too_many_terms"),
    ("x" * 2001, "x", "query_too_long"),
]


async def test_a_query_finds_what_it_says(client: httpx.AsyncClient) -> None:
    key = await make_key(client, (await register(client))["id"])
    names = {}
    for name, log in LOGS.items():
        headers = bearer(key["raw_key"])
        answer = await client.post("/v1/logs", json=log, headers=headers)
        names[answer.json()["id"]] = name

    async def found(**asked: str) -> set[str]:
        answer = await client.get("/v1/logs", params=asked)
        assert answer.status_code == 200, (asked, answer.text)
        return {names[item["id"]] for item in answer.json()["items"]}

    for query, expected in FINDS:
        assert await found(query=query) == expected, query
    [id] = [id for id, name in names.items() if name == "order"]
    for query in (f"id:{id}", id, f"http://localhost/log/{id}"):
        assert await found(query=query) == {"order"}, query
    await _is_explained(client)
    await _has_values(client, names)
    await _is_counted(client)
    # Beside the parameters, and where logs are exported and removed.
    assert await found(query="acme", method="get") == {"order"}
    lines = await client.get("/v1/logs.ndjson", params={"query": "$.error.code:E42"})
    assert len(lines.text.splitlines()) == 1
    gone = await client.delete("/v1/logs", params={"query": "has:error"})
    assert gone.json()["deleted"] == 1
    assert await found() == {"order", "bare"}


async def _is_explained(client: httpx.AsyncClient) -> None:
    """Which part left out everything."""
    query = "status:5xx acme path:/users"
    answer = (await client.get("/v1/logs", params={"query": query})).json()
    assert [(p["text"], p["alone"], p["without"]) for p in answer["parts"]] == [
        ("status:5xx", 1, 1),
        ("acme", 3, 0),
        ("path:/users", 1, 1),
    ]
    one = answer["parts"][2]
    assert query[one["offset"] : one["offset"] + one["length"]] == one["text"]
    asked = {"query": "status:5xx", "method": "get"}
    answer = (await client.get("/v1/logs", params=asked)).json()
    assert [(p["alone"], p["without"]) for p in answer["parts"]] == [(1, 1)]
    for found in ({"query": "acme status:5xx"}, {"q": "nothing"}):
        assert "parts" not in (await client.get("/v1/logs", params=found)).json()


async def _has_values(client: httpx.AsyncClient, names: dict[str, str]) -> None:
    fields = (await client.get("/v1/query/fields")).json()["fields"]
    assert {"status", "header.", "$", "since"} <= {field["name"] for field in fields}

    async def values(**asked: str) -> list[tuple[str, int]]:
        answer = (await client.get("/v1/query/values", params=asked)).json()
        assert (answer["logs"], answer["complete"]) == (3, True), answer
        for one in answer["values"]:
            if not one["query"].endswith(":"):
                query = {"query": one["query"]}
                found = (await client.get("/v1/logs", params=query)).json()
                assert found["total"] == one["count"], one
        return [(one["value"], one["count"]) for one in answer["values"]]

    assert await values(field="status") == [("200", 1), ("502", 1)]
    assert await values(field="host") == [("shop.example", 2), ("api.example.com", 1)]
    assert await values(field="tag", prefix="NIGHT") == [("nightly run", 1)]
    assert await values(field="header.x-tenant") == [("acme", 1), ("acme-2", 1)]
    assert ("x-tenant", 2) in await values(field="header")
    assert ("page", 2) in await values(field="param")
    assert await values(field="param.tag") == [("a", 1), ("b", 1)]
    assert await values(field="$.error.text") == [("Card declined (a*b)", 1)]
    assert await values(field="source") == [("ingest", 3)]
    assert ("unanswered", 1) in await values(field="is")
    assert ("error", 1) in await values(field="has")
    assert await values(field="service") == [("pay", 3)]
    assert await values(field="path", limit="1") == [("/users/7", 1)]
    narrowed = {"field": "method", "query": "status:200"}
    answer = (await client.get("/v1/query/values", params=narrowed)).json()
    assert [one["value"] for one in answer["values"]] == ["GET"]
    for field in ("", "nonsense", "body", "latency", "$"):
        answer = await client.get("/v1/query/values", params={"field": field})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["query", "field"], field


async def _is_counted(client: httpx.AsyncClient) -> None:
    """As facets and over time, for a query and for parameters."""
    [service] = (await client.get("/v1/services")).json()["items"]
    for asked in (
        {"query": "acme -method:DELETE"},
        {"q": "acme", "has_status": "true"},
    ):
        answer = (await client.get("/v1/logs/facets", params=asked)).json()
        assert (answer["requests"], answer["errors"], answer["is_exact"]) == (
            2,
            1,
            True,
        )
        assert answer["covered"] == {"since": None, "until": None, "logs": 3}
        told = {
            facet["name"]: [(v["value"], v["query"]) for v in facet["values"]]
            for facet in answer["facets"]
        }
        assert told == {
            "service": [("pay", f"service:{service['id']}")],
            "method": [("GET", "method:GET"), ("POST", "method:POST")],
            "status": [("2xx", "status:2xx"), ("5xx", "status:5xx")],
            "endpoint": [
                ("/users/{id}", "endpoint:/users/{id}"),
                ("/v1/charges", "endpoint:/v1/charges"),
            ],
            "source": [("ingest", "source:ingest")],
            "tag": [
                ("bot", "tag:bot"),
                ("health", "tag:health"),
                ("nightly run", 'tag:"nightly run"'),
            ],
        }
        wide = {**asked, "bucket_s": "86400"}
        answer = (await client.get("/v1/logs/timeline", params=wide)).json()
        assert (answer["requests"], answer["bucket_s"]) == (2, 86400)
        assert sum(bucket["errors"] for bucket in answer["buckets"]) == 1
    # What the list takes or refuses, they do, whatever it is.
    for strange in ("\0", "a\0b", "'; --", "%", "{0}", "$1", "\\", "\ud7ff", "é" * 900):
        for name in ("query", "q", "tag", "endpoint", "path", "method", "source"):
            asked = {name: strange}
            expected = (await client.get("/v1/logs", params=asked)).status_code
            for path in ("/v1/logs/facets", "/v1/logs/timeline"):
                answer = await client.get(path, params=asked)
                assert answer.status_code == expected, (asked, answer.text)
    for wrong in ("0", "x", "1e3", "31536001", ""):
        asked = {"bucket_s": wrong}
        answer = await client.get("/v1/logs/timeline", params=asked)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["query", "bucket_s"]


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/logs", "/v1/logs/stream", "/v1/logs.har"),
        *("/v1/logs/facets", "/v1/logs/timeline"),
    ],
)
async def test_a_query_that_is_wrong_says_where(
    shared: httpx.AsyncClient, path: str
) -> None:
    for query, part, kind in REFUSED:
        answer = await shared.get(path, params={"query": query})
        assert answer.status_code == 422, query
        [error] = answer.json()["errors"]
        marked = query[error["offset"] : error["offset"] + error["length"]]
        assert (marked, error["type"]) == (part, kind), error
        assert error["loc"] == ["query", "query"]
    answer = await shared.get(path, params={"query": "statu:500"})
    assert answer.json()["errors"][0]["suggestion"] == "status"
    assert 'query_refusals_total{why="query_syntax"}' in (
        (await shared.get("/metrics")).text
    )
