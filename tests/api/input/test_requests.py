"""What may be wrong with a request before its JSON is looked at."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from tests.support.connections import connected, port_of
from tests.support.patience import PATIENCE_S
from tests.support.running import (
    LOG,
    another_name,
    appliance_on,
    bearer,
    make_key,
    register,
)

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_a_body_that_is_not_in_its_coding_is_bad_input(
    shared: httpx.AsyncClient, coding: str
) -> None:
    headers = {**JSON, "Content-Encoding": coding}
    answer = await shared.post("/v1/services", content=b"garbage!", headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["errors"][0]["loc"] == ["body"]


async def test_an_unknown_coding_is_415(shared: httpx.AsyncClient) -> None:
    headers = {**JSON, "Content-Encoding": "compress"}
    answer = await shared.post("/v1/services", content=b"{}", headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
async def test_a_coded_body_is_read_and_bounded_as_what_it_unfolds_to(
    shared: httpx.AsyncClient, coding: str, compress: Callable[[bytes], bytes]
) -> None:
    headers = {**JSON, "Content-Encoding": coding}
    small = compress(b'{"name": "small %b"}' % coding.encode())
    answer = await shared.post("/v1/services", content=small, headers=headers)
    assert answer.status_code == 201
    bomb = compress(b" " * 50_000_000)
    answer = await shared.post("/v1/services", content=bomb, headers=headers)
    assert answer.status_code == 413


async def test_a_chunked_body_is_bounded_too(shared: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    answer = await shared.post("/v1/services", content=chunks(), headers=JSON)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    ("framing", "begun", "then"),
    [
        (b"Transfer-Encoding: chunked", b'8\r\n{"name":\r\n', b"ZZ\r\n"),
        (b"Transfer-Encoding: chunked", b'8\r\n{"name":\r\n', b""),
        (b"Content-Length: 99", b'{"name":', b""),
    ],
)
async def test_a_body_that_never_ends_is_not_waited_for(
    database_url: str, tmp_path: Path, framing: bytes, begun: bytes, then: bytes
) -> None:
    async with appliance_on(database_url, tmp_path, BODY_TIMEOUT_S="0.5") as made:
        head = await begun_and_left(made.app_url, framing, begun, then)
    assert head.split()[1] in (b"400", b"408", b"422")
    assert b"application/problem+json" in head


async def begun_and_left(
    app_url: str, framing: bytes, begun: bytes, then: bytes
) -> bytes:
    async with connected(port_of(app_url)) as (reader, writer):
        writer.write(
            b"POST /v1/services HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\n" + framing + b"\r\n\r\n" + begun
        )
        await writer.drain()
        # Broken once the handler waits for more.
        await asyncio.sleep(0.1)
        writer.write(then)
        async with asyncio.timeout(PATIENCE_S):
            return await reader.readuntil(b"\r\n\r\n")


async def test_a_client_that_goes_away_amid_its_body_harms_nobody(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        async with connected(port_of(client.base_url)) as (_, writer):
            writer.write(
                b"POST /v1/services HTTP/1.1\r\nHost: localhost\r\n"
                b'Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{"name'
            )
            await writer.drain()
        await writer.wait_closed()
    assert (await client.get("/v1/services")).json()["total"] == 0
    assert "a call failed" not in caplog.text


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "a/b+json"])
async def test_json_by_any_of_its_names_is_taken(
    shared: httpx.AsyncClient, kind: str
) -> None:
    answer = await shared.post(
        "/v1/services",
        content=json.dumps({"name": another_name()}).encode(),
        headers={"Content-Type": kind},
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "text", ["\ufeff{}", "{}{}", "{'a': 1}", "NaN", '{"a": Infinity}', "{,}"]
)
async def test_what_only_looks_like_json_is_refused(
    shared: httpx.AsyncClient, text: str
) -> None:
    answer = await shared.post("/v1/services", content=text.encode(), headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body"]


@pytest.mark.parametrize(
    "number", ["1e308", "9" * 30, "18446744073709551615", "-9223372036854775809"]
)
async def test_large_numbers_in_objects_come_back(
    shared: httpx.AsyncClient, number: str
) -> None:
    key = await make_key(shared, (await register(shared, name=another_name()))["id"])
    body = json.dumps({**LOG, "query_params": {"n": "@"}}).replace('"@"', number)
    headers = {**JSON, **bearer(key["raw_key"])}
    answer = await shared.post("/v1/logs", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert float(answer.json()["query_params"]["n"]) == float(number)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/services"),
        ("GET", "/v1/services/{id}"),
        ("PATCH", "/v1/services/{id}"),
        ("DELETE", "/v1/services/{id}"),
        ("GET", "/v1/services"),
        ("POST", "/v1/services/{id}/keys"),
        ("GET", "/v1/services/{id}/keys"),
        ("DELETE", "/v1/services/{id}/keys/{id}"),
        ("GET", "/v1/logs"),
        ("GET", "/v1/logs/{id}"),
    ],
)
async def test_no_call_takes_a_query_it_does_not_know(
    shared: httpx.AsyncClient, method: str, path: str
) -> None:
    service = await register(shared, name=another_name())
    url = f"{path.format(id=service['id'])}?surprise=1"
    body = {"name": "n"} if method in ("POST", "PATCH") else None
    answer = await shared.request(method, url, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == ["query", "surprise"]


async def test_answers_are_kept_by_no_cache(shared: httpx.AsyncClient) -> None:
    service = await register(shared, name=another_name())
    path = f"/v1/services/{service['id']}"
    for method, url in (
        ("GET", path),
        ("GET", "/v1/logs"),
        ("GET", "/v1/nothing"),
        ("PUT", path),
        ("DELETE", path),
    ):
        answer = await shared.request(method, url)
        assert answer.headers["Cache-Control"] == "no-store", (method, url)
        assert answer.headers["X-Content-Type-Options"] == "nosniff", (method, url)


async def test_an_unknown_expectation_is_a_problem_too(
    shared: httpx.AsyncClient,
) -> None:
    for expectation, status in (("nonsense", 417), ("100-continue", 201)):
        answer = await shared.post(
            "/v1/services",
            json={"name": another_name()},
            headers={"Expect": expectation},
        )
        assert answer.status_code == status
        assert "nonsense" not in answer.text
        if status == 417:
            assert answer.headers["Content-Type"] == "application/problem+json"
