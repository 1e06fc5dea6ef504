"""What /openapi.json says is valid, whole and true."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from api.app import add_routes, is_api
from api.document.openapi import document
from api.document.operations import ALL
from monitor.logs.query import LISTED
from tests.support.connections import connected, port_of
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)
from tests.support.upstreams import (
    OK,
    Reader,
    Writer,
    answering,
    read_head,
    upstream,
)

DOCUMENT = document()
OURS = {"/openapi.json"}


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """With formats checked, and references into the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return Draft202012Validator(
        whole, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def described(method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path][method.lower()]
    return found


def test_it_is_valid_openapi() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


def test_every_route_is_an_operation_and_the_other_way_round() -> None:
    class Stub:
        """Handlers are made, not called."""

        def __getattr__(self, name: str) -> Any:
            return self

    app = web.Application()
    add_routes(app, Stub())  # type: ignore[arg-type]
    routes = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert all(is_api(path) for _, path in routes)
    operations = {(operation.method, operation.path) for operation in ALL}
    assert {route for route in routes if route[1] not in OURS} == operations
    assert len({operation.id for operation in ALL}) == len(ALL)


def test_every_parameter_of_a_query_is_described() -> None:
    listed = described("GET", "/v1/logs")["parameters"]
    assert {parameter["name"] for parameter in listed} == LISTED.keys()


@pytest.mark.parametrize("name", LISTED)
def test_the_bounds_of_a_parameter_are_those_that_hold(name: str) -> None:
    schema, parse = LISTED[name].schema, LISTED[name].parse
    least, most = schema.get("minimum"), schema.get("maximum")
    longest = schema.get("maxLength")
    good = [*schema.get("enum", ()), *(n for n in (least, most) if n is not None)]
    bad = ["" if longest else "nonsense", *([] if least is None else [least - 1])]
    if most is not None:
        bad.append(most + 1)
    if longest is not None:
        good.append("x" * longest)
        bad.append("x" * (longest + 1))
    for value in good:
        parse(str(value))
    for value in bad:
        with pytest.raises(ValueError):
            parse(str(value))


def test_every_example_is_valid() -> None:
    checked = 0
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            bodies = [
                operation.get("requestBody", {}),
                *operation["responses"].values(),
            ]
            for body in bodies:
                for content in body.get("content", {}).values():
                    if "example" in content:
                        validator(content["schema"]).validate(content["example"])
                        checked += 1
    assert checked > 15


def test_every_call_says_its_errors() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            statuses = set(operation["responses"])
            assert "500" in statuses, path
            if path.startswith("/v1/"):
                assert {"401", "403", "422", "503"} <= statuses, path
            if "{" in path:
                assert "404" in statuses, path
            if "requestBody" in operation:
                assert {"413", "415", "422"} <= statuses, f"{method} {path}"


async def test_it_is_served_and_may_be_kept(database_url: str, tmp_path: Path) -> None:
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD="pw-of-tests") as appliance,
        client_of(appliance) as client,
    ):
        answer = await client.get("/openapi.json")
        assert answer.json() == json.loads(json.dumps(DOCUMENT, default=str))
        headers = {"If-None-Match": answer.headers["ETag"]}
        assert (await client.get("/openapi.json", headers=headers)).status_code == 304
        answer = await client.get("/openapi.json", headers={"Host": "evil.example"})
        assert answer.status_code == 403


class Checked:
    """A client whose every answer is held to the document."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.seen: set[tuple[str, str]] = set()

    async def __call__(
        self, method: str, template: str, *, status: int, **options: Any
    ) -> Any:
        path = re.sub(r"{(\w+)}", lambda name: options.pop(name[1]), template)
        answer = await self._client.request(method, path, **options)
        assert answer.status_code == status, answer.text
        self.seen.add((method, template))
        response = described(method, template)["responses"][str(status)]
        if status == 204:
            assert answer.content == b""
            return None
        ((kind, content),) = response["content"].items()
        assert answer.headers["Content-Type"].split(";")[0] == kind
        if not kind.endswith("json") or kind.endswith("ndjson"):
            return answer.text
        validator(content["schema"]).validate(answer.json())
        return answer.json()


async def test_every_call_answers_what_the_document_says(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        upstream(answering(OK)) as port,
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        base_url = f"http://127.0.0.1:{port}"
        service = await register(client, base_url=base_url, hosts=["a.localhost"])
        made_key = await make_key(client, service["id"])
        key = bearer(made_key["raw_key"])
        call = Checked(client)
        other = await call(
            "POST",
            "/v1/services",
            status=201,
            json={"name": "b", "hosts": ["localhost"]},
        )
        one = {"service_id": other["id"]}
        await call("GET", "/v1/services", status=200)
        await call("GET", "/v1/services/{service_id}", status=200, **one)
        change = {"description": "d"}
        await call("PATCH", "/v1/services/{service_id}", status=200, json=change, **one)
        keys = "/v1/services/{service_id}/keys"
        second = await call("POST", keys, status=201, json={"name": "k"}, **one)
        await call("GET", keys, status=200, **one)
        await call(
            "DELETE", f"{keys}/{{key_id}}", status=204, key_id=second["id"], **one
        )
        await call("DELETE", "/v1/services/{service_id}", status=204, **one)
        await call("DELETE", "/v1/services/{service_id}", status=404, **one)

        rule = {
            "service_id": service["id"],
            "name": "r",
            "condition_field": "status_code",
            "condition_operator": ">=",
            "condition_value": "500",
        }
        alert = await call("POST", "/v1/alerts", status=201, json=rule)
        log = {
            **LOG,
            "url": f"{base_url}/a",
            "status_code": 503,
            "latency_ms": 5,
            "query_params": {"a": ["1", 2]},
            "request_headers": {"A": ["1", None]},
            "tags": ["t"],
            "request_body": "sent",
            "response_body": "answered",
        }
        pushed = await call("POST", "/v1/logs", status=201, json=log, headers=key)
        await call("POST", "/v1/logs", status=422, json={}, headers=key)
        await call("POST", "/v1/logs", status=401, json=log)
        await call("POST", "/v1/logs/batch", status=201, json=[log], headers=key)
        har = described("POST", "/v1/logs/import/har")["requestBody"]["content"]
        archive = har["application/json"]["example"]
        del archive["log"]["entries"][0]["startedDateTime"]
        await call("POST", "/v1/logs/import/har", status=201, json=archive, headers=key)
        await call("GET", "/v1/logs", status=200)
        await call("GET", "/v1/logs", status=200, params={"query": "x GET"})
        await call("GET", "/v1/query/fields", status=200)
        status = {"params": {"field": "status"}}
        await call("GET", "/v1/query/values", status=200, **status)
        for path in ("facets", "timeline"):
            await call("GET", f"/v1/logs/{path}", status=200)
            said = {"params": {"query": "status:503 -note:x", "source": "ingest"}}
            await call("GET", f"/v1/logs/{path}", status=200, **said)
            wrong = {"params": {"query": "statu:503", "limit": "5"}}
            await call("GET", f"/v1/logs/{path}", status=422, **wrong)
        await call("GET", "/v1/logs.har", status=200)
        await call("GET", "/v1/logs.ndjson", status=200)
        it = {"log_id": pushed["id"]}
        copies = ("/curl", "/har", "/httpie", "/httpx", "/fetch")
        for path in ("", *copies, "/request_body", "/response_body"):
            await call("GET", f"/v1/logs/{{log_id}}{path}", status=200, **it)
        await call("GET", "/v1/logs/{log_id}/messages", status=200, **it)
        mark = {"json": {"pinned": True, "tags": ["kept"], "note": "n"}}
        await call("PATCH", "/v1/logs/{log_id}", status=200, **mark, **it)
        await call("POST", "/v1/logs/{log_id}/replay", status=201, **it)
        await call("GET", "/v1/logs/{log_id}/replays", status=200, **it)
        series = {"json": {"count": 2, "concurrency": 2}}
        often = "/v1/logs/{log_id}/replay/series"
        await call("POST", often, status=201, **series, **it)
        new = {"service_id": service["id"], "url": "/a?b"}
        await call("POST", "/v1/requests", status=201, json=new)
        twice = {**new, "count": 2}
        await call("POST", "/v1/requests/series", status=201, json=twice)
        await follow_comparisons(call, pushed)
        await follow_open_exchanges(call, client, port_of(appliance.proxy_url))
        await call("DELETE", "/v1/logs", status=200, params={"tag": "t"})
        await call("DELETE", "/v1/logs", status=422)
        await call("DELETE", "/v1/logs/{log_id}", status=204, **it)
        await call("DELETE", "/v1/logs/{log_id}", status=404, **it)
        for path in ("", "/timeseries", "/endpoints", "/heatmap"):
            await call("GET", f"/v1/metrics{path}", status=200)
            since = {"params": {"since": "2026-01-01", "source": "x"}}
            await call("GET", f"/v1/metrics{path}", status=422, **since)
        by = {"params": {"sort": "p95", "order": "asc", "new_since": "2026-01-01"}}
        await call("GET", "/v1/endpoints", status=422, **by)
        by["params"]["new_since"] = "2026-01-01T00:00:00Z"
        await call("GET", "/v1/endpoints", status=200, **by)
        await follow_endpoints(call, service["id"])
        rule_id = {"alert_id": alert["id"]}
        await call("GET", "/v1/alerts", status=200)
        previewed = {key: rule[key] for key in rule if key != "name"}
        await call("POST", "/v1/alerts/preview", status=200, json=previewed)
        await call("GET", "/v1/alerts/{alert_id}", status=200, **rule_id)
        await call("GET", "/v1/alerts/{alert_id}/events", status=200, **rule_id)
        await call("GET", "/v1/alerts/{alert_id}/deliveries", status=200, **rule_id)
        await call("PATCH", "/v1/alerts/{alert_id}", status=200, json={}, **rule_id)
        await call("DELETE", "/v1/alerts/{alert_id}", status=204, **rule_id)
        deploy = {"json": {"text": "v2", "service": service["slug"]}}
        made_mark = await call("POST", "/v1/marks", status=201, **deploy)
        await call("GET", "/v1/marks", status=200)
        mark_id = made_mark["id"]
        await call("DELETE", "/v1/marks/{mark_id}", status=204, mark_id=mark_id)
        await follow_views(call)
        await follow_channels(call, f"{base_url}/hook")
        new = {"name": "t", "read_only": True, "expires_at": "2100-01-01T00:00:00Z"}
        token = await call("POST", "/v1/tokens", status=201, json=new)
        await call("GET", "/v1/tokens", status=200)
        one_token = {"token_id": token["id"]}
        await call("DELETE", "/v1/tokens/{token_id}", status=204, **one_token)
        for path in (
            "/health",
            "/healthz",
            "/livez",
            "/readyz",
            "/metrics",
            "/v1/ledger",
            "/v1/storage",
        ):
            await call("GET", path, status=200)
        await call("POST", "/v1/ledger/write-off", status=200, json={})
        everything = {(operation.method, operation.path) for operation in ALL}
        # It never ends; the test of the stream holds its events to the list's items.
        assert everything - call.seen == {("GET", "/v1/logs/stream")}


async def follow_open_exchanges(
    call: Checked, client: httpx.AsyncClient, proxy_port: int
) -> None:
    async with (
        upstream(an_event_and_no_more) as port,
        connected(proxy_port) as (reader, writer),
    ):
        await register(client, name="open", base_url=f"http://127.0.0.1:{port}")
        writer.write(b"GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"data: a\n\n")
        listed = await call("GET", "/v1/exchanges", status=200)
        one = {"exchange_id": listed["items"][0]["id"]}
        await call("GET", "/v1/exchanges/{exchange_id}", status=200, **one)


async def an_event_and_no_more(reader: Reader, writer: Writer) -> None:
    await read_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    writer.write(b"data: a\n\n")
    await reader.read()


async def follow_comparisons(call: Checked, log: dict[str, Any]) -> None:
    both = {"params": {"a": log["id"], "b": log["id"]}}
    await call("GET", "/v1/compare", status=200, **both)
    await call("GET", "/v1/compare", status=404, params={"b": log["id"]})
    await call("GET", "/v1/compare", status=422)
    new = {"service_id": log["service_id"], "part": "body", "path": "$.a[0]"}
    rule = await call("POST", "/v1/compare/rules", status=201, json=new)
    await call("GET", "/v1/compare/rules", status=200)
    one_rule = {"rule_id": rule["id"]}
    await call("DELETE", "/v1/compare/rules/{rule_id}", status=204, **one_rule)


async def follow_endpoints(call: Checked, service_id: str) -> None:
    of, path = {"service_id": service_id}, "/v1/services/{service_id}/endpoints"
    for templates in (["users"], ["/a/{b}c"], [], ["/" + "x" * 600]):
        await call("POST", path, status=422, json={"templates": templates}, **of)
    new = {"json": {"templates": ["/u/{who}", "/static/*"]}}
    change = await call("POST", path, status=201, **new, **of)
    await call("POST", path, status=409, **new, **of)
    await call("GET", path, status=200, **of)
    await call("GET", f"{path}/changes", status=200, **of)
    it = {**of, "change_id": change["id"]}
    await call("POST", f"{path}/changes/{{change_id}}/undo", status=200, **it)
    await call("POST", f"{path}/changes/{{change_id}}/undo", status=409, **it)


async def follow_views(call: Checked) -> None:
    new = {"name": "v", "filters": {"query": "status:5xx"}, "range": "1h"}
    made = await call("POST", "/v1/views", status=201, json=new)
    await call("POST", "/v1/views", status=409, json=new)
    wrong = {"name": "w", "filters": {"query": "statu:1"}}
    await call("POST", "/v1/views", status=422, json=wrong)
    it = {"view_id": made["id"]}
    await call("GET", "/v1/views", status=200)
    await call("GET", "/v1/views/{view_id}", status=200, **it)
    await call("PATCH", "/v1/views/{view_id}", status=200, json={"name": "x"}, **it)
    await call("DELETE", "/v1/views/{view_id}", status=204, **it)
    await call("DELETE", "/v1/views/{view_id}", status=404, **it)


async def follow_channels(call: Checked, url: str) -> None:
    new = {"name": "c", "kind": "webhook", "url": url}
    channel = await call("POST", "/v1/channels", status=201, json=new)
    it = {"channel_id": channel["id"]}
    one = "/v1/channels/{channel_id}"
    await call("GET", "/v1/channels", status=200)
    await call("GET", one, status=200, **it)
    await call("PATCH", one, status=200, json={"name": "d"}, **it)
    sent = await call("POST", f"{one}/test", status=200, **it)
    assert sent["attempts"][0]["status_code"] == 200
    await call("GET", f"{one}/deliveries", status=200, **it)
    await call("DELETE", one, status=204, **it)


async def test_words_in_the_place_of_an_id_are_no_ids(
    database_url: str, tmp_path: Path
) -> None:
    words = dict.fromkeys(("batch", "import/har"), "POST")
    words |= dict.fromkeys(("facets", "timeline", "stream"), "GET, HEAD")
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        for word, allowed in words.items():
            for method in {"GET", "OPTIONS", "PATCH", "DELETE"} - {
                *allowed.split(", ")
            }:
                answer = await client.request(method, f"/v1/logs/{word}", json={})
                assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


async def test_what_is_no_http_is_said_in_our_words(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        # Longer than httpx takes as a URL.
        target = {"target": b"/v1/logs?q=" + b"x" * 70_000}
        request = client.build_request("GET", "/v1/logs", extensions=target)
        answer = await client.send(request)
        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "xxx" not in answer.text
        answer = await client.get(f"/v1/logs?endpoint=/{'%20' * 8_000}")
        assert answer.status_code == 200


def test_every_operation_documents_that_its_head_may_be_too_long() -> None:
    """The longest query of a list is more than what the server reads."""
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            assert "400" in operation["responses"], (method, path)
