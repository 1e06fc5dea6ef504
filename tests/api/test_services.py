"""The calls of /v1/services and their keys."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.running import LOG, bearer, make_key, register


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
