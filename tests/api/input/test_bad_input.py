"""Whatever is sent, the answer is a problem that names what is wrong; never a 500."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.input.key_schemas import NewKey
from api.input.log_schemas import NewLog
from api.input.service_schemas import NewService, ServiceChanges
from monitor.logs.query import LISTED
from tests.support.running import LOG, another_name, bearer, make_key, register

WRONG: list[Any] = [
    None,
    True,
    5,
    -1,
    1.5,
    10**30,
    "",
    " ",
    "x" * 3_000,
    "nul\x00",
    "\ud800",
    [],
    ["", 5, None],
    [[1]],
    {},
    {"a": {"b": 1}},
    {"\x00": "x"},
]
CALLS: dict[str, tuple[type, str, dict[str, Any]]] = {
    "service": (NewService, "POST", {"name": "n"}),
    "change": (ServiceChanges, "PATCH", {}),
    "key": (NewKey, "POST", {"name": "k"}),
    "log": (NewLog, "POST", dict(LOG)),
}


def cases() -> Iterator[tuple[str, str]]:
    for call, (model, _, _) in CALLS.items():
        for name in model.model_fields:  # type: ignore[attr-defined]
            yield call, name


async def path_and_headers(
    client: httpx.AsyncClient, call: str
) -> tuple[str, dict[str, str]]:
    service = await register(client, name=another_name())
    if call == "log":
        key = await make_key(client, service["id"])
        return "/v1/logs", bearer(key["raw_key"])
    paths = {
        "service": "/v1/services",
        "change": f"/v1/services/{service['id']}",
        "key": f"/v1/services/{service['id']}/keys",
    }
    return paths[call], {}


def is_problem(answer: httpx.Response) -> bool:
    kind = answer.headers["Content-Type"]
    content = answer.json()
    return (
        kind.startswith("application/problem+json")
        and content["status"] == answer.status_code
        and isinstance(content["title"], str)
    )


@pytest.mark.parametrize(("call", "name"), list(cases()))
async def test_each_field_with_each_wrong_value(
    shared: httpx.AsyncClient, call: str, name: str
) -> None:
    path, headers = await path_and_headers(shared, call)
    _, method, valid = CALLS[call]
    refused = 0
    for value in WRONG:
        body = json.dumps({**valid, name: value})
        answer = await shared.request(
            method,
            path,
            content=body,
            headers={**headers, "Content-Type": "application/json"},
        )
        if answer.is_success or answer.status_code == 409:
            continue
        refused += 1
        assert answer.status_code == 422, (value, answer.text)
        assert is_problem(answer)
        locs = [error["loc"] for error in answer.json()["errors"]]
        assert all(loc[:2] == ["body", name] for loc in locs), (value, locs)
    assert refused >= 5


@pytest.mark.parametrize("call", list(CALLS))
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'"x"', 422),
        (b"null", 422),
        (b"\xff\xfe", 422),
        (b'{"name": NaN}', 422),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 422),
        (b"[" * 100_000, 422),
        (b'{"name": "' + b"x" * 10_000_000 + b'"}', 413),
    ],
)
async def test_each_body_that_is_no_object_of_the_call(
    shared: httpx.AsyncClient, call: str, content: bytes, status: int
) -> None:
    path, headers = await path_and_headers(shared, call)
    answer = await shared.request(
        CALLS[call][1],
        path,
        content=content,
        headers={**headers, "Content-Type": "application/json"},
    )
    assert answer.status_code == status, answer.text
    assert is_problem(answer)


@pytest.mark.parametrize("call", ["service", "change", "key"])
async def test_an_unknown_field_is_named(shared: httpx.AsyncClient, call: str) -> None:
    path, _ = await path_and_headers(shared, call)
    body = {**CALLS[call][2], "surprise": 1}
    answer = await shared.request(CALLS[call][1], path, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", "surprise"]


@pytest.mark.parametrize("call", list(CALLS))
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", ""]
)
async def test_what_is_not_json_is_415(
    shared: httpx.AsyncClient, call: str, kind: str
) -> None:
    path, headers = await path_and_headers(shared, call)
    if kind:
        headers["Content-Type"] = kind
    answer = await shared.request(
        CALLS[call][1], path, content=json.dumps(CALLS[call][2]), headers=headers
    )
    assert answer.status_code == 415
    assert is_problem(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/services/not-a-uuid",
        "/v1/services/%00",
        "/v1/services/123/keys",
        "/v1/logs/xyz",
        "/v1/logs/%ED%A0%80",
    ],
)
async def test_bad_uuids_in_paths(shared: httpx.AsyncClient, path: str) -> None:
    answer = await shared.get(path)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][0] == "path"


async def test_each_query_parameter_with_each_wrong_value(
    shared: httpx.AsyncClient,
) -> None:
    for name in LISTED:
        for value in (
            "",
            "x" * 2_000,
            "%00",
            "%ED%A0%80",
            "-1",
            "1e999",
            "NaN",
            "\u0660",
        ):
            answer = await shared.get(f"/v1/logs?{name}={value}")
            if answer.status_code == 200:
                continue
            assert answer.status_code == 422, (name, value, answer.text)
            assert is_problem(answer)
            assert answer.json()["errors"][0]["loc"] == ["query", name]


@pytest.mark.parametrize(
    "query",
    [
        "surprise=1",
        "limit=0",
        "limit=501",
        "limit=5&limit=6",
        "offset=100001",
        "offset=1&cursor=AaINp8I6cJ2EAMm0curq6g",
        "cursor=nonsense",
        "newer=true",
        "status_code=99",
        "status_code=1000",
        "status_class=6xx",
        "since=yesterday",
        "since=2026-13-01T00:00:00Z",
        "since=0001-01-01T00:00:00Z",
        "min_latency_ms=inf",
        "has_error=maybe",
        "service_id=5",
    ],
)
async def test_bad_queries_are_422(shared: httpx.AsyncClient, query: str) -> None:
    answer = await shared.get(f"/v1/logs?{query}")
    assert answer.status_code == 422, answer.text
    assert is_problem(answer)
    assert answer.json()["errors"][0]["loc"][0] == "query"


@pytest.mark.parametrize(
    "base_url",
    [
        "ftp://x",
        "//x",
        "x",
        "http://",
        "http://u:p@x",
        "http://x?y",
        "http://x#y",
        "http://x y",
        "http://x:99999",
        "http://[::1",
        "javascript:alert(1)",
        "http://ex\u00e4mple",
        "http://a\\b",
        'http://a"b',
        "http://a<b>",
        "http://a|b",
        "http://a,b",
        "http://%zz",
        "http://..",
        "http://a..b",
        "http://-",
        "http://x:",
        "http://x:0",
        "http://x:80:90",
        "http://[::1]evil",
        "http://[v1.x]",
        "http://[fe80::1%25eth0]",
        "http://x/?",
        "http://x/#",
    ],
)
async def test_a_base_url_that_could_not_work_is_refused(
    shared: httpx.AsyncClient, base_url: str
) -> None:
    answer = await shared.post("/v1/services", json={"name": "n", "base_url": base_url})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", "base_url"]


@pytest.mark.parametrize(
    "base_url",
    [
        "http://x",
        "HTTPS://X.Example:8443/v2/",
        "http://my_service:3000",
        "http://10.0.0.1",
        "http://[::1]:8080/a%20b",
    ],
)
async def test_a_base_url_that_can_work_is_kept_as_it_is(
    shared: httpx.AsyncClient, base_url: str
) -> None:
    made = await register(shared, name=another_name(), base_url=base_url)
    assert made["base_url"] == base_url


async def test_the_bound_of_a_url_is_in_bytes(shared: httpx.AsyncClient) -> None:
    path, headers = await path_and_headers(shared, "log")
    most = 32 * 1024 - len("https://x/")
    for url, status in (("é" * (most // 2), 201), ("é" * (most // 2 + 1), 422)):
        log = {**LOG, "url": f"https://x/{url}"}
        answer = await shared.post(path, json=log, headers=headers)
        assert answer.status_code == status, answer.text[:300]
