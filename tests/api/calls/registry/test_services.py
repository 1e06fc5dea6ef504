"""The calls of /v1/services and their keys."""

from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.support.running import LOG, another_name, bearer, make_key, register


async def test_a_service_is_made_read_changed_and_deleted(
    client: httpx.AsyncClient,
) -> None:
    made = await register(client, name="Pay API", base_url="https://pay.internal/v2")
    assert made["id"] == made["service_id"]
    assert made["slug"] == "pay-api"
    assert made["timeout_s"] == 60
    path = f"/v1/services/{made['id']}"
    assert (await client.get(path)).json() == made
    changed = await client.patch(
        path, json={"name": "Other", "base_url": None, "hosts": ["A.Example"]}
    )
    assert changed.status_code == 200
    assert changed.json()["name"] == "Other"
    assert changed.json()["slug"] == "pay-api"
    assert changed.json()["base_url"] is None
    assert changed.json()["hosts"] == ["a.example"]
    listed = (await client.get("/v1/services")).json()
    assert [item["id"] for item in listed["items"]] == [made["id"]]
    assert listed["total"] == 1
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.delete(path)).status_code == 404
    assert (await client.patch(path, json={})).status_code == 404


async def test_names_and_hosts_are_unique(client: httpx.AsyncClient) -> None:
    await register(client, name="a", hosts=["x.example"])
    other = await register(client, name="b")
    for call in (
        client.post("/v1/services", json={"name": "a"}),
        client.patch(f"/v1/services/{other['id']}", json={"name": "a"}),
    ):
        answer = await call
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["loc"] == ["body", "name"]
    answer = await client.post(
        "/v1/services", json={"name": "c", "hosts": ["X.example"]}
    )
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["loc"] == ["body", "hosts"]


async def test_names_differ_by_more_than_letter_case(
    client: httpx.AsyncClient, database_url: str
) -> None:
    first = await register(client, name="Pay Straße")
    other = await register(client, name="other")
    path = f"/v1/services/{other['id']}"
    for name in ("pay straße", "PAY STRASSE"):
        for call in (
            client.post("/v1/services", json={"name": name}),
            client.patch(path, json={"name": name}),
        ):
            answer = await call
            assert answer.status_code == 409, name
            assert answer.json()["errors"][0]["loc"] == ["body", "name"]
    own = f"/v1/services/{first['id']}"
    assert (await client.patch(own, json={"name": "PAY straße"})).status_code == 200
    # A pair of before this was refused keeps working, and may be changed otherwise.
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "UPDATE services SET name = 'pay STRASSE' WHERE name = 'other'"
    )
    await connection.close()
    same = {"name": "pay STRASSE", "description": "d"}
    assert (await client.patch(path, json=same)).status_code == 200
    refused = await client.patch(path, json={"name": "Pay Strasse"})
    assert refused.status_code == 409
    assert (await client.patch(path, json={"name": "else"})).status_code == 200


@pytest.mark.parametrize(
    ("names", "slug"),
    [
        (["Pay API!", "pay-api"], "pay-api-2"),
        (["v1"], "v1-service"),
        (["dashboard"], "dashboard-service"),
        (["日本"], "service"),
        (["x" * 128], "x" * 63),
        (["--A--"], "a"),
    ],
)
async def test_a_slug_is_a_host_label_of_its_own(
    client: httpx.AsyncClient, names: list[str], slug: str
) -> None:
    for name in names:
        made = await register(client, name=name)
    assert made["slug"] == slug


async def test_a_loopback_host_is_said_to_take_the_prefixes(
    client: httpx.AsyncClient,
) -> None:
    made = await register(client, hosts=["127.0.0.1", "[::1]"])
    assert "prefixes no longer work on 127.0.0.1, [::1]" in made["notice"]
    assert "notice" not in await register(client, name="other", hosts=["a.example"])


async def test_a_key_is_shown_once_and_revoked_at_once(
    client: httpx.AsyncClient,
) -> None:
    service = await register(client)
    key = await make_key(client, service["id"])
    raw = key["raw_key"]
    assert raw.startswith("mkey_")
    assert len(raw) >= 5 + 43
    assert key["key_prefix"] == raw[:11]
    assert key["is_active"] is True
    assert (await client.post("/v1/logs", json=LOG, headers=bearer(raw))).is_success
    path = f"/v1/services/{service['id']}/keys"
    [listed] = (await client.get(path)).json()["items"]
    assert "raw_key" not in listed
    assert listed["last_used_at"] is not None
    assert (await client.delete(f"{path}/{key['id']}")).status_code == 204
    answer = await client.post("/v1/logs", json=LOG, headers=bearer(raw))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    [listed] = (await client.get(path)).json()["items"]
    assert listed["is_active"] is False


async def test_what_is_not_there_is_404(client: httpx.AsyncClient) -> None:
    nobody = uuid4()
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/v1/services/{nobody}", None),
        ("GET", f"/v1/services/{nobody}/keys", None),
        ("POST", f"/v1/services/{nobody}/keys", {"name": "k"}),
        ("DELETE", f"/v1/services/{nobody}/keys/{nobody}", None),
        ("GET", f"/v1/logs/{nobody}", None),
        ("GET", "/v1/nothing", None),
    ]
    for method, path, body in calls:
        answer = await client.request(method, path, json=body)
        assert answer.status_code == 404, path
        assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_a_method_that_a_path_does_not_take_is_405(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.put("/v1/services", json={})
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert answer.json()["status"] == 405


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("A.Example.", "a.example"),
        ("LOCALHOST", "localhost"),
        ("my_service", "my_service"),
        ("10.0.0.1", "10.0.0.1"),
        ("[::1]", "[::1]"),
        ("[0:0:0:0:0:0:0:1]", "[::1]"),
        ("[FD00::A]", "[fd00::a]"),
    ],
)
async def test_a_host_is_kept_as_clients_write_it(
    client: httpx.AsyncClient, host: str, kept: str
) -> None:
    assert (await register(client, hosts=[host, host.lower()]))["hosts"] == [kept]


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        " a",
        "a:80",
        "*",
        "a..b",
        "-a",
        "a-",
        "é.example",
        "http://a",
        "a/b",
        "::1",
        "[]",
        "[::1",
        "[:::::]",
        "[1.2.3.4]",
        "[fe80::1%eth0]",
        "[::1]:80",
        "x" * 64,
        ".".join(["x" * 60] * 5),
    ],
)
async def test_what_is_no_host_is_refused(shared: httpx.AsyncClient, host: str) -> None:
    answer = await shared.post("/v1/services", json={"name": "n", "hosts": [host]})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == ["body", "hosts", 0]


async def test_services_are_listed_by_name_in_pages(client: httpx.AsyncClient) -> None:
    for name in ("c", "A", "b", "D"):
        await register(client, name=name)
    first = (await client.get("/v1/services?limit=3")).json()
    assert [item["name"] for item in first["items"]] == ["A", "b", "c"]
    rest = (await client.get("/v1/services?limit=3&offset=3")).json()
    assert [item["name"] for item in rest["items"]] == ["D"]
    for page in (first, rest):
        assert (page["total"], page["total_at_least"], page["limit"]) == (4, 4, 3)
        assert page["complete"] is True
        assert page["next_cursor"] is None
    assert rest["offset"] == 3
    for bad in ("limit=0", "limit=501", "offset=-1", "offset=100001", "cursor=x"):
        answer = await client.get(f"/v1/services?{bad}")
        assert answer.status_code == 422, bad
        assert answer.json()["errors"][0]["loc"] == ["query", bad.split("=")[0]]


async def test_null_clears_a_field_and_an_absent_one_stays(
    client: httpx.AsyncClient,
) -> None:
    full = {
        "description": "d",
        "base_url": "https://pay.internal",
        "hosts": ["a.example"],
        "body_limit": 1,
        "retention_days": 2,
        "body_retention_days": 0,
        "redact_fields": ["pin"],
    }
    made = await register(client, **full)
    path = f"/v1/services/{made['id']}"
    assert (await client.patch(path, json={})).json().keys() == made.keys()
    for name in full:
        others = {key: made[key] for key in full if key != name}
        cleared = (await client.patch(path, json={name: None})).json()
        assert cleared[name] in (None, []), name
        assert {key: cleared[key] for key in others} == others
        await client.patch(path, json={name: full[name]})
    for name in (
        "name",
        "preserve_host",
        "forwarded_headers",
        "verify_tls",
        "timeout_s",
        "is_recording",
        "expose_log_id",
    ):
        answer = await client.patch(path, json={name: None})
        assert answer.status_code == 422, name
        assert answer.json()["errors"][0]["loc"] == ["body", name]


async def test_a_key_belongs_to_its_service_and_goes_with_it(
    client: httpx.AsyncClient,
) -> None:
    mine, other = [await register(client, name=name) for name in "ab"]
    key = await make_key(client, mine["id"])
    foreign = f"/v1/services/{other['id']}/keys/{key['id']}"
    assert (await client.delete(foreign)).status_code == 404
    headers = bearer(key["raw_key"])
    pushed = await client.post("/v1/logs", json=LOG, headers=headers)
    assert pushed.json()["service_id"] == mine["id"]
    assert (await client.delete(f"/v1/services/{mine['id']}")).status_code == 204
    answer = await client.post("/v1/logs", json=LOG, headers=headers)
    assert answer.status_code == 401
    assert (await client.get(f"/v1/logs/{pushed.json()['id']}")).status_code == 404
    assert (await client.get("/v1/logs")).json()["total"] == 0


@pytest.mark.parametrize(
    ("base_url", "reason"),
    [
        ("http://unix:run/app.sock", "absolute path"),
        ("http://unix:@abstract", "absolute path"),
        (f"http://unix:/{'a' * 107}:/v2", "at most 107 bytes"),
        ("http://unix:/run/a\0b.sock", "NUL"),
        ("http://unix:/run/a b.sock", "no spaces"),
        ("http://unix:/run/app.sock:v2", "begins with /"),
        ("http://unix:/run/app.sock:/v2?x=1", "no query"),
        ("https://unix:/run/app.sock", "http://"),
    ],
)
async def test_what_is_no_unix_socket_is_refused(
    shared: httpx.AsyncClient, base_url: str, reason: str
) -> None:
    answer = await shared.post("/v1/services", json={"name": "a", "base_url": base_url})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["loc"] == ["body", "base_url"]
    assert reason in error["msg"]
    longest = f"http://unix:/{'a' * 106}:/v2"
    made = await register(shared, name=another_name(), base_url=longest)
    assert made["base_url"] == longest
