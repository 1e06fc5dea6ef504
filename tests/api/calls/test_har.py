"""HAR archives: ours open elsewhere, those of browsers open here."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from monitor.export.har import entry_of
from monitor.traffic.exchange import Source
from tests.support.exchanges import a_log
from tests.support.har_archives import archive, bring, details, scene_on
from tests.support.har_schema import (
    HAR,
)
from tests.support.patience import PATIENCE_S
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)
from tests.support.upstreams import answering, upstream

# Both may be left out.


@pytest_asyncio.fixture
async def client(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with scene_on(database_url, tmp_path) as (_, client):
        yield client


async def test_an_archive_of_chrome_imports(client: httpx.AsyncClient) -> None:
    answer = await bring(client, archive("chrome.har"))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["accepted"], made["skipped"]) == (5, 1)
    page, xhr, image, blocked, socket = await details(client, made["ids"])
    assert page["source"] == "ingest"
    assert page["path"] == "/"
    assert page["url"] == "https://shop.example/?q=a%20b&q=c&lang="
    assert page["query_params"] == {"q": ["a b", "c"], "lang": ""}
    assert page["latency_ms"] == 123.4567
    assert page["response_body"] == "<h1>Sh\u00f6p \u2713</h1>"
    assert page["request_headers"] == {"accept": "text/html", "cookie": "***MASKED***"}
    assert page["response_headers"]["set-cookie"] == ["***MASKED***"] * 2
    assert xhr["url"].endswith("/api/cart?token=***MASKED***")
    assert xhr["status_code"] == 500
    assert json.loads(xhr["request_body"]) == {"item": 1, "n": 2}
    assert image["response_body_encoding"] == "base64"
    assert base64.b64decode(image["response_body"]).startswith(b"\x89PNG")
    assert blocked["status_code"] is None
    assert blocked["latency_ms"] is None
    assert blocked["error"] == "net::ERR_BLOCKED_BY_CLIENT"
    assert (socket["status_code"], socket["path"]) == (101, "/live")
    age = datetime.now(UTC) - datetime.fromisoformat(page["timestamp"])
    assert timedelta(minutes=59) < age < timedelta(minutes=70)


async def test_an_archive_of_firefox_imports(client: httpx.AsyncClient) -> None:
    answer = await bring(client, archive("firefox.har"))
    assert answer.status_code == 201, answer.text
    login, big = await details(client, answer.json()["ids"])
    assert login["request_body"] == "user=ann&pin=***MASKED***"
    assert login["request_headers"]["Authorization"] == "***MASKED***"
    assert login["status_code"] == 302
    age = datetime.now(UTC) - datetime.fromisoformat(login["timestamp"])
    assert timedelta(minutes=59) < age < timedelta(minutes=70)
    assert base64.b64decode(big["response_body"]) == b"\x00\x01\x02\xff"


async def test_a_bad_entry_is_named_and_nothing_is_stored(
    client: httpx.AsyncClient,
) -> None:
    good = {"request": {"method": "GET", "url": "https://x/a"}, "response": {}}
    old = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    entries: list[Any] = [
        good,
        7,
        {"request": {"method": "GET"}},
        {"request": {"method": "G T", "url": "https://x/a"}},
        {**good, "startedDateTime": old},
        {**good, "startedDateTime": "yesterday"},
        {**good, "response": {"status": "fine"}},
        {**good, "response": {"headers": [{"name": "a"}]}},
        {**good, "response": {"content": {"text": "a", "encoding": "base64"}}},
        {**good, "response": {"headers": [{"name": "a", "value": "\u0000"}]}},
    ]
    answer = await bring(client, json.dumps({"log": {"entries": entries}}))
    assert answer.status_code == 422
    assert [error["loc"][3:] for error in answer.json()["errors"]] == [
        [1],
        [2, "request", "url"],
        [3, "request", "method"],
        [4, "startedDateTime"],
        [5, "startedDateTime"],
        [6, "response", "status"],
        [7, "response", "headers", 0],
        [8, "response", "content", "text"],
        [9, "response", "headers"],
    ]
    assert answer.json()["errors"][0]["loc"] == ["body", "log", "entries", 1]
    assert (await client.get("/v1/logs")).json()["total"] == 0


@pytest.mark.parametrize(
    "content", ["", "{}", '{"log": {}}', '{"log": {"entries": [{', "nope", "[]"]
)
async def test_what_is_no_archive_is_422(
    client: httpx.AsyncClient, content: str
) -> None:
    answer = await bring(client, content)
    assert answer.status_code == 422, answer.text


async def test_an_entry_of_a_unix_socket_has_the_path_that_was_asked_for(
    client: httpx.AsyncClient,
) -> None:
    key = await make_key(client, (await register(client, name="socket"))["id"])
    url = "http://unix:/run/app.sock:/orders/1?a=2&a=3"
    entry = {"request": {"method": "GET", "url": url}, "response": {"status": 200}}
    archive = {"log": {"version": "1.2", "entries": [entry]}}
    answer = await client.post(
        "/v1/logs/import/har", json=archive, headers=bearer(key["raw_key"])
    )
    assert answer.status_code == 201, answer.text
    log = (await client.get(f"/v1/logs/{answer.json()['ids'][0]}")).json()
    assert (log["url"], log["path"]) == (url, "/orders/1")
    assert log["query_params"] == {"a": ["2", "3"]}


async def test_types_and_keys(client: httpx.AsyncClient) -> None:
    path = "/v1/logs/import/har"
    headers = {"Content-Type": "application/har+json"}
    answer = await client.post(path, content='{"log":{"entries":[]}}', headers=headers)
    assert answer.json() == {
        "accepted": 0,
        "ids": [],
        "skipped": 0,
        "left_out": [],
    }
    answer = await client.post(path, content="{}")
    assert answer.status_code == 415
    del client.headers["Authorization"]
    assert (await bring(client, "{}")).status_code == 401


async def test_an_import_is_safe_to_repeat(client: httpx.AsyncClient) -> None:
    client.headers["Idempotency-Key"] = "once"
    content = archive("firefox.har")
    first, second = await bring(client, content), await bring(client, content)
    assert first.json()["ids"] == second.json()["ids"]
    assert (await client.get("/v1/logs")).json()["total"] == 2


async def test_what_was_captured_is_a_valid_archive(
    database_url: str, tmp_path: Path
) -> None:
    response = (
        b"HTTP/1.1 302 Found\r\nContent-Type: image/png\r\nLocation: /b\r\n"
        b"Set-Cookie: a=s3cret\r\nContent-Length: 3\r\n\r\n\x00\xff\x01"
    )
    async with (
        upstream(answering(response)) as port,
        scene_on(database_url, tmp_path) as (appliance, client),
    ):
        base_url = f"http://127.0.0.1:{port}"
        service_id = (await client.get("/v1/services")).json()["items"][0]["id"]
        await client.patch(f"/v1/services/{service_id}", json={"base_url": base_url})
        async with httpx.AsyncClient(
            base_url=appliance.proxy_url, verify=False, timeout=PATIENCE_S
        ) as through:
            headers = {"Authorization": "s3cret", "X-Monitor-Nothing": "1"}
            answer = await through.get("/pay/a?token=s3cret&b=1", headers=headers)
        id = answer.headers["X-Monitor-Log-Id"]
        for _ in range(6_000):
            made = await client.get(f"/v1/logs/{id}/har")
            if made.status_code == 200:
                break
            await asyncio.sleep(0.01)
        assert "s3cret" not in made.text
        HAR.validate(made.json())
        (entry,) = made.json()["log"]["entries"]
        assert entry["_masked"] == [
            "request.url",
            "request.headers.Authorization",
            "response.headers.Set-Cookie",
        ]
        assert entry["response"]["redirectURL"] == "/b"
        sent = {
            pair["name"].lower(): pair["value"] for pair in entry["request"]["headers"]
        }
        assert sent["host"] == f"127.0.0.1:{port}", "the URL's, not the proxy's"
        assert "x-monitor-nothing" not in sent
        assert "Host:" not in (await client.get(f"/v1/logs/{id}/curl")).text
        asked = {"preserve_host": True}
        await client.patch(f"/v1/services/{service_id}", json=asked)
        assert "-H 'Host: " in (await client.get(f"/v1/logs/{id}/curl")).text
        assert entry["response"]["content"]["encoding"] == "base64"
        assert entry["request"]["queryString"][1] == {"name": "b", "value": "1"}


async def test_an_export_holds_each_log_once_and_imports_again(
    client: httpx.AsyncClient,
) -> None:
    """What was imported is exported, imported again, and the same."""
    await bring(client, archive("chrome.har"))
    await bring(client, archive("firefox.har"))
    rows = [
        {**LOG, "path": f"/{n}", "request_body": "x" * (n + 1), "status_code": 200}
        for n in range(230)
    ]
    await client.post("/v1/logs/batch", json=rows)
    exported = await client.get("/v1/logs.har")
    assert "attachment" in exported.headers["Content-Disposition"]
    HAR.validate(exported.json())
    entries = exported.json()["log"]["entries"]
    assert len({entry["_id"] for entry in entries}) == len(entries) == 237
    again = await bring(client, exported.content)
    assert again.json()["accepted"] == 237, again.text[:500]
    lines = (await client.get("/v1/logs.ndjson")).text.splitlines()
    logs = [json.loads(line) for line in lines]
    assert len(logs) == 474
    by_id = {log["id"]: log for log in logs}
    for entry, id in zip(entries, again.json()["ids"], strict=True):
        before, after = by_id[entry["_id"]], by_id[id]
        for name in before.keys() - {"id", "path", "request_size", "response_size"}:
            assert before[name] == after[name], name


async def test_exports_take_the_lists_filters(client: httpx.AsyncClient) -> None:
    rows = [{**LOG, "path": f"/{n}", "status_code": 200 + n % 2} for n in range(120)]
    ids = (await client.post("/v1/logs/batch", json=rows)).json()["ids"]
    lines = (await client.get("/v1/logs.ndjson?status_code=201")).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids[1::2][::-1]
    lines = (await client.get("/v1/logs.ndjson?limit=70")).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids[::-1][:70]
    assert json.loads(lines[0]) == (await client.get(f"/v1/logs/{ids[-1]}")).json()
    page = (await client.get("/v1/logs?limit=100")).json()
    rest = await client.get(f"/v1/logs.ndjson?cursor={page['next_cursor']}")
    assert len(rest.text.splitlines()) == 20
    assert (await client.get("/v1/logs.ndjson?status_code=599")).content == b""
    for bad in ("limit=0", "offset=1", "newer=true", "nope=1", "status_code=x"):
        for path in ("/v1/logs.har", "/v1/logs.ndjson"):
            answer = await client.get(f"{path}?{bad}")
            assert answer.status_code == 422, bad


async def test_exports_take_the_right_to_read(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD="pw-of-tests") as appliance,
        client_of(appliance) as client,
    ):
        for path in ("/v1/logs.har", "/v1/logs.ndjson"):
            assert (await client.get(path)).status_code == 401


@pytest.mark.parametrize("url", ["http://[", "http://[::1", "//[x]y/a?b=1", "\x7f"])
@pytest.mark.parametrize("source", [Source.INGEST, Source.PROXY])
def test_what_is_no_url_is_exported_as_it_is(url: str, source: Source) -> None:
    made = entry_of(a_log(url=url, source=source))
    assert made["request"]["url"] == url


@pytest.mark.parametrize(
    ("url", "path", "said"),
    [
        ("https://x/a", "/a", None),
        ("https://x/a", "/a/", "/a/"),
        ("https://x", "/", None),
        ("https://x#/a", "/a", "/a"),
        ("http://unix:/run/app.sock:/a?b=1", "/a", None),
        ("http://unix:/run/app.sock:/a", "/run/app.sock:/a", "/run/app.sock:/a"),
        ("http://[", "/a", "/a"),
    ],
)
def test_a_path_is_said_where_an_import_would_find_another(
    url: str, path: str, said: str | None
) -> None:
    assert entry_of(a_log(url=url, path=path)).get("_path") == said
