"""Endpoints of logs that were pushed: learned, listed, found, and set by hand."""

from typing import Any

import httpx

from tests.support.patience import eventually
from tests.support.running import LOG, bearer, make_key, register


async def push(
    client: httpx.AsyncClient, key: str, paths: list[str], **more: Any
) -> None:
    logs = [{**LOG, "latency_ms": 10, **more, "path": path} for path in paths]
    pushed = await client.post("/v1/logs/batch", json=logs, headers=bearer(key))
    assert pushed.status_code == 201, pushed.text


async def test_a_batch_of_slugs_and_one_of_a_scanner(client: httpx.AsyncClient) -> None:
    service = await register(client)
    id = service["id"]
    key = (await make_key(client, id))["raw_key"]
    shops = [f"/shops/shop-{n}x/items" for n in range(300)]
    await push(client, key, [*shops[:40], *["/shops/mine/items"] * 30])
    # In part what is stored already, which follows.
    await push(client, key, [*shops[40:], "/shops/mine/items"])
    await push(client, key, [f"/{n}.php" for n in range(900)], status_code=404)
    await push(client, key, ["/shops"], status_code=502)
    slow = {"latency_ms": 1000}
    await push(client, key, ["/shops", "/shops"], **slow)

    async def listed() -> dict[str, Any]:
        answer = await client.get("/v1/endpoints", params={"limit": 500})
        found = answer.json()
        assert found["total"] == len(found["items"])
        assert sum(one["requests"] for one in found["items"]) == 1_234
        return {one["endpoint"]: one for one in found["items"]}

    async def is_settled() -> bool:
        found = await listed()
        return bool(found["/shops/{slug}/items"]["requests"] == len(shops))

    await eventually(is_settled)
    found = await listed()
    assert set(found) >= {"/shops/mine/items", "/shops/{slug}/items", "/shops"}
    assert found["(other)"]["requests"] == 800
    assert len(found) == 4 + 100
    assert found["/shops"]["apdex"] == 1 / 3
    assert found["/shops"]["apdex_t_ms"] == 500
    await client.patch(f"/v1/services/{id}", json={"apdex_t_ms": 1000})
    assert (await listed())["/shops"]["apdex"] == 2 / 3
    for name in ("/shops/{slug}/items", "(other)"):
        query = {"query": f'endpoint:"{name}"', "limit": "1"}
        logs = (await client.get("/v1/logs", params=query)).json()
        assert logs["total"] == found[name]["requests"]

    new = {"templates": ["/shops/{shop}/*", "/*"]}
    change = await client.post(f"/v1/services/{id}/endpoints", json=new)
    assert change.status_code == 201

    async def is_by_hand() -> bool:
        return set(await listed()) == {"/shops/{shop}/*", "/*"}

    await eventually(is_by_hand)
    undo = f"/v1/services/{id}/endpoints/changes/{change.json()['id']}/undo"
    assert (await client.post(undo)).status_code == 200

    async def is_as_before() -> bool:
        return set(await listed()) == set(found)

    await eventually(is_as_before)
    metrics = (await client.get("/metrics")).text
    assert "apimonitor_endpoints_other_logs_total" in metrics
