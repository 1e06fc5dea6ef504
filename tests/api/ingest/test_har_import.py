"""HAR archives of many tools, with their oddities; and ours, which come back whole."""

import base64
import gzip
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from api.ingest import har_batch
from api.ingest.batch_file import ROWS_A_TURN
from monitor.export.har_import import PLAIN_URL, target_of
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.traffic.exchange import Body, BodyState, Exchange, Source, Timings
from monitor.traffic.ids import LogIds
from monitor.traffic.message import (
    Direction,
    Medium,
    Message,
    MessageKind,
    Messages,
    MessageState,
)
from tests.support.har_archives import archive, bring, details, scene_on
from tests.support.har_schema import HAR
from tests.support.running import bearer, make_key, register

IMPORT = "/v1/logs/import/har"
HOUR_AGO = datetime.now(UTC).replace(microsecond=123_000) - timedelta(hours=1)


@pytest_asyncio.fixture
async def client(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """With the key of a service that has no rules of its own."""
    async with scene_on(database_url, tmp_path) as (_, client):
        service = await register(client, name="plain")
        key = await make_key(client, service["id"])
        client.headers.update(bearer(key["raw_key"]))
        yield client


async def taken(
    client: httpx.AsyncClient, content: Any, query: str = "on_error=skip"
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The logs that were made, and what was left out."""
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    answer = await client.post(
        f"{IMPORT}?{query}",
        content=content,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["accepted"] == len(made["ids"])
    assert made["skipped"] == len(made["left_out"])
    return await details(client, made["ids"]), made["left_out"]


async def plain_service(client: httpx.AsyncClient) -> str:
    found = (await client.get("/v1/services")).json()["items"]
    return next(str(each["id"]) for each in found if each["name"] == "plain")


def entry(**fields: Any) -> dict[str, Any]:
    url = "https://shop.example/a"
    return {"request": {"method": "GET", "url": url}, "response": {}, **fields}


def posting(**posted: Any) -> dict[str, Any]:
    size = posted.pop("bodySize", -1)
    url = "https://shop.example/a"
    return {
        "request": {
            "method": "POST",
            "url": url,
            "bodySize": size,
            "postData": posted,
        }
    }


def har_of(*entries: Any) -> dict[str, Any]:
    return {"log": {"entries": list(entries)}}


async def export(client: httpx.AsyncClient, log: dict[str, Any]) -> dict[str, Any]:
    made = (await client.get(f"/v1/logs/{log['id']}/har")).json()
    HAR.validate(made)
    found: dict[str, Any] = made["log"]["entries"][0]
    return found


async def test_archives_of_proxies_and_other_tools_import(
    client: httpx.AsyncClient,
) -> None:
    (login, cached), _ = await taken(client, archive("safari.har"))
    assert login["request_body"] == "user=ann+b&city=K%C3%B6ln"
    assert login["timings"] == {
        "connect_ms": 12,
        "tls_ms": 20,
        "ttfb_ms": 83,
        "total_ms": 87,
        "overhead_ms": None,
    }
    assert cached["status_code"] == 304
    again = await export(client, login)
    assert again["serverIPAddress"] == "203.0.113.7"
    assert again["request"]["httpVersion"] == "HTTP/2"
    assert again["timings"]["dns"] == 2

    (items, upload), _ = await taken(client, archive("charles.har"))
    assert items["response_body"] == '{"items":[]}'
    assert upload["status_code"] is None
    assert upload["request_body"].splitlines()[0] == "--XyZ"
    assert 'name="photo"; filename="cat %221%22.png"' in upload["request_body"]
    assert upload["request_body_truncated"], "what the file held is not in the archive"

    (plain,), left_out = await taken(client, archive("fiddler.har"))
    assert (plain["method"], plain["status_code"]) == ("GET", 200)
    assert plain["latency_ms"] == 12
    assert plain["request_headers"]["X-Empty"] == ""
    assert plain["request_headers"]["Content-Length"] == "0"
    assert [error["loc"][3] for error in left_out] == [1]

    (order,), _ = await taken(client, archive("insomnia.har"))
    assert order["request_body"] == '{"n": 1}'
    assert order["request_headers"]["Cookie"] == "***MASKED***"
    assert order["response_headers"]["Set-Cookie"] == "***MASKED***"
    again = await export(client, order)
    names = [cookie["name"] for cookie in again["request"]["cookies"]]
    assert names == ["sid", "theme"]
    assert again["response"]["cookies"][0]["httpOnly"] is True
    assert "s3cret" not in json.dumps(again)

    (search, oops), _ = await taken(client, archive("k6.har"))
    assert search["request_body"] == "q=a%20b%26c&l=de+at", "it was encoded already"
    assert search["latency_ms"] is None
    assert oops["request_headers"] == {"Accept": "*/*"}


async def test_messages_of_other_tools_are_kept(client: httpx.AsyncClient) -> None:
    (socket,), _ = await taken(client, archive("mitmproxy.har"))
    assert (socket["status_code"], socket["message_count"]) == (101, 3)
    sent, blob, close = (await client.get(f"/v1/logs/{socket['id']}/messages")).json()[
        "items"
    ]
    assert (sent["direction"], sent["kind"]) == ("sent", "text")
    assert sent["data"] == '{"pin": 1}'
    assert abs(sent["offset_ms"] - 1500) < 2
    assert base64.b64decode(blob["data"]) == b"\x00\xff"
    assert close["kind"] == "close"

    (stream, odd), left_out = await taken(client, archive("playwright.har"))
    assert stream["event_count"] == 2
    events = (await client.get(f"/v1/logs/{stream['id']}/messages")).json()["items"]
    assert [(event["name"], event["data"]) for event in events] == [
        (None, "hi"),
        ("end", "bye"),
    ]
    order = [name for name, _ in stream["response_headers_raw"]]
    assert order == ["content-type", "set-cookie", "x-b", "set-cookie"]
    assert odd["response_body"] == "?x", "half of a surrogate pair"
    assert [error["loc"][3] for error in left_out] == [2]


async def test_one_odd_entry_is_left_out_and_named(client: httpx.AsyncClient) -> None:
    long_ago = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    entries = [
        entry(),
        7,
        entry(response={"status": "fine"}),
        entry(startedDateTime=long_ago),
        entry(response={"bodySize": 10**300, "status": 204}),
        entry(response={"headers": [{"name": "a", "value": "\ud800"}]}),
        entry(response={"content": {"text": "x" * 17 * 1024 * 1024}}),
        entry(response={"status": 201}),
    ]
    logs, left_out = await taken(client, har_of(*entries))
    assert [log["status_code"] for log in logs] == [None, 204, 201]
    assert [error["loc"][3] for error in left_out] == [1, 2, 3, 5, 6]
    old = left_out[2]
    assert old["loc"][4:] == ["startedDateTime"]
    assert "retention_days" in old["msg"] and "?shift=now" in old["msg"]
    answer = await bring(client, json.dumps(har_of(*entries[:3])))
    assert answer.status_code == 422
    assert [error["loc"][3] for error in answer.json()["errors"]] == [1, 2]
    broken = b'{"log":{"entries":[{"request":},' + json.dumps(entry()).encode() + b"]}}"
    logs, left_out = await taken(client, broken)
    assert (len(logs), len(left_out)) == (1, 1)


FORM = "application/x-www-form-urlencoded"
PARTS = [
    {"name": "a", "value": "1 2"},
    {"name": "f", "value": "x", "fileName": "t.txt"},
]


FORMS: list[tuple[dict[str, Any], str | None]] = [
    ({"mimeType": FORM, "params": [{"name": "a b", "value": "1&2"}]}, "a+b=1%262"),
    ({"mimeType": FORM, "params": [{"name": "a", "value": "%2F+x"}]}, "a=%2F+x"),
    ({"mimeType": FORM, "params": [{"name": "a", "value": "100%"}]}, "a=100%25"),
    (
        # Raw, and by its size: the percent sign was meant.
        {
            "mimeType": FORM,
            "params": [{"name": "a", "value": "%2F"}],
            "bodySize": 7,
        },
        "a=%252F",
    ),
    ({"mimeType": FORM, "text": "", "params": [{"name": "a"}]}, "a="),
    ({"mimeType": FORM, "text": "a=1", "params": [{"name": "b"}]}, "a=1"),
    ({"params": [{"name": "n", "value": 12}]}, "n=12"),
    ({"mimeType": "application/json", "text": {"a": [1]}}, '{"a": [1]}'),
    ({"mimeType": "text/plain", "text": ""}, None),
]


@given(
    st.sampled_from(
        ["http://a.b", "https://a:8", "ws://a:x", "http://u@a", "wss://[::1]"]
    ),
    st.text("/a.;:@[]\\%2F é\x7f", max_size=5),
    st.text("a=&;+%41?é", max_size=9),
)
def test_a_plain_address_says_what_it_says_to_others(
    origin: str, path: str, query: str
) -> None:
    url = f"{origin}/{path}?{query}"
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = {name: [v for n, v in pairs if n == name] for name, _ in pairs}
    wanted = {name: v[0] if len(v) == 1 else v for name, v in names.items()}
    assert target_of(url) == (parts.path or "/", wanted)
    if PLAIN_URL.fullmatch(url):
        assert re.fullmatch(r"[!-~]*", url)


async def test_a_form_becomes_what_was_sent(client: httpx.AsyncClient) -> None:
    logs, _ = await taken(client, har_of(*(posting(**posted) for posted, _ in FORMS)))
    assert [log["request_body"] for log in logs] == [body for _, body in FORMS]


async def test_parts_become_a_multipart_body_with_its_boundary(
    client: httpx.AsyncClient,
) -> None:
    given = posting(mimeType="multipart/form-data", params=PARTS)
    given["request"]["headers"] = [
        {"name": "Content-Type", "value": "multipart/form-data"}
    ]
    ((log,), _) = await taken(client, har_of(given))
    declared = log["request_headers"]["Content-Type"]
    boundary = declared.partition("boundary=")[2]
    assert log["request_body"] == (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="a"\r\n\r\n1 2\r\n'
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="f"; filename="t.txt"\r\n\r\nx\r\n'
        f"--{boundary}--\r\n"
    )
    assert not log["request_body_truncated"]


async def test_only_entries_of_the_log_count(client: httpx.AsyncClient) -> None:
    other = [{"request": {"method": "GET", "url": "https://other.example/"}}]
    given = {
        "entries": other,
        "meta": {"log": {"entries": other}, "s": '"log":{"entries":['},
        "log": {
            "pages": [{"entries": other}],
            "creator": {"entries": other},
            "comment": 'entries": [',
            "entries": [entry()],
        },
    }
    ((log,), _) = await taken(client, given)
    assert log["url"] == "https://shop.example/a"
    others: list[Any] = [{"entries": other}, {"log": [{"entries": other}]}, {"a": {}}]
    for none in others:
        assert (await bring(client, json.dumps(none))).status_code == 422


@pytest.mark.parametrize("rows_a_turn", [1, 3, ROWS_A_TURN])
async def test_an_archive_is_moved_to_now(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, rows_a_turn: int
) -> None:
    """How its entries lie to each other stays; what is too far behind is named."""
    monkeypatch.setattr(har_batch, "ROWS_A_TURN", rows_a_turn)
    last = datetime(2019, 5, 1, 12, tzinfo=UTC)
    moments = [last - timedelta(days=90), last - timedelta(hours=2), last, last]
    entries = [entry(startedDateTime=moment.isoformat()) for moment in moments]
    answer = await bring(client, json.dumps(har_of(*entries)))
    assert answer.status_code == 422
    assert "?shift=now" in answer.json()["errors"][0]["msg"]
    logs, left_out = await taken(client, har_of(*entries), "on_error=skip&shift=now")
    times = [datetime.fromisoformat(log["timestamp"]) for log in logs]
    assert abs(datetime.now(UTC) - times[-1]) < timedelta(minutes=1)
    assert times[1] - times[0] == timedelta(hours=2)
    assert times[1] == times[2]
    assert [error["loc"][3] for error in left_out] == [0]
    refused = await client.post(
        f"{IMPORT}?shift=now",
        content=json.dumps(har_of(*entries)),
        headers={"Content-Type": "application/json"},
    )
    assert refused.status_code == 422
    assert (await client.get("/v1/logs")).json()["total"] == len(logs)


async def test_who_manages_imports_into_any_service(client: httpx.AsyncClient) -> None:
    del client.headers["Authorization"]
    service_id = await plain_service(client)
    query = f"service_id={service_id}"
    ((log,), _) = await taken(client, har_of(entry()), query)
    assert log["service_id"] == service_id
    for bad in ("on_error=x", "shift=1", "service_id=x", "limit=1"):
        answer = await client.post(f"{IMPORT}?{bad}", json=har_of())
        assert answer.status_code == 422, bad


def captured(service_id: UUID) -> list[Exchange]:
    """As the proxy may have recorded them, in all states."""
    ids, coded = LogIds(), gzip.compress(b'{"a": "\xc3\xa4"}')
    text = Message(
        direction=Direction.SENT,
        kind=MessageKind.TEXT,
        offset_ms=12.3456,
        kept=b"hi",
        size=5,
        wire_size=9,
    )
    ping = Message(
        direction=Direction.RECEIVED,
        kind=MessageKind.PING,
        offset_ms=3_600_000.25,
        kept=b"\xff\x00",
        size=None,
        wire_size=2,
        state=MessageState.CODED,
    )
    event = Message(
        direction=Direction.RECEIVED,
        kind=MessageKind.EVENT,
        offset_ms=1,
        kept=b"",
        size=0,
        wire_size=0,
        state=MessageState.WITHHELD,
        name="end",
        event_id="7",
    )
    whole: dict[str, Any] = {
        "service_id": service_id,
        "source": Source.PROXY,
        "method": "POST",
        "url": "http://up.example/v2/a%2Fb//c?x=%20&y=&&y=2",
        "path": "/v2/a%2Fb//c",
        "client_url": "http://pay.localhost:8080/a%2Fb//c?x=%20&y=&&y=2",
        "query_params": {"x": " ", "y": ["", "2"]},
        "status_code": 200,
        "latency_ms": 12.75,
        "source_ip": "127.0.0.1",
        "request_headers": (
            ("B", "1"),
            ("A", "2"),
            ("b", "3"),
            ("Cookie", "***MASKED***"),
        ),
        "response_headers": (("Content-Encoding", "gzip"), ("X", "caf\xe9")),
        "request_size": 3,
        "response_size": len(coded),
        "timings": Timings(connect_ms=0.1, tls_ms=0.2, ttfb_ms=7.7, overhead_ms=0.3),
    }
    body = Body(kept=b"abc", size=3)
    answer = Body(kept=coded, size=len(coded))
    different: list[dict[str, Any]] = [
        {"request_body": body, "response_body": answer},
        {
            "request_body": Body(kept=b"ab", size=3),
            "response_body": Body(kept=coded[:9], size=90),
        },
        {"request_body": Body(kept=b"", size=3, state=BodyState.WITHHELD)},
        {
            "request_body": Body(
                kept=b"", size=3, state=BodyState.WITHHELD, is_limited=True
            )
        },
        {"response_body": Body(kept=b"", size=9, state=BodyState.SHED)},
        {
            "response_body": Body(
                kept=b'{"a":"***MASKED***"}', size=9, state=BodyState.REDACTED
            )
        },
        {"status_code": None, "latency_ms": None, "error": "dns: no such host"},
        {
            "status_code": 101,
            "duration_ms": 3_600_001.5,
            "messages": Messages(
                medium=Medium.WEBSOCKET, kept=(text, ping), count=7, problem="cut"
            ),
        },
        {"messages": Messages(medium=Medium.EVENT_STREAM, kept=(event,), count=1)},
        {"messages": Messages(medium=Medium.WEBSOCKET, kept=(), count=0)},
        {
            "url": "http://unix:/run/app.sock:/a?b=1",
            "path": "/a",
            "query_params": {"b": "1"},
        },
        {"query_params": {"b": 5}, "path": "/elsewhere", "tags": ("a", "b")},
        {"source": Source.REPLAY, "timings": Timings(), "request_headers": ()},
    ]
    return [Exchange(id=ids.at(HOUR_AGO), **{**whole, **each}) for each in different]


async def test_what_was_captured_comes_back_whole(
    database_url: str, client: httpx.AsyncClient
) -> None:
    """Export, import, export: the same, in the same order, but for the ids."""
    service_id = UUID(await plain_service(client))
    database = Database(database_url, size=1)
    try:
        async with database.connection() as connection:
            await commit(connection, Partitions(), captured(service_id))
            await connection.execute(
                """
                DELETE FROM log_bodies
                 WHERE id = (SELECT id FROM log_bodies ORDER BY id LIMIT 1)
                """
            )
    finally:
        await database.close()
    first = (await client.get("/v1/logs.har")).json()
    HAR.validate(first)
    entries = first["log"]["entries"]
    assert entries[-1]["response"]["content"]["_gone"] is True
    before = (await client.get("/v1/logs.ndjson")).text.split("\n")[:-1]
    # As they are listed: those of one millisecond the other way round.
    logs, _ = await taken(client, har_of(*entries[::-1]), "on_error=refuse")
    second = []
    for log in logs[::-1]:
        second.append(await export(client, log))
    for old, new in zip(entries, second, strict=True):
        assert {**old, "_id": ""} == {**new, "_id": ""}
    shown = {"id", "source", "response_body", "replay_of"}
    for line, log in zip(before, logs[::-1], strict=True):
        old = json.loads(line)
        assert {k: v for k, v in old.items() if k not in shown} == {
            k: v for k, v in log.items() if k not in shown
        }
    listed = (await client.get("/v1/logs?source=ingest")).json()["items"]
    assert [item["id"] for item in listed] == [log["id"] for log in logs[::-1]]
